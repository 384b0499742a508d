//! Statements with many rows, in chunks that both databases take.

use sqlx::{
    Any, AnyConnection, AssertSqlSafe, Error, Row,
    any::{AnyArguments, AnyRow},
    query::Query,
};

/// Largest number of parameters in a statement. SQLite takes 32,766.
const PARAMETERS_MAX: usize = 960;

/// A value of a column.
pub(super) enum Value {
    Number(i64),
    MaybeNumber(Option<i64>),
    Text(String),
    MaybeText(Option<String>),
    Real(f64),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::MaybeNumber(number)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Self::MaybeText(text.clone())
    }
}

/// Runs `INTO (..) VALUES (..), (..) THEN` for all rows. Returns the rows that the statement returns.
pub(super) async fn insert<const COLUMNS: usize>(
    connection: &mut AnyConnection,
    into: &'static str,
    rows: impl IntoIterator<Item = [Value; COLUMNS]>,
    then: &'static str,
) -> Result<Vec<AnyRow>, Error> {
    insert_any(connection, into, COLUMNS, rows, then).await
}

/// Like [`insert`], for rows whose number of columns is known late. The texts must have no values in them.
pub(super) async fn insert_any(
    connection: &mut AnyConnection,
    into: &str,
    columns: usize,
    rows: impl IntoIterator<Item = impl IntoIterator<Item = Value>>,
    then: &str,
) -> Result<Vec<AnyRow>, Error> {
    let (mut rows, mut returned) = (rows.into_iter(), Vec::new());
    while let Some(statement) = next_statement(connection, into, columns, &mut rows, then) {
        returned.append(&mut statement.fetch_all(&mut *connection).await?);
    }
    Ok(returned)
}

/// Like [`insert`], but returns only how many rows were inserted or changed: SQLite's thread hands over each row by itself.
pub(super) async fn upsert<const COLUMNS: usize>(
    connection: &mut AnyConnection,
    into: &'static str,
    rows: impl IntoIterator<Item = [Value; COLUMNS]>,
    then: &'static str,
) -> Result<u64, Error> {
    let (mut rows, mut changed) = (rows.into_iter(), 0);
    while let Some(statement) = next_statement(connection, into, COLUMNS, &mut rows, then) {
        changed += statement.execute(&mut *connection).await?.rows_affected();
    }
    Ok(changed)
}

/// The statement with the next rows. `None` after the last one.
fn next_statement(
    connection: &AnyConnection,
    into: &str,
    columns: usize,
    rows: &mut impl Iterator<Item = impl IntoIterator<Item = Value>>,
    then: &str,
) -> Option<Query<'static, Any, AnyArguments>> {
    let rows_max = PARAMETERS_MAX / columns;
    let chunk: Vec<_> = rows.take(rows_max).collect();
    if chunk.is_empty() {
        return None;
    }
    // The text has placeholders and constants only.
    let values = placeholders(connection, chunk.len(), columns);
    let sql = AssertSqlSafe(format!("{into} VALUES {values} {then}"));
    // Only the statement with all rows comes again.
    let mut query = sqlx::query(sql).persistent(chunk.len() == rows_max);
    for value in chunk.into_iter().flatten() {
        query = match value {
            Value::Number(number) => query.bind(number),
            Value::MaybeNumber(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::MaybeText(text) => query.bind(text),
            Value::Real(number) => query.bind(number),
        };
    }
    Some(query)
}

/// Runs `SELECT .. WHERE COLUMN IN (..) THEN` for some texts, at most [`PARAMETERS_MAX`].
pub(super) async fn select_in(
    connection: &mut AnyConnection,
    select: &'static str,
    texts: &[String],
    then: &'static str,
) -> Result<Vec<AnyRow>, Error> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let sql = AssertSqlSafe(format!("{select} IN {} {then}", placeholders(connection, 1, texts.len())));
    let query = texts.iter().fold(sqlx::query(sql).persistent(false), |query, text| query.bind(text.clone()));
    query.fetch_all(connection).await
}

/// The texts in the first columns of rows.
pub(super) fn texts<const COLUMNS: usize>(rows: &[AnyRow]) -> Result<Vec<[String; COLUMNS]>, Error> {
    let text = |row: &AnyRow| {
        let mut texts = [const { String::new() }; COLUMNS];
        for (column, text) in texts.iter_mut().enumerate() {
            *text = row.try_get(column)?;
        }
        Ok(texts)
    };
    rows.iter().map(text).collect()
}

/// `($1,$2),($3,$4)` for two rows of two columns. In SQLite, where all names are looked at for each one, they have none.
fn placeholders(connection: &AnyConnection, rows: usize, columns: usize) -> String {
    let is_sqlite = connection.backend_name() == "SQLite";
    let one = |number: usize| if is_sqlite { "?".to_owned() } else { format!("${number}") };
    let row = |row: usize| {
        let row: Vec<_> = (1..=columns).map(|column| one(row * columns + column)).collect();
        format!("({})", row.join(","))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(",")
}

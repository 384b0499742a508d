//! The tables in a backup, row by row as JSON: readable by both databases and by later versions.
//!
//! Players and leaderboards are not in it: they follow from the matches.

use futures_util::TryStreamExt;
use serde_json::Value as Json;
use sqlx::{AnyConnection, AssertSqlSafe, Error, Row, any::AnyRow};

use crate::store::rows::{Value, insert_any};

/// Length in bytes from which on a part of a table takes no more rows.
const PART_BYTES: usize = 1 << 20;

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
}
use Kind::{Number, Text};

/// A table of a backup.
#[derive(Debug)]
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// Column with the time of a row, for a restore to a point in time. A table without one is not restored then.
    pub time: Option<&'static str>,
}

/// All tables that do not follow from others.
#[rustfmt::skip]
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "matches",
        columns: &[
            ("id", Text), ("game", Text), ("map", Text), ("rules_hash", Text), ("build", Text), ("node", Text),
            ("tick_rate", Number), ("ticks", Number), ("started", Number), ("ended", Number), ("reason", Text),
            ("replay", Text), ("proof", Text),
        ],
        time: Some("ended"),
    },
    Table {
        name: "match_players",
        columns: &[
            ("match_id", Text), ("place", Number), ("player", Text), ("name", Text), ("seat", Number),
            ("ranked", Number), ("points", Number), ("detail", Text), ("since_tick", Number), ("outcome", Text),
            ("curve", Text), ("ended", Number),
        ],
        time: Some("ended"),
    },
    Table {
        name: "messages",
        columns: &[
            ("room", Text), ("msg_id", Number), ("code", Text), ("match_id", Text), ("sent", Number), ("kind", Text),
            ("player", Text), ("name", Text), ("seat", Number), ("content", Text),
        ],
        time: Some("sent"),
    },
    Table {
        name: "positions",
        columns: &[("source", Text), ("file", Number), ("bytes", Number), ("mark", Text)],
        time: None,
    },
];

impl Table {
    /// Passes the rows to `take`, in parts of about 1 MiB: a line with the names of the columns, then a line for each
    /// row. Returns the number of rows.
    ///
    /// # Errors
    /// Those of the database and of `take`.
    pub async fn dump(
        &self,
        connection: &mut AnyConnection,
        mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<u64, Error> {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let sql = AssertSqlSafe(format!("SELECT {} FROM {}", names.join(", "), self.name));
        let head = line(&names.iter().map(|name| Json::from(*name)).collect());
        let (mut part, mut count) = (head.clone(), 0);
        let mut rows = sqlx::query(sql).fetch(connection);
        while let Some(row) = rows.try_next().await? {
            part.extend(line(&self.values(&row)?));
            count += 1;
            if part.len() >= PART_BYTES {
                take(&part)?;
                part.clone_from(&head);
            }
        }
        if part.len() > head.len() {
            take(&part)?;
        }
        Ok(count)
    }

    fn values(&self, row: &AnyRow) -> Result<Json, Error> {
        let value = |(index, (_, kind)): (usize, &(_, Kind))| match kind {
            Number => row.try_get::<Option<i64>, _>(index).map(Json::from),
            Text => row.try_get::<Option<String>, _>(index).map(Json::from),
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    /// Inserts the rows of a part that are not after `until_s`. Returns their number, and that of all rows in the part.
    ///
    /// # Errors
    /// The database's; `Decode` when the part is not of this table.
    pub async fn insert_part(
        &self,
        connection: &mut AnyConnection,
        part: &[u8],
        until_s: Option<u64>,
    ) -> Result<(u64, u64), Error> {
        let strange = || Error::Decode(format!("rows of `{}` in the backup are not as expected", self.name).into());
        let mut lines = part.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let names: Vec<String> = lines.next().and_then(|line| serde_json::from_slice(line).ok()).ok_or_else(strange)?;
        let columns: Vec<_> = names.iter().filter_map(|name| self.column(name)).collect();
        if columns.len() != names.len() || columns.is_empty() {
            return Err(strange());
        }
        let time = self.time.and_then(|time| names.iter().position(|name| name == time));
        let (mut rows, mut all) = (Vec::new(), 0);
        for line in lines {
            let row: Vec<Json> = serde_json::from_slice(line).map_err(|_| strange())?;
            all += 1;
            if is_in_time(&row, time, until_s) {
                let values = columns.iter().zip(&row).map(|((_, kind), value)| value_of(*kind, value));
                rows.push(values.collect::<Option<Vec<_>>>().filter(|it| it.len() == names.len()).ok_or_else(strange)?);
            }
        }
        let count = rows.len() as u64;
        let into = format!("INSERT INTO {} ({})", self.name, names.join(", "));
        insert_any(connection, &into, names.len(), rows, "").await?;
        Ok((count, all))
    }

    fn column(&self, name: &str) -> Option<&(&'static str, Kind)> {
        self.columns.iter().find(|(own, _)| *own == name)
    }
}

fn is_in_time(row: &[Json], time: Option<usize>, until_s: Option<u64>) -> bool {
    let Some(until_s) = until_s else { return true };
    let time_s = time.and_then(|column| row.get(column)?.as_i64());
    time_s.is_some_and(|time_s| u64::try_from(time_s).is_ok_and(|time_s| time_s <= until_s))
}

fn value_of(kind: Kind, value: &Json) -> Option<Value> {
    match (kind, value) {
        (Number, Json::Null) => Some(Value::MaybeNumber(None)),
        (Text, Json::Null) => Some(Value::MaybeText(None)),
        (Number, number) => number.as_i64().map(Value::Number),
        (Text, text) => text.as_str().map(|text| Value::Text(text.to_owned())),
    }
}

fn line(value: &Json) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("text and numbers serialise");
    line.push(b'\n');
    line
}

//! The database: connections and migrations.

use std::{cmp::Ordering, fmt::Write, path::Path, time::Duration};

use sqlx::{
    Any, AnyPool, ConnectOptions, Connection, Row, SqlSafeStr, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::StoreError;

/// Name of the SQLite file in the data folder.
pub(super) const FILE_NAME: &str = "framehouse.db";
/// Longest wait for a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Largest number of connections that answer questions.
const READERS_MAX: u32 = 4;

/// Migrations in order, from 1: forward only, and never changed once they are released.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
];

/// Version of the tables: that of the last migration.
pub(super) const SCHEMA: i64 = MIGRATIONS.len() as i64;

/// Connections to the database, made when they are needed.
#[derive(Clone, Debug)]
pub(super) struct Database {
    /// The one that writes.
    pub writer: AnyPool,
    /// Those that answer questions.
    pub readers: AnyPool,
    /// The database in messages, without its password.
    pub name: String,
    is_sqlite: bool,
}

impl Database {
    /// The Postgres database at this URL, or SQLite in the data folder. Connects to nothing yet. Call it inside of the
    /// runtime that uses the connections.
    ///
    /// # Errors
    /// When the URL is not one of Postgres, or the path of the folder is not UTF-8.
    pub fn new(url: Option<&str>, data_dir: &Path) -> Result<Self, StoreError> {
        install_default_drivers();
        match url {
            Some(url) => Self::postgres(url),
            None => Self::sqlite(&data_dir.join(FILE_NAME)),
        }
    }

    fn postgres(url: &str) -> Result<Self, StoreError> {
        let options: AnyConnectOptions = url.parse().map_err(|_| StoreError::BadUrl)?;
        let mut shown = options.database_url.clone();
        if !["postgres", "postgresql"].contains(&shown.scheme()) {
            return Err(StoreError::BadUrl);
        }
        // The password may also be in the query.
        shown.set_query(None);
        let _ = shown.set_password(None);
        let writing = "SET lock_timeout = '10s'";
        let reading = "SET default_transaction_read_only = on; SET statement_timeout = '5s'";
        Ok(Self {
            writer: pool(options.clone(), 1, Some(writing)),
            readers: pool(options, READERS_MAX, Some(reading)),
            name: shown.to_string(),
            is_sqlite: false,
        })
    }

    fn sqlite(file: &Path) -> Result<Self, StoreError> {
        let name = file.display().to_string();
        let unusable =
            || StoreError::Unusable { name: name.clone(), error: "its path is not usable in a URL".to_owned() };
        let path =
            std::path::absolute(file).ok().and_then(|path| Some(encoded(path.to_str()?))).ok_or_else(unusable)?;
        let options: AnyConnectOptions = format!("sqlite://{path}?mode=rwc").parse().map_err(|_| unusable())?;
        // After a loss of power the last transactions may be gone, never half of one: the results files still have theirs.
        // The cache, of 32 MB at most, keeps what a batch changes all over the file.
        let writer = pool(options.clone(), 1, Some("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768"));
        Ok(Self { writer, readers: pool(options, READERS_MAX, Some("PRAGMA query_only = ON")), name, is_sqlite: true })
    }

    /// Brings the tables up to date.
    ///
    /// # Errors
    /// When the database is newer than this program, cannot be reached or cannot be used.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if self.is_sqlite {
            // Readers and the writer do not wait for each other. The file remembers it.
            let wal = sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&self.writer).await;
            wal.map_err(|error| self.error(error))?;
        }
        let migrations = (1..).zip(MIGRATIONS).map(|(version, sql)| {
            Migration::new(version, "framehouse".into(), MigrationType::Simple, sql.into_sql_str(), false)
        });
        Migrator::with_migrations(migrations.collect()).run(&self.writer).await.map_err(|error| match error {
            MigrateError::VersionMissing(_) => StoreError::Newer { name: self.name.clone() },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => self.error(error),
            error => StoreError::Unusable { name: self.name.clone(), error: error.to_string() },
        })
    }

    /// Checks that the tables are those of this program, and changes nothing.
    ///
    /// # Errors
    /// When they are of another version, or the database cannot be reached or used.
    pub async fn check_version(&self) -> Result<(), StoreError> {
        let sql = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
        let row = sqlx::query(sql).fetch_one(&self.readers).await.map_err(|error| self.error(error))?;
        match row.try_get::<i64, _>(0).map_err(|error| self.error(error))?.cmp(&SCHEMA) {
            Ordering::Less => Err(StoreError::Older { name: self.name.clone() }),
            Ordering::Equal => Ok(()),
            Ordering::Greater => Err(StoreError::Newer { name: self.name.clone() }),
        }
    }

    /// A transaction that sees one moment of the database.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_snapshot(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        if self.is_sqlite {
            // It begins with the first read.
            return self.readers.begin().await;
        }
        let mut snapshot = self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        // A large table takes longer than a question.
        sqlx::raw_sql("SET LOCAL statement_timeout = 0").execute(&mut *snapshot).await?;
        Ok(snapshot)
    }

    /// Closes all connections. SQLite then has everything in one file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The error with the name of the database.
    pub fn error(&self, error: sqlx::Error) -> StoreError {
        let (name, text) = (self.name.clone(), error.to_string());
        match error {
            sqlx::Error::PoolTimedOut => {
                StoreError::Away { name, error: format!("no answer within {} s", CONNECT_TIME_MAX.as_secs()) }
            }
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => {
                StoreError::Away { name, error: text }
            }
            sqlx::Error::Database(told) if told.code().is_some_and(|code| is_passing(&code)) => {
                StoreError::Away { name, error: text }
            }
            _ => StoreError::Unusable { name, error: text },
        }
    }
}

/// Whether a Postgres server with this error starts, stops, has lost the connection or has none left.
fn is_passing(code: &str) -> bool {
    code.len() == 5 && ["57P", "53", "08"].iter().any(|kind| code.starts_with(kind))
}

/// `setup` runs on each new connection; one that fails is tried again until the time is over.
///
/// A SQLite that cannot write ends a transaction by itself. The library does not see that, and would make all later ones
/// parts of one that nobody commits: such a connection is not used again.
fn pool(options: AnyConnectOptions, connections_max: u32, setup: Option<&'static str>) -> AnyPool {
    AnyPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(CONNECT_TIME_MAX)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                let Some(setup) = setup else { return Ok(()) };
                let done = sqlx::raw_sql(setup).execute(connection).await.map(drop);
                // The first statement says it as well, and ends the attempts.
                if is_no_database(&done) { Ok(()) } else { done }
            })
        })
        .connect_lazy_with(options.disable_statement_logging())
}

/// Whether SQLite has found that the file is none of its databases.
fn is_no_database(done: &Result<(), sqlx::Error>) -> bool {
    let code = done.as_ref().err().and_then(|error| error.as_database_error()?.code());
    code.as_deref() == Some("26")
}

/// The path as part of a URL.
fn encoded(path: &str) -> String {
    let mut url = String::new();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => url.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => url.push(char::from(byte)),
            _ => write!(url, "%{byte:02X}").expect("a string takes any text"),
        }
    }
    url
}

//! What can go wrong with the store.

/// Why there is no store, as one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The setting is not the URL of a Postgres database.
    #[error("`database` must be the URL of a Postgres database, as postgres://user:password@host/name")]
    BadUrl,
    /// The setting is not the URL of Redis. It may have a password, so it is not shown.
    #[error("`redis` must be the URL of Redis, as redis://:password@host:6379/0")]
    BadRedisUrl,
    /// A later version has changed the tables.
    #[error(
        "the database {name} was used by a newer version of this program: start that version, or use another database"
    )]
    Newer {
        /// The database.
        name: String,
    },
    /// The tables are those of an earlier version. Only commands see that: a server brings them up to date.
    #[error("the database {name} has the tables of an earlier version: start the server of this version once")]
    Older {
        /// The database.
        name: String,
    },
    /// There is no connection. It may work later.
    #[error("cannot reach the database {name}: {error}")]
    Away {
        /// The database.
        name: String,
        /// Why.
        error: String,
    },
    /// The database refuses what it is told.
    #[error("cannot use the database {name}: {error}")]
    Unusable {
        /// The database.
        name: String,
        /// Why.
        error: String,
    },
    /// The thread cannot be started.
    #[error("cannot start the thread of the database: {0}")]
    NoThread(String),
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The database does not answer now.
    Away,
    /// There is no board with this name or period.
    NoSuchBoard,
    /// There is no such player, or not on this board.
    NoSuchPlayer,
    /// There is no such match.
    NoSuchMatch,
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        tracing::debug!("a question to the database failed: {error}");
        Self::Away
    }
}

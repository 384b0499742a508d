//! Where results go: into the database, or into the stream of a fleet (`stream.rs`).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    database::Database,
    insert::{Stored, load_position, store, store_all},
    pages::Pages,
    record::Match,
    result_files::Position,
    source::{Batch, Failure},
};

/// Longest time of a transaction. A database that takes longer counts as away.
pub(super) const STORE_TIME_MAX: Duration = Duration::from_secs(60);

/// Where results go.
pub(super) trait Sink {
    /// Makes it ready. Called again after each failure.
    async fn prepare(&self) -> Result<(), Failure>;

    /// The position up to which it has the files of this server.
    async fn position(&self, server: &str) -> Result<Position, Failure>;

    /// Stores a batch: all of it with its position, or nothing. Returns the number of matches that it did not have. After
    /// a lost connection it may be stored nevertheless.
    async fn store(&self, batch: &Batch) -> Result<usize, Failure>;

    /// Checks that it still has what was stored. Called while there is nothing to store.
    async fn check(&self) -> Result<(), Failure>;

    /// What it is, for the log.
    fn name(&self) -> String;
}

/// The database.
pub(super) struct DatabaseSink {
    /// The database.
    pub database: Database,
    /// Pages that new entries make out of date.
    pub pages: Arc<Pages>,
    /// Whether matches count before they are proven.
    pub boards_unproven: bool,
}

impl Sink for DatabaseSink {
    async fn prepare(&self) -> Result<(), Failure> {
        Ok(self.database.migrate().await?)
    }

    async fn position(&self, server: &str) -> Result<Position, Failure> {
        let found = load_position(&self.database.writer, server).await;
        Ok(found.map_err(|error| self.database.error(error))?)
    }

    async fn store(&self, batch: &Batch) -> Result<usize, Failure> {
        let (pool, boards_unproven) = (&self.database.writer, self.boards_unproven);
        let matches_of = |results: &Vec<_>| results.iter().map(Match::of).collect::<Vec<_>>();
        let storing = async {
            match &batch.position {
                Some((server, position)) => {
                    let matches = batch.results.get(server).map(matches_of).unwrap_or_default();
                    store(pool, server, &matches, position.clone(), boards_unproven).await
                }
                None => {
                    let by_server = batch.results.iter().map(|(server, results)| (server.clone(), matches_of(results)));
                    store_all(pool, &by_server.collect::<BTreeMap<_, _>>(), boards_unproven).await
                }
            }
        };
        let stored = timeout(STORE_TIME_MAX, storing).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let Stored { matches, changed } = stored.map_err(|error| self.database.error(error))?;
        self.pages.note_changed(&changed);
        Ok(matches)
    }

    async fn check(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn name(&self) -> String {
        self.database.name.clone()
    }
}

//! Brings results from the files into the database, each exactly once.
//!
//! The position in the files is stored with the results, in one transaction: after a crash, or a commit whose answer was
//! lost, the database says what it has.

use std::{io, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    StoreError,
    database::Database,
    insert::{Stored, load_position, store},
    pages::Pages,
    progress::Progress,
    source::{Batch, Position, Source},
    stop::{BackOff, LOOK_INTERVAL, Stop},
};

/// Longest time of a transaction. A database that takes longer counts as away.
pub(super) const STORE_TIME_MAX: Duration = Duration::from_secs(60);

/// The work of the store's thread.
pub(super) struct Shipper {
    /// Where results come from.
    pub source: Source,
    /// Name of the source in the database.
    pub name: String,
    /// Whether matches count on leaderboards before they are proven.
    pub boards_unproven: bool,
    /// Where they go.
    pub database: Database,
    /// Pages that new entries make out of date.
    pub pages: Arc<Pages>,
    /// Counters.
    pub progress: Arc<Progress>,
    /// Whether the server stops.
    pub stop: Stop,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("cannot read the results: {0}")]
    Read(#[from] io::Error),
}

impl Shipper {
    /// Stores results until the server stops and all of them are stored, or the last attempt has failed.
    pub async fn run(mut self) {
        let mut back_off = BackOff::default();
        // Until the database has said what it has.
        let mut position = self.source.end().unwrap_or_default();
        while let Err(failure) = self.ship(&mut position, &mut back_off).await {
            self.note_failure(&failure, &position);
            if self.stop.is_set() {
                return;
            }
            self.stop.pause(back_off.next()).await;
        }
    }

    async fn ship(&mut self, position: &mut Position, back_off: &mut BackOff) -> Result<(), Failure> {
        self.database.migrate().await?;
        let found = load_position(&self.database.writer, &self.name).await;
        *position = found.map_err(|error| self.database.error(error))?;
        loop {
            let batch = self.source.read(position)?;
            let is_done = batch.is_none();
            match batch {
                Some(batch) => *position = self.store(batch).await?,
                None => self.progress.note_waiting(0, None),
            }
            *back_off = BackOff::default();
            self.note_success();
            if is_done && self.stop.is_set() {
                return Ok(());
            } else if is_done {
                self.stop.pause(LOOK_INTERVAL).await;
            }
        }
    }

    /// Stores a batch. Returns the position behind it.
    async fn store(&self, batch: Batch) -> Result<Position, Failure> {
        let Batch { matches, skipped, next } = batch;
        let storing = store(&self.database.writer, &self.name, &matches, next.clone(), self.boards_unproven);
        let stored = timeout(STORE_TIME_MAX, storing).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let Stored { matches: count, changed } = stored.map_err(|error| self.database.error(error))?;
        self.pages.note_changed(&changed);
        self.progress.note_stored(count, skipped);
        let waiting = self.source.bytes_behind(&next)?;
        self.progress.note_waiting(waiting, matches.last().filter(|_| waiting > 0).map(|last| last.ended_s));
        if skipped > 0 {
            let (file, bytes) = (next.file, next.bytes);
            tracing::warn!(
                "lines that are no results ({skipped}) before byte {bytes} of results file {file} are skipped"
            );
        }
        Ok(next)
    }

    fn note_success(&self) {
        if self.progress.note_failing(false) {
            tracing::info!("results are stored in {} again", self.database.name);
        }
    }

    fn note_failure(&mut self, failure: &Failure, position: &Position) {
        let waiting = self.source.bytes_behind(position).unwrap_or(0);
        let oldest =
            self.source.read(position).ok().flatten().and_then(|batch| batch.matches.first().map(|it| it.ended_s));
        self.progress.note_waiting(waiting, oldest);
        if self.progress.note_failing(true) {
            tracing::error!("{failure}; results wait in the results file ({waiting} bytes now) until it works");
        }
    }
}

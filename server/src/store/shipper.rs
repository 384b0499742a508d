//! Brings results from the files into the database, each exactly once.
//!
//! The position in the files is stored with the results, in one transaction: after a crash, or a commit whose answer was
//! lost, the database says what it has.

use std::{io, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{
    StoreError,
    database::Database,
    insert::{Stored, load_position, store},
    pages::Pages,
    progress::Progress,
    source::{Batch, Position, Source},
};

/// Interval between two looks for new results.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// First pause after a failure. It doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause after a failure.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Longest time of a transaction. A database that takes longer counts as away.
const STORE_TIME_MAX: Duration = Duration::from_secs(60);

/// The work of the store's thread.
pub(super) struct Shipper {
    /// Where results come from.
    pub source: Source,
    /// Name of the source in the database.
    pub name: String,
    /// Where they go.
    pub database: Database,
    /// Pages that new entries make out of date.
    pub pages: Arc<Pages>,
    /// Counters.
    pub progress: Arc<Progress>,
    /// Becomes true when the server stops.
    pub stop: watch::Receiver<bool>,
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
        let mut pause = PAUSE_MIN;
        // Until the database has said what it has.
        let mut position = self.source.end().unwrap_or_default();
        while let Err(failure) = self.ship(&mut position, &mut pause).await {
            self.note_failure(&failure, &position);
            if self.is_stopping() {
                return;
            }
            self.pause(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn ship(&mut self, position: &mut Position, pause: &mut Duration) -> Result<(), Failure> {
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
            *pause = PAUSE_MIN;
            self.note_success();
            if is_done && self.is_stopping() {
                return Ok(());
            } else if is_done {
                self.pause(LOOK_INTERVAL).await;
            }
        }
    }

    /// Stores a batch. Returns the position behind it.
    async fn store(&self, batch: Batch) -> Result<Position, Failure> {
        let Batch { matches, skipped, next } = batch;
        let stored = timeout(STORE_TIME_MAX, store(&self.database.writer, &self.name, &matches, next.clone())).await;
        let stored = stored.unwrap_or(Err(sqlx::Error::PoolTimedOut));
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

    /// Waits, not longer than until the server stops.
    async fn pause(&mut self, pause: Duration) {
        // An error means that nobody can stop it any more.
        let _ = timeout(pause, self.stop.wait_for(|stop| *stop)).await;
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
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

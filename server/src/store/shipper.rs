//! Brings results from a source to a sink, each exactly once: from the files of a server into the database or into the
//! stream of a fleet, and from there into the database.
//!
//! The position in the files is stored with the results, in one transaction: after a crash, or a commit whose answer was
//! lost, the sink says what it has. Entries of a stream are acknowledged after the commit, and may come again: a match is
//! stored once.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    progress::Progress,
    record::Match,
    sink::Sink,
    source::{Batch, Failure, Source},
    stop::{BackOff, LOOK_INTERVAL, Stop},
};

/// The work of the store's thread.
pub(super) struct Shipper<I, O> {
    /// Where results come from.
    pub source: I,
    /// Where they go.
    pub sink: O,
    /// Counters.
    pub progress: Arc<Progress>,
    /// Whether the server stops.
    pub stop: Stop,
    /// Time for which it tries again after a failure when the server stops.
    pub patience: Duration,
}

impl<I: Source, O: Sink> Shipper<I, O> {
    /// Stores results until the server stops and all of them are stored, or attempts have failed for too long.
    pub async fn run(mut self) {
        let (mut back_off, mut stopped) = (BackOff::default(), None);
        while let Err(failure) = self.ship(&mut back_off).await {
            self.note_failure(&failure);
            if !self.stop.is_set() {
                self.stop.pause(back_off.next()).await;
            } else if stopped.get_or_insert_with(Instant::now).elapsed() < self.patience {
                sleep(LOOK_INTERVAL).await;
            } else {
                tracing::warn!("the last results are not in {} yet", self.sink.name());
                return;
            }
        }
    }

    async fn ship(&mut self, back_off: &mut BackOff) -> Result<(), Failure> {
        self.sink.prepare().await?;
        self.source.begin(&self.sink).await?;
        loop {
            let batch = self.source.read().await?;
            let is_done = batch.is_none();
            match batch {
                Some(batch) => self.store(&batch).await?,
                None => {
                    self.sink.check().await?;
                    self.progress.note_waiting(0, None);
                }
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

    async fn store(&mut self, batch: &Batch) -> Result<(), Failure> {
        let count = self.sink.store(batch).await?;
        self.progress.note_stored(count, batch.skipped);
        self.source.note_stored().await?;
        let waiting = self.source.waiting_bytes();
        let last = batch.results.values().filter_map(|results| results.last()).next_back().filter(|_| waiting > 0);
        self.progress.note_waiting(waiting, last.map(|result| Match::of(result).ended_s));
        Ok(())
    }

    fn note_success(&self) {
        if self.progress.note_failing(false) {
            tracing::info!("results are stored in {} again", self.sink.name());
        }
    }

    fn note_failure(&mut self, failure: &Failure) {
        self.progress.note_waiting(self.source.waiting_bytes(), self.source.oldest_waiting_s());
        if self.progress.note_failing(true) {
            tracing::error!("{failure}; results wait in {} until it works", self.source.place());
        }
    }
}

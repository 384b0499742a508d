//! The thread that writes: everything that waits with one write and one sync, again and again until it is on the disk.

use std::{
    convert::Infallible,
    io, iter,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::Duration,
};

use framehouse_shared::ids::MatchId;

use super::{progress::Progress, record::MatchResult, sink::ResultSink};

/// The most results of one write.
const BATCH_MAX: usize = 1024;
/// The pause before a write that failed is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 1000 });

/// What the thread has.
pub(super) struct Writer<S> {
    /// Where results are kept.
    pub sink: S,
    /// What operators know the sink by.
    pub name: String,
    /// What it is to write; the end of the queue is the thread's end.
    pub queue: Receiver<MatchResult>,
    /// Whom it tells. A full one stops the thread, so that nothing grows where nobody listens; a dropped one does not.
    pub saved: SyncSender<MatchId>,
    /// Nothing ever comes here: its end says that there is no more time to try again.
    pub patience: Receiver<Infallible>,
    /// What both threads count.
    pub progress: Arc<Progress>,
}

impl<S: ResultSink> Writer<S> {
    /// Writes until there is nothing more to come, or no more time.
    pub fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            let batch: Vec<_> = iter::once(first).chain(self.queue.try_iter()).take(BATCH_MAX).collect();
            if !self.save(&batch) {
                return;
            }
            self.progress.note_saved(batch.len());
            for result in batch {
                // A store that is being closed does not listen any more.
                let _ = self.saved.send(result.match_id);
            }
        }
    }

    /// Says whether the results are on the disk.
    fn save(&mut self, batch: &[MatchResult]) -> bool {
        while let Err(error) = self.sink.append(batch) {
            self.note_failure(&error);
            if self.patience.recv_timeout(RETRY_INTERVAL) == Err(RecvTimeoutError::Disconnected) {
                return false;
            }
        }
        if self.progress.note_failing(false) {
            tracing::info!("results are written to {} again", self.name);
        }
        true
    }

    fn note_failure(&self, error: &io::Error) {
        if self.progress.note_failing(true) {
            let (name, waiting) = (&self.name, self.progress.stats().waiting);
            tracing::error!(
                "cannot write results to {name}: {error}; they wait in memory ({waiting} now) until it works"
            );
        }
    }
}

//! The thread that writes results: all waiting ones in one write and one sync, repeated until they are on the disk.

use std::{
    convert::Infallible,
    io, iter,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::Duration,
};

use framehouse_shared::{guarded::guarded, ids::MatchId};

use super::{progress::Progress, record::MatchResult, sink::ResultSink};

/// Maximum number of results in one write.
const BATCH_MAX: usize = 1024;
/// Pause before a failed write is repeated.
const RETRY_INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 1000 });

/// State of the thread.
pub(super) struct Writer<S> {
    /// The storage.
    pub sink: S,
    /// Name of the sink in log messages.
    pub name: String,
    /// The results to write. The thread ends when all senders are dropped.
    pub queue: Receiver<MatchResult>,
    /// Acknowledgements. If it is full, the thread waits, so that memory is bounded; if it is closed, the thread goes
    /// on.
    pub saved: SyncSender<MatchId>,
    /// Disconnects when there is no more time to repeat a write; nothing is sent through it.
    pub patience: Receiver<Infallible>,
    /// Counters shared by both threads.
    pub progress: Arc<Progress>,
}

impl<S: ResultSink> Writer<S> {
    /// Writes until all senders are dropped, or there is no more time.
    pub fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            let batch: Vec<_> = iter::once(first).chain(self.queue.try_iter()).take(BATCH_MAX).collect();
            if !self.save(&batch) {
                return;
            }
            self.progress.note_saved(batch.len());
            for result in batch {
                // An error means that the store is being closed and reads no acknowledgements any more.
                let _ = self.saved.send(result.match_id);
            }
        }
    }

    /// Writes results, repeatedly if necessary. Returns whether they are on the disk.
    fn save(&mut self, batch: &[MatchResult]) -> bool {
        while let Err(error) = self.append(batch) {
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

    /// Writes results once. A panic is an error like any other: the results must not be lost with the thread.
    fn append(&mut self, batch: &[MatchResult]) -> io::Result<()> {
        guarded(|| self.sink.append(batch)).unwrap_or_else(|_| {
            self.progress.note_panic();
            Err(io::Error::other("writing panicked, which is a bug: please report it"))
        })
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

//! Match results, stored permanently in `DATA-DIR/results.jsonl`, one JSON object per line.
//!
//! The tick thread never waits for the disk: it passes results to a thread, and learns later which ones are saved.
//!
//! ```text
//! record.rs    content of a result;  hex.rs  its wide numbers
//! sink.rs      the storage interface
//! file.rs      the storage in files;  scan.rs  reads it at start;  known.rs  ids of stored results
//! writer.rs    the thread;  progress.rs  its counters
//! find.rs      looks for stored results;  compare.rs  compares one with its replay
//! submit.rs    makes the result of a finished match, and tells its room when it is saved
//! ```

pub(crate) mod compare;
mod file;
pub(crate) mod find;
mod hex;
mod known;
mod progress;
pub mod record;
mod scan;
pub mod sink;
pub mod submit;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::JoinHandle,
    time::Duration,
};

use bevy::{platform::cell::SyncCell, prelude::*};
use framehouse_shared::ids::MatchId;

pub use progress::ResultStats;
pub use record::{MatchResult, Outcome, PlayerResult};

use file::ResultsFile;
use progress::Progress;
use sink::ResultSink;
use writer::Writer;

use crate::{error_streak::ErrorStreak, threads};

/// Name of the results file in the data folder.
pub const FILE_NAME: &str = "results.jsonl";
/// Maximum number of results in the queue to the thread; the thread holds up to as many more. A result is about 1 KB.
const QUEUE_MAX: usize = 1024;
/// Maximum number of results that wait in memory for the queue. Beyond, the oldest waiting one is lost.
const WAITING_MAX: usize = 4096;

/// Why results cannot be stored, as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The file cannot be opened, created, read or repaired.
    #[error("cannot use the results file {}: {error}; make it usable, or choose another folder with --data-dir", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The thread cannot be started.
    #[error("cannot start the thread that writes results: {0}")]
    NoThread(io::Error),
}

/// Outcome of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// Queued for writing.
    Queued,
    /// Waits in memory for room in the queue.
    Waiting,
    /// Waits in memory; the oldest waiting result, with this match id, is lost.
    Lost(MatchId),
}

/// Store of match results, with the thread that writes them.
///
/// Dropping it without [`close`](Self::close) loses the results that are not written yet.
#[derive(Resource)]
pub struct ResultStore {
    /// Name of the sink in log messages.
    name: String,
    waiting: VecDeque<MatchResult>,
    queue: SyncSender<MatchResult>,
    saved: SyncCell<Receiver<MatchId>>,
    patience: SyncSender<Infallible>,
    progress: Arc<Progress>,
    thread: JoinHandle<()>,
    /// Disconnects when the thread ends; nothing is sent through it.
    thread_end: SyncCell<Receiver<Infallible>>,
}

impl ResultStore {
    /// Opens or creates the results file in this folder and starts the thread. Cuts off an incomplete last line. Takes
    /// time in proportion to the length of the file.
    ///
    /// # Errors
    /// When the file cannot be used, or the thread cannot be started.
    pub fn open(folder: &Path) -> Result<Self, ResultsError> {
        let path = folder.join(FILE_NAME);
        let file = open_file(&path).map_err(|error| ResultsError::Unusable { file: path.clone(), error })?;
        Self::start(file, path.display().to_string()).map_err(ResultsError::NoThread)
    }

    /// Starts the thread that writes to this sink. `name` is the sink's name in log messages.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(sink: impl ResultSink, name: String) -> io::Result<Self> {
        let (queue, queued) = mpsc::sync_channel(QUEUE_MAX);
        let (saver, saved) = mpsc::sync_channel(QUEUE_MAX);
        // Nothing is sent through these two; only their disconnection matters.
        let (patience, patience_end) = mpsc::sync_channel(0);
        let (thread_life, thread_end) = mpsc::sync_channel(0);
        let progress = Arc::new(Progress::default());
        let writer = Writer {
            sink,
            name: name.clone(),
            queue: queued,
            saved: saver,
            patience: patience_end,
            progress: Arc::clone(&progress),
        };
        let work = move || {
            let _ends_with_the_thread: SyncSender<Infallible> = thread_life;
            writer.run();
        };
        let thread = threads::spawn("results", work)?;
        let (saved, thread_end) = (SyncCell::new(saved), SyncCell::new(thread_end));
        Ok(Self { name, waiting: VecDeque::new(), queue, saved, patience, progress, thread, thread_end })
    }

    /// Submits a result to be saved. Never blocks and does no I/O. A result that the sink already has is acknowledged
    /// like any other.
    pub fn submit(&mut self, result: MatchResult) -> Submitted {
        self.progress.note_submitted();
        // Behind the waiting ones, so that the order is kept.
        self.waiting.push_back(result);
        self.pump();
        match self.waiting.len() {
            0 => Submitted::Queued,
            1..=WAITING_MAX => Submitted::Waiting,
            _ => self.lose_oldest(),
        }
    }

    /// Moves waiting results to the thread's queue, as far as it has room. Call it once a tick.
    pub fn pump(&mut self) {
        while let Some(result) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(result) | TrySendError::Disconnected(result)) = self.queue.try_send(result) {
                self.waiting.push_front(result);
                return;
            }
        }
    }

    /// Takes the match ids of results saved since the last call, in order of submission. Call it once a tick: the
    /// thread stops while 1024 ids are not taken.
    pub fn take_saved(&mut self) -> impl Iterator<Item = MatchId> {
        self.saved.get().try_iter()
    }

    /// Failed writes in a row.
    pub fn error_streak(&self) -> ErrorStreak {
        self.progress.streak.clone()
    }

    /// Statistics of the store. Cheap.
    pub fn stats(&self) -> ResultStats {
        let stats = self.progress.stats();
        // A thread that has panicked writes nothing.
        ResultStats { failing: stats.failing || self.thread.is_finished(), ..stats }
    }

    /// Writes the remaining results, for at most `patience`. Blocks. Returns the number of results lost to the time
    /// limit.
    pub fn close(self, patience: Duration) -> u64 {
        let Self { name, waiting, queue, saved, patience: patience_end, progress, thread_end, .. } = self;
        // Otherwise the thread would wait until its acknowledgements are taken.
        drop(saved);
        // Dropping the queue's sender ends the thread. If no thread can be started here, waiting results are lost.
        let send_all = move || waiting.into_iter().all(|result| queue.send(result).is_ok());
        let _ = threads::spawn("last results", send_all);
        // Ends with the thread or with the time limit.
        let _ = SyncCell::to_inner(thread_end).recv_timeout(patience);
        drop(patience_end);
        let lost = progress.stats().waiting;
        if lost > 0 {
            tracing::error!("results are lost ({lost}): they could not be written to {name} before the stop");
        }
        lost
    }

    fn lose_oldest(&mut self) -> Submitted {
        let oldest = self.waiting.pop_front().expect("more than a few thousand wait").match_id;
        let lost = self.progress.note_lost();
        // Not a line for each, which would fill the log's disk too.
        if lost.is_power_of_two() {
            tracing::error!("results are lost ({lost} so far): too many are waiting to be written to {}", self.name);
        }
        Submitted::Lost(oldest)
    }
}

fn open_file(path: &Path) -> io::Result<ResultsFile> {
    let file = ResultsFile::open(path.to_owned())?;
    if path.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no file")) }
}

//! The results of matches, kept for good in `DATA-DIR/results.jsonl`, one JSON object a line.
//!
//! The tick thread never waits for the disk: it hands results to a thread and hears later which of them are safe.
//!
//! ```text
//! record.rs    what is kept of a match;  hex.rs  its wide numbers
//! sink.rs      where results are kept
//! file.rs      the sink that is a file;  scan.rs  reading it at the start;  known.rs  which results it has
//! writer.rs    the thread;  progress.rs  how far it is
//! submit.rs    from a match that is over, and back to its room
//! ```

mod file;
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
    thread::{self, JoinHandle},
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

/// The file's name in the data folder.
pub const FILE_NAME: &str = "results.jsonl";
/// Results that wait for the thread, at most; the thread holds as many more. A result has about 1 KB.
const QUEUE_MAX: usize = 1024;
/// Results that wait in memory for a place in the queue, at most; after that the oldest of them is lost.
const WAITING_MAX: usize = 4096;

/// Why results cannot be kept, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The file cannot be opened, made, read or repaired.
    #[error("cannot use the results file {}: {error}; make it usable, or choose another folder with --data-dir", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start the thread that writes results: {0}")]
    NoThread(io::Error),
}

/// What became of a submitted result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The thread will write it next.
    Queued,
    /// It waits in memory for a place in the thread's queue.
    Waiting,
    /// It waits in memory, and the oldest that waited there, this one, is lost.
    Lost(MatchId),
}

/// The results on their way to the disk.
///
/// Dropped without [`close`](Self::close) it loses what waits in memory, and what cannot be written at once.
#[derive(Resource)]
pub struct ResultStore {
    /// What operators know the sink by.
    name: String,
    waiting: VecDeque<MatchResult>,
    queue: SyncSender<MatchResult>,
    saved: SyncCell<Receiver<MatchId>>,
    patience: SyncSender<Infallible>,
    progress: Arc<Progress>,
    thread: JoinHandle<()>,
    /// Nothing ever comes here: its end is the thread's.
    thread_end: SyncCell<Receiver<Infallible>>,
}

impl ResultStore {
    /// Opens the file in this folder, or makes it, and starts the thread. A torn last line is cut off; how long it takes
    /// goes with the length of the file.
    ///
    /// # Errors
    /// When the file cannot be used, or there is no thread.
    pub fn open(folder: &Path) -> Result<Self, ResultsError> {
        let path = folder.join(FILE_NAME);
        let file = open_file(&path).map_err(|error| ResultsError::Unusable { file: path.clone(), error })?;
        Self::start(file, path.display().to_string()).map_err(ResultsError::NoThread)
    }

    /// Starts the thread that writes to this sink. `name` is what operators know it by.
    ///
    /// # Errors
    /// The operating system's, where it gives no thread.
    pub fn start(sink: impl ResultSink, name: String) -> io::Result<Self> {
        let (queue, queued) = mpsc::sync_channel(QUEUE_MAX);
        let (saver, saved) = mpsc::sync_channel(QUEUE_MAX);
        // Nothing goes through these two: only their ends mean something.
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
        let thread = thread::Builder::new().name("results".into()).spawn(work)?;
        let (saved, thread_end) = (SyncCell::new(saved), SyncCell::new(thread_end));
        Ok(Self { name, waiting: VecDeque::new(), queue, saved, patience, progress, thread, thread_end })
    }

    /// Takes a result to be saved. Never blocks, and does no I/O; a result that the file has already is acknowledged like
    /// any other.
    pub fn submit(&mut self, result: MatchResult) -> Submitted {
        self.progress.note_submitted();
        // Behind those that wait, so that the file keeps their order.
        self.waiting.push_back(result);
        self.pump();
        match self.waiting.len() {
            0 => Submitted::Queued,
            1..=WAITING_MAX => Submitted::Waiting,
            _ => self.lose_oldest(),
        }
    }

    /// Moves what waits in memory on to the thread's queue as far as there is room; call it once a tick.
    pub fn pump(&mut self) {
        while let Some(result) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(result) | TrySendError::Disconnected(result)) = self.queue.try_send(result) {
                self.waiting.push_front(result);
                return;
            }
        }
    }

    /// Takes the names of those results that have been saved since the last call, in the order of their submission. Call it
    /// once a tick: the thread stops while a thousand names are not taken.
    pub fn take_saved(&mut self) -> impl Iterator<Item = MatchId> {
        self.saved.get().try_iter()
    }

    /// How far it is. Costs nothing.
    pub fn stats(&self) -> ResultStats {
        let stats = self.progress.stats();
        // A thread that has panicked writes nothing any more.
        ResultStats { failing: stats.failing || self.thread.is_finished(), ..stats }
    }

    /// Writes what waits, for at most so long. Blocks; says how many results are lost because it took longer.
    pub fn close(self, patience: Duration) -> u64 {
        let Self { name, waiting, queue, saved, patience: patience_end, progress, thread_end, .. } = self;
        // Nobody listens any more, and the thread must not wait until somebody does.
        drop(saved);
        // The queue's end tells the thread that nothing more comes. Where the system gives no thread, what waits is lost.
        let send_all = move || waiting.into_iter().all(|result| queue.send(result).is_ok());
        let _ = thread::Builder::new().spawn(send_all);
        // The end of the thread or of the patience: either is the end.
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
        // A line for each would fill the log's disk too.
        if lost.is_power_of_two() {
            tracing::error!("results are lost ({lost} so far): too many wait to be written to {}", self.name);
        }
        Submitted::Lost(oldest)
    }
}

fn open_file(path: &Path) -> io::Result<ResultsFile> {
    let file = ResultsFile::open(path.to_owned())?;
    if path.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no file")) }
}

//! The queue from the tick thread to the thread that writes replays. It never blocks, and it is bounded.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use arrayvec::ArrayVec;

pub use framehouse_shared::api::ReplayStats;
use framehouse_shared::{
    ids::{MatchId, SLOTS_MAX},
    replay::{Header, RawBlock, Trailer},
};

use super::{
    copy::CopyJob,
    desync::{DesyncJob, HashJob},
    fate::FateTeller,
};
use crate::error_streak::ErrorStreak;

/// Maximum number of waiting jobs. Some thousand rooms may begin and end in the same tick.
const JOBS_MAX: usize = 16_384;
/// Maximum number of waiting jobs when a recording is abandoned. If there are more, the next start completes the file.
const JOBS_BEFORE_ABANDON_MAX: usize = 2 * JOBS_MAX;
/// Maximum number of bytes of waiting opening states and blocks.
const JOBS_BYTES_MAX: usize = 32 << 20;

/// Maximum number of waiting jobs when states are to be hashed: clients ask for that, and it takes much longer than other
/// jobs.
const HASH_JOBS_MAX: usize = 16;
/// Maximum number of waiting jobs when a report is added, because a report takes much longer than other jobs.
const JOBS_BEFORE_REPORT_MAX: usize = 64;

/// A job of the writer thread.
pub(super) enum Job {
    /// Begin a replay, with the serialised state before tick 0.
    Begin(Box<Header>, Vec<u8>),
    /// Append a block.
    Block(MatchId, RawBlock),
    /// Complete the replay.
    End(MatchId, Box<Ending>),
    /// Remove the replay.
    Abandon(MatchId),
    /// Hash some states of a running match.
    Hash(Box<HashJob>),
    /// Write a report next to the replay.
    Report(Box<DesyncJob>),
    /// Copy the replay of a running match.
    Copy(Box<CopyJob>),
    /// Look after what has become too old.
    Clock(Times),
}

/// How a replay ends.
pub(super) struct Ending {
    /// The last block, if there is one.
    pub last: Option<RawBlock>,
    pub trailer: Trailer,
    /// Addresses of those who took part, as far as known.
    pub addresses: ArrayVec<IpAddr, SLOTS_MAX>,
    pub fate: FateTeller,
}

/// The time on both clocks of the server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// Since the start of the server, on a clock that never jumps.
    pub elapsed: Duration,
    /// Since 1970-01-01 UTC, in seconds, as the system says.
    pub unix_s: u64,
}

impl Job {
    fn bytes(&self) -> usize {
        match self {
            Self::Begin(_, opening) => opening.len(),
            Self::Block(_, block) => block.bytes.len(),
            Self::End(_, ending) => ending.last.as_ref().map_or(0, |block| block.bytes.len()),
            Self::Hash(job) => job.source.bytes(),
            Self::Report(job) => job.bytes(),
            Self::Copy(job) => job.unfinished.bytes.len(),
            Self::Abandon(_) | Self::Clock(_) => 0,
        }
    }

    /// The match whose recording it continues.
    pub fn match_id(&self) -> Option<MatchId> {
        match self {
            Self::Begin(header, _) => Some(header.match_id),
            Self::Block(match_id, _) | Self::End(match_id, _) | Self::Abandon(match_id) => Some(*match_id),
            Self::Hash(_) | Self::Report(_) | Self::Copy(_) | Self::Clock(_) => None,
        }
    }
}

/// Counters shared by both threads.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub written: AtomicU64,
    pub written_bytes: AtomicU64,
    pub given_up: AtomicU64,
    pub failed: AtomicU64,
    pub removed: AtomicU64,
    pub reports: AtomicU64,
    pub reports_lost: AtomicU64,
    pub panics: AtomicU64,
    pub is_failing: AtomicBool,
    pub streak: ErrorStreak,
    done: AtomicU64,
    jobs: AtomicUsize,
    bytes: AtomicUsize,
}

/// Error: the queue is full. The replay of the job has a gap from now on.
#[derive(Debug)]
pub(super) struct QueueFull;

/// The tick thread's end of the queue.
#[derive(Clone, Debug)]
pub struct ReplayQueue {
    jobs: Sender<Job>,
    progress: Arc<Progress>,
}

/// The writer thread's end of the queue.
pub(super) struct Jobs {
    jobs: Receiver<Job>,
    pub progress: Arc<Progress>,
}

/// Creates a queue.
pub(super) fn queue() -> (ReplayQueue, Jobs) {
    // The channel is unbounded; `ReplayQueue::send` enforces the bounds. So waiting jobs alone use memory.
    let (sender, receiver) = mpsc::channel();
    let progress = Arc::new(Progress::default());
    (ReplayQueue { jobs: sender, progress: Arc::clone(&progress) }, Jobs { jobs: receiver, progress })
}

impl ReplayQueue {
    /// Queues a job, if there is room.
    pub(super) fn send(&self, job: Job) -> Result<(), QueueFull> {
        let bytes = job.bytes();
        let waiting = self.progress.jobs.fetch_add(1, Relaxed);
        let waiting_bytes = self.progress.bytes.fetch_add(bytes, Relaxed);
        let (jobs_max, bytes_max) = match job {
            Job::Hash(_) => (HASH_JOBS_MAX, JOBS_BYTES_MAX),
            Job::Report(_) => (JOBS_BEFORE_REPORT_MAX, JOBS_BYTES_MAX),
            Job::Abandon(_) => (JOBS_BEFORE_ABANDON_MAX, usize::MAX),
            _ => (JOBS_MAX, JOBS_BYTES_MAX),
        };
        let has_room = waiting < jobs_max && waiting_bytes + bytes <= bytes_max;
        if has_room && self.jobs.send(job).is_ok() {
            return Ok(());
        }
        self.progress.note_gone(bytes);
        Err(QueueFull)
    }

    /// Counts a match whose recording was abandoned.
    pub(super) fn note_given_up(&self) {
        self.progress.given_up.fetch_add(1, Relaxed);
    }

    /// Counts a report that was not written.
    pub(super) fn note_report_lost(&self) {
        self.progress.reports_lost.fetch_add(1, Relaxed);
    }

    /// Failed writes in a row.
    pub fn error_streak(&self) -> ErrorStreak {
        self.progress.streak.clone()
    }

    /// Statistics of recording.
    pub fn stats(&self) -> ReplayStats {
        self.progress.stats()
    }

    /// Counters that can still be read after the queue is dropped.
    #[cfg(test)]
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }
}

impl Progress {
    pub fn stats(&self) -> ReplayStats {
        ReplayStats {
            written: self.written.load(Relaxed),
            written_bytes: self.written_bytes.load(Relaxed),
            given_up: self.given_up.load(Relaxed),
            failed: self.failed.load(Relaxed),
            removed: self.removed.load(Relaxed),
            reports: self.reports.load(Relaxed),
            reports_lost: self.reports_lost.load(Relaxed),
            waiting: self.jobs.load(Relaxed),
            done: self.done.load(Relaxed),
            panics: self.panics.load(Relaxed),
            failing: self.is_failing.load(Relaxed),
        }
    }

    /// Notes that replays are written again.
    pub fn note_working(&self) {
        self.is_failing.store(false, Relaxed);
        self.streak.note(true);
    }

    fn note_gone(&self, bytes: usize) {
        self.jobs.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(bytes, Relaxed);
    }
}

impl Jobs {
    /// Runs `work` for every job, until all senders are dropped.
    ///
    /// Hashes and then reports run last: one may take seconds, and a stopping server waits only for a limited time.
    pub fn for_each(self, mut work: impl FnMut(Job)) {
        let (mut hashes, mut reports) = (VecDeque::new(), VecDeque::new());
        while let Some(job) = self.next(&mut hashes, &mut reports) {
            let bytes = job.bytes();
            work(job);
            self.progress.done.fetch_add(1, Relaxed);
            self.progress.note_gone(bytes);
        }
    }

    /// The next job that is quick, else the oldest one of hashes, else the oldest report, else waits for a job.
    fn next(&self, hashes: &mut VecDeque<Job>, reports: &mut VecDeque<Job>) -> Option<Job> {
        for job in self.jobs.try_iter() {
            match job {
                Job::Hash(_) => hashes.push_back(job),
                Job::Report(_) => reports.push_back(job),
                _ => return Some(job),
            }
        }
        hashes.pop_front().or_else(|| reports.pop_front()).or_else(|| self.jobs.recv().ok())
    }
}

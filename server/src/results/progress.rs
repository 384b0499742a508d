//! How far the store is, for both of its threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

pub use framehouse_shared::api::ResultStats;

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Progress {
    submitted: AtomicU64,
    saved: AtomicU64,
    lost: AtomicU64,
    is_failing: AtomicBool,
}

impl Progress {
    /// A reading; its numbers may be of slightly different moments.
    pub fn stats(&self) -> ResultStats {
        let (saved, lost) = (self.saved.load(Relaxed), self.lost.load(Relaxed));
        let waiting = self.submitted.load(Relaxed).saturating_sub(saved + lost);
        ResultStats { saved, waiting, lost, failing: self.is_failing.load(Relaxed) }
    }

    /// Counts a result that came.
    pub fn note_submitted(&self) {
        self.submitted.fetch_add(1, Relaxed);
    }

    /// Counts results that lie on the disk.
    pub fn note_saved(&self, count: usize) {
        self.saved.fetch_add(count as u64, Relaxed);
    }

    /// Counts a result that was thrown away; says how many there are now.
    pub fn note_lost(&self) -> u64 {
        self.lost.fetch_add(1, Relaxed) + 1
    }

    /// Notes whether writing works; says whether that is news.
    pub fn note_failing(&self, is_failing: bool) -> bool {
        self.is_failing.swap(is_failing, Relaxed) != is_failing
    }
}

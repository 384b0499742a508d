//! Counters of the result store, shared by both threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

pub use framehouse_shared::api::ResultStats;

use crate::error_streak::ErrorStreak;

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Progress {
    submitted: AtomicU64,
    saved: AtomicU64,
    lost: AtomicU64,
    panics: AtomicU64,
    is_failing: AtomicBool,
    /// Failed writes in a row.
    pub streak: ErrorStreak,
}

impl Progress {
    /// The current values. They may be read at slightly different moments.
    pub fn stats(&self) -> ResultStats {
        let (saved, lost) = (self.saved.load(Relaxed), self.lost.load(Relaxed));
        let waiting = self.submitted.load(Relaxed).saturating_sub(saved + lost);
        let panics = self.panics.load(Relaxed);
        let failing = self.is_failing.load(Relaxed);
        ResultStats { saved, waiting, lost, panics, failing, ..Default::default() }
    }

    /// Counts a submitted result.
    pub fn note_submitted(&self) {
        self.submitted.fetch_add(1, Relaxed);
    }

    /// Counts results that are synced to the disk.
    pub fn note_saved(&self, count: usize) {
        self.saved.fetch_add(count as u64, Relaxed);
    }

    /// Counts a lost result. Returns the total.
    pub fn note_lost(&self) -> u64 {
        self.lost.fetch_add(1, Relaxed) + 1
    }

    /// Counts a panic of the sink.
    pub fn note_panic(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    /// Notes the outcome of a write. Returns whether it differs from the one before.
    pub fn note_failing(&self, is_failing: bool) -> bool {
        self.streak.note(!is_failing);
        self.is_failing.swap(is_failing, Relaxed) != is_failing
    }
}

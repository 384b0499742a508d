//! Counters of the store, shared by its thread and the status page.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use framehouse_shared::api::StoreStatus;

use super::proof::Proof;
use crate::error_streak::ErrorStreak;

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stored: AtomicU64,
    skipped: AtomicU64,
    waiting_bytes: AtomicU64,
    /// End of the oldest match that waits, in seconds since 1970; 0 if none does.
    oldest_s: AtomicU64,
    is_failing: AtomicBool,
    /// Failures in a row, for alerts.
    pub streak: ErrorStreak,
    proven: AtomicU64,
    refused: AtomicU64,
    unproven: AtomicU64,
    messages: AtomicU64,
    /// Messages that found their queue full.
    messages_lost: Arc<AtomicU64>,
    /// Pages of leaderboards that were in memory.
    pub hits: AtomicU64,
    /// Pages of leaderboards that were read from the database.
    pub misses: AtomicU64,
}

impl Progress {
    /// Counters, with that of messages that found their queue full.
    pub fn new(messages_lost: Arc<AtomicU64>) -> Self {
        Self { messages_lost, ..Self::default() }
    }

    /// The current values, at this time.
    pub fn status(&self, now_s: u64) -> StoreStatus {
        let oldest_s = self.oldest_s.load(Relaxed);
        StoreStatus {
            stored: self.stored.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            waiting_bytes: self.waiting_bytes.load(Relaxed),
            oldest_waiting_s: if oldest_s == 0 { 0 } else { now_s.saturating_sub(oldest_s) },
            failing: self.is_failing.load(Relaxed),
            proven: self.proven.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unproven: self.unproven.load(Relaxed),
            messages: self.messages.load(Relaxed),
            messages_lost: self.messages_lost.load(Relaxed),
            board_hits: self.hits.load(Relaxed),
            board_misses: self.misses.load(Relaxed),
        }
    }

    /// Counts what was stored.
    pub fn note_stored(&self, matches: usize, skipped: u64) {
        self.stored.fetch_add(matches as u64, Relaxed);
        self.skipped.fetch_add(skipped, Relaxed);
    }

    /// Counts a decided proof.
    pub fn note_proof(&self, proof: Proof) {
        let counter = match proof {
            Proof::Waiting => return,
            Proof::Proven => &self.proven,
            Proof::Refused => &self.refused,
            Proof::Unproven => &self.unproven,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Counts messages that are archived.
    pub fn note_archived(&self, messages: usize) {
        self.messages.fetch_add(messages as u64, Relaxed);
    }

    /// Sets how much waits, and the end of the oldest match that does.
    pub fn note_waiting(&self, bytes: u64, oldest_s: Option<i64>) {
        self.waiting_bytes.store(bytes, Relaxed);
        self.oldest_s.store(oldest_s.map_or(0, i64::unsigned_abs), Relaxed);
    }

    /// Sets whether storing fails. Returns whether that has changed.
    pub fn note_failing(&self, is_failing: bool) -> bool {
        self.streak.note(!is_failing);
        self.is_failing.swap(is_failing, Relaxed) != is_failing
    }
}

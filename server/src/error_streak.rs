//! Errors in a row, for alerts: one error is in the log, many in a row need somebody.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// Number of errors of one kind in a row, shared by the thread that works and the one that watches.
#[derive(Clone, Debug, Default)]
pub struct ErrorStreak(Arc<AtomicU32>);

impl ErrorStreak {
    /// Notes an attempt: an error adds one, a success starts from 0 again.
    pub fn note(&self, is_success: bool) {
        if is_success {
            self.0.store(0, Relaxed);
        } else {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// Errors since the last success.
    pub fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

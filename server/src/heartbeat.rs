//! Heartbeat of the tick thread, read by the HTTP thread: whether ticks still end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Value of [`Heartbeat::last_ms`] before the first beat.
const NEVER: u64 = u64::MAX;

/// When the last tick ended. Clones are the same heartbeat.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    start: Instant,
    /// Milliseconds from `start` to the last beat, or [`NEVER`].
    last_ms: Arc<AtomicU64>,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { start: Instant::now(), last_ms: Arc::new(NEVER.into()) }
    }
}

impl Heartbeat {
    /// Notes that a tick has ended now.
    pub fn beat(&self) {
        self.last_ms.store(self.now_ms(), Relaxed);
    }

    /// Time since the end of the last tick. `None` before the first one: then nobody runs the tick loop, or not yet.
    pub fn silence(&self) -> Option<Duration> {
        let last = self.last_ms.load(Relaxed);
        (last != NEVER).then(|| Duration::from_millis(self.now_ms().saturating_sub(last)))
    }

    fn now_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }
}

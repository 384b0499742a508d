//! The end of the store's work, and pauses that end with it.

use std::time::Duration;

use tokio::{sync::watch, time::timeout};

/// Interval between two looks for something to do.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// First pause after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause after a failure.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Whether the server stops.
#[derive(Clone)]
pub(super) struct Stop(pub watch::Receiver<bool>);

impl Stop {
    /// Whether it does.
    pub fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits, not longer than until the server stops.
    pub async fn pause(&mut self, pause: Duration) {
        // An error means that the server stops.
        let _ = timeout(pause, self.wait()).await;
    }

    /// Waits until the server stops.
    pub async fn wait(&mut self) {
        // An error means that nobody can stop it any more.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Pauses after failures: 0.1 s, doubled with each further one in a row up to 30 s.
#[derive(Debug)]
pub(super) struct BackOff(Duration);

impl Default for BackOff {
    fn default() -> Self {
        Self(PAUSE_MIN)
    }
}

impl BackOff {
    /// The next pause.
    pub fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSE_MAX);
        pause
    }
}

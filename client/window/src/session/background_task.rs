//! Background tasks: blocking work on a separate thread.

use std::thread::{self, JoinHandle};

/// A background task whose outcome is polled once a frame. Dropping it discards the outcome.
pub struct BackgroundTask<T>(Option<JoinHandle<T>>);

impl<T: Send + 'static> BackgroundTask<T> {
    /// Starts a thread for `work`.
    pub fn begin(work: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(Some(thread::spawn(work)))
    }

    /// Takes the outcome; nothing while the task runs.
    ///
    /// # Panics
    /// When the task panicked.
    pub fn take(&mut self) -> Option<T> {
        let done = self.0.take_if(|work| work.is_finished())?;
        Some(done.join().expect("background tasks do not panic: what can go wrong is in their outcome"))
    }
}

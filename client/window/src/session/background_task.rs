//! Something that blocks, done on a thread of its own.

use std::thread::{self, JoinHandle};

/// Work whose outcome is looked for once a frame. Whoever drops it does not want the outcome any more.
pub struct BackgroundTask<T>(Option<JoinHandle<T>>);

impl<T: Send + 'static> BackgroundTask<T> {
    /// Begins.
    pub fn begin(work: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(Some(thread::spawn(work)))
    }

    /// The outcome, once; nothing while it is waited for.
    ///
    /// # Panics
    /// When the work did.
    pub fn take(&mut self) -> Option<T> {
        let done = self.0.take_if(|work| work.is_finished())?;
        Some(done.join().expect("background tasks do not panic: what can go wrong is in their outcome"))
    }
}

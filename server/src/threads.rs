//! Threads of this process, and which of them have panicked.
//!
//! A worker returns when it is told to stop. One that panics is gone, although the server goes on without its work:
//! [`ended`] names it. The list belongs to the process, as threads do.

use std::{
    collections::BTreeSet,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

/// Names of the threads that have panicked. Names are written in the source, so the set is bounded.
static ENDED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Starts a thread with this name, at most 15 bytes long.
///
/// # Errors
/// When the operating system starts no further thread.
pub fn spawn<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _noticed = Noticed(name);
        work()
    })
}

/// Names of the threads that have panicked since the process started, in alphabetical order.
pub fn ended() -> Vec<&'static str> {
    lock().iter().copied().collect()
}

/// Notes the end of the thread that it belongs to, if that is a panic.
struct Noticed(&'static str);

impl Drop for Noticed {
    fn drop(&mut self) {
        if thread::panicking() {
            lock().insert(self.0);
        }
    }
}

fn lock() -> MutexGuard<'static, BTreeSet<&'static str>> {
    ENDED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_panics_is_named_and_one_that_returns_is_not() {
        let returns = spawn("test returns", || 7).expect("a thread");
        let panics = spawn("test panics", || panic!("on purpose")).expect("a thread");
        assert_eq!(returns.join().ok(), Some(7));
        assert!(panics.join().is_err());
        let ended = ended();
        assert!(ended.contains(&"test panics") && !ended.contains(&"test returns"), "{ended:?}");
    }
}

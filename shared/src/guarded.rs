//! Calls into a game's code that no panic leaves.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The called code panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the game panicked")]
pub struct Panicked;

/// Runs `work` and returns its result. What it changed before a panic stays changed.
///
/// # Errors
/// When it panics.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|thrown| {
        // What a game throws may panic when it is dropped.
        std::mem::forget(thrown);
        Panicked
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a test wants what is thrown to panic again");
        }
    }

    #[test]
    fn what_is_thrown_does_not_panic_again() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(guarded(|| std::panic::panic_any(Bomb)), Err(Panicked));
    }
}

//! What became of a replay: told by the thread that writes it, read by the tick thread.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

const UNDECIDED: u8 = 0;
const WRITTEN: u8 = 1;
const LOST: u8 = 2;

/// A replay that was queued for writing.
#[derive(Clone, Debug)]
pub struct QueuedReplay {
    /// Its file name.
    pub name: String,
    fate: Arc<AtomicU8>,
}

impl QueuedReplay {
    /// A replay of this file name, and the thread's end of it.
    pub(super) fn new(name: String) -> (Self, FateTeller) {
        let fate = Arc::new(AtomicU8::new(UNDECIDED));
        (Self { name, fate: Arc::clone(&fate) }, FateTeller(fate))
    }

    /// Whether the replay is on the disk; `None` while that is not known.
    pub fn is_written(&self) -> Option<bool> {
        match self.fate.load(Relaxed) {
            UNDECIDED => None,
            fate => Some(fate == WRITTEN),
        }
    }
}

/// The thread's end. Dropped without a word, the replay is lost.
#[derive(Debug)]
pub(super) struct FateTeller(Arc<AtomicU8>);

impl FateTeller {
    /// Tells that the replay is on the disk.
    pub fn tell_written(self) {
        self.0.store(WRITTEN, Relaxed);
    }
}

impl Drop for FateTeller {
    fn drop(&mut self) {
        // Nothing changes after it was told.
        let _ = self.0.compare_exchange(UNDECIDED, LOST, Relaxed, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_is_written_lost_or_not_decided_yet() {
        let (replay, teller) = QueuedReplay::new("a.fhr".to_owned());
        assert_eq!(replay.is_written(), None);
        teller.tell_written();
        assert_eq!(replay.is_written(), Some(true));
        let (replay, teller) = QueuedReplay::new("a.fhr".to_owned());
        drop(teller);
        assert_eq!(replay.is_written(), Some(false));
    }
}

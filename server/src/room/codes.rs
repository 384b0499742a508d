//! Codes for new rooms: any free ones, or, on a server that shares its codes with others, those that it has claimed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use bevy::prelude::*;
use framehouse_shared::ids::RoomCode;

/// Codes that no other server has, claimed ahead for rooms of this one. Clones are the same pool. Without this resource a
/// server takes any code that it does not use itself.
#[derive(Resource, Clone, Debug, Default)]
pub struct CodePool(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    short: VecDeque<RoomCode>,
    long: VecDeque<RoomCode>,
}

impl CodePool {
    /// Adds claimed codes.
    pub fn add(&self, codes: impl IntoIterator<Item = RoomCode>) {
        let mut waiting = self.lock();
        for code in codes {
            if code.is_long() { waiting.long.push_back(code) } else { waiting.short.push_back(code) }
        }
    }

    /// Removes all codes, because they may not be this server's any more. Returns them.
    pub fn drain(&self) -> Vec<RoomCode> {
        let Waiting { short, long } = std::mem::take(&mut *self.lock());
        short.into_iter().chain(long).collect()
    }

    /// Numbers of short and long codes that wait for a room.
    pub fn count(&self) -> (usize, usize) {
        let waiting = self.lock();
        (waiting.short.len(), waiting.long.len())
    }

    /// The codes that wait for a room.
    pub fn codes(&self) -> Vec<RoomCode> {
        let waiting = self.lock();
        waiting.short.iter().chain(&waiting.long).copied().collect()
    }

    /// Takes a code for a room, a long one for a private room. `None` if none is left.
    pub(super) fn take(&self, is_private: bool) -> Option<RoomCode> {
        let mut waiting = self.lock();
        if is_private { waiting.long.pop_front() } else { waiting.short.pop_front() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("nothing panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_given_once_and_a_private_room_gets_a_long_one() {
        let pool = CodePool::default();
        pool.add([RoomCode::from_number(1), RoomCode::long_from_number(2), RoomCode::from_number(3)]);
        assert_eq!(pool.count(), (2, 1));
        assert_eq!(pool.take(true), Some(RoomCode::long_from_number(2)));
        assert_eq!([pool.take(true), pool.take(false)], [None, Some(RoomCode::from_number(1))]);
        assert_eq!(pool.codes(), [RoomCode::from_number(3)]);
        assert_eq!(pool.drain(), [RoomCode::from_number(3)]);
        assert_eq!(pool.take(false), None);
    }
}

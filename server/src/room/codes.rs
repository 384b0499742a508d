//! Codes for new rooms: any free ones, or, on a server that shares its codes with others, those that it has claimed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use bevy::prelude::*;
use framehouse_shared::ids::RoomCode;
use tokio::sync::Notify;

/// Numbers of short codes and of long ones that are claimed ahead. More are claimed when half of one kind are used. A fleet
/// of three nodes opens a thousand rooms a second, and a claim takes up to a quarter of a second.
pub const AHEAD: usize = 256;

/// Codes that no other server has, claimed ahead for rooms of this one. Clones are the same pool. Without this resource a
/// server takes any code that it does not use itself.
#[derive(Resource, Clone, Debug, Default)]
pub struct CodePool(Arc<Pool>);

#[derive(Debug, Default)]
struct Pool {
    waiting: Mutex<Waiting>,
    /// Told when half of the codes of a kind are used.
    half_used: Notify,
}

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
            waiting.of_kind(code.is_long()).push_back(code);
        }
    }

    /// Removes a code, because it is another server's.
    pub fn remove(&self, code: RoomCode) {
        let mut waiting = self.lock();
        waiting.of_kind(code.is_long()).retain(|waiting| *waiting != code);
    }

    /// Waits until half of the codes of a kind are used.
    pub async fn half_used(&self) {
        self.0.half_used.notified().await;
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
        let codes = waiting.of_kind(is_private);
        let code = codes.pop_front();
        if codes.len() + 1 == AHEAD / 2 {
            self.0.half_used.notify_one();
        }
        code
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().expect("nothing panics while holding this lock")
    }
}

impl Waiting {
    const fn of_kind(&mut self, is_long: bool) -> &mut VecDeque<RoomCode> {
        if is_long { &mut self.long } else { &mut self.short }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

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

    #[test]
    fn a_code_of_another_server_is_given_to_no_room() {
        let pool = CodePool::default();
        pool.add([1, 2].map(RoomCode::from_number));
        pool.remove(RoomCode::from_number(1));
        assert_eq!([pool.take(false), pool.take(false)], [Some(RoomCode::from_number(2)), None]);
    }

    #[test]
    fn more_codes_are_wanted_when_half_of_a_kind_are_used() {
        let pool = CodePool::default();
        pool.add((0..AHEAD as u32).map(RoomCode::long_from_number));
        let is_wanted = || pool.half_used().now_or_never().is_some();
        let takes_until_wanted = (1..=AHEAD).position(|_| pool.take(true).is_some() && is_wanted());
        assert_eq!(takes_until_wanted, Some(AHEAD / 2));
        assert!(!is_wanted(), "it is said once");
    }
}

//! What a node has written into the registry, as far as it knows.

use std::collections::{HashMap, HashSet};

use super::registry::{Holding, RoomKey, RoomRecord, room_key};

/// The keys of one life of a node in the registry. A call that is not answered may have been carried out all the same, so its
/// keys are unsure before it and until it has succeeded.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    held: HashMap<String, Holding>,
    rooms: HashMap<String, RoomRecord>,
    /// Keys that may be there: not wanted any more, or to be written again.
    unsure: HashSet<String>,
}

impl Ledger {
    /// Whether this is there.
    pub fn holds(&self, holding: &Holding) -> bool {
        self.held.get(&holding.key()) == Some(holding)
    }

    /// Whether this record of a room is there.
    pub fn has_room(&self, room: &RoomKey, record: &RoomRecord) -> bool {
        self.rooms.get(&room_key(room)) == Some(record)
    }

    /// Notes that a key is about to be written, or is not wanted any more.
    pub fn doubt(&mut self, key: String) {
        self.held.remove(&key);
        self.rooms.remove(&key);
        self.unsure.insert(key);
    }

    /// Notes that all keys have to be written again.
    pub fn doubt_all(&mut self) {
        self.unsure.extend(self.held.drain().map(|(key, _)| key));
        self.unsure.extend(self.rooms.drain().map(|(key, _)| key));
    }

    /// Notes that this was written.
    pub fn keep(&mut self, holding: Holding) {
        let key = holding.key();
        self.unsure.remove(&key);
        self.held.insert(key, holding);
    }

    /// Notes that this record of a room was written.
    pub fn keep_room(&mut self, room: &RoomKey, record: RoomRecord) {
        let key = room_key(room);
        self.unsure.remove(&key);
        self.rooms.insert(key, record);
    }

    /// Notes that a key is not there, or is another node's.
    pub fn strike(&mut self, key: &str) {
        self.unsure.remove(key);
    }

    /// Doubts all holdings but these.
    pub fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let gone = self.held.extract_if(|key, _| !is_wanted(key)).map(|(key, _)| key);
        self.unsure.extend(gone);
    }

    /// Doubts all rooms but these.
    pub fn retain_rooms(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let gone = self.rooms.extract_if(|key, _| !is_wanted(key)).map(|(key, _)| key);
        self.unsure.extend(gone);
    }

    /// Keys that may be there. Those that are not wanted have to be removed once all others are written.
    pub fn unsure(&self) -> Vec<String> {
        self.unsure.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::ids::AccountId;

    use super::*;

    const fn player(is_here: bool) -> Holding {
        Holding::Player { account: AccountId(7), is_here }
    }

    #[test]
    fn a_call_without_an_answer_leaves_a_key_that_is_removed() {
        let mut ledger = Ledger::default();
        ledger.doubt(player(true).key());
        assert_eq!(ledger.unsure(), [player(true).key()], "nobody knows whether it is there");
        // The player has gone meanwhile, and nothing is wanted.
        ledger.retain(|_| false);
        assert_eq!(ledger.unsure(), [player(true).key()]);
        ledger.strike(&player(true).key());
        assert!(ledger.unsure().is_empty());
    }

    #[test]
    fn what_is_held_again_is_not_removed() {
        let mut ledger = Ledger::default();
        ledger.keep(player(true));
        ledger.retain(|_| false);
        assert_eq!(ledger.unsure().len(), 1, "the seat was given up");
        ledger.doubt(player(true).key());
        ledger.keep(player(true));
        assert!(ledger.unsure().is_empty() && ledger.holds(&player(true)), "and taken again");
    }

    #[test]
    fn a_change_without_an_answer_is_written_again_even_if_it_is_taken_back() {
        let mut ledger = Ledger::default();
        ledger.keep(player(true));
        ledger.doubt(player(false).key());
        assert!(!ledger.holds(&player(true)), "it may say that the player is away");
        ledger.keep(player(true));
        ledger.doubt_all();
        assert!(!ledger.holds(&player(true)) && ledger.unsure().len() == 1, "Redis was away");
    }
}

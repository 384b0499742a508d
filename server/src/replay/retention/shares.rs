//! Shares of the quotas: who has how much, and what of it is the oldest.

use std::collections::{BTreeSet, HashMap};

use framehouse_shared::ids::MatchId;

use crate::replay::owners::Owner;

/// A replay, ordered by arrival.
pub(super) type Place = (u64, MatchId);

/// What each owner has.
#[derive(Default)]
pub(super) struct Shares {
    of: HashMap<Owner, Share>,
    /// All owners, by the space that they use.
    by_bytes: BTreeSet<(u64, Owner)>,
    /// All owners, by the number of their replays: many small ones must not push out a few large ones.
    by_number: BTreeSet<(usize, Owner)>,
}

#[derive(Default)]
struct Share {
    bytes: u64,
    replays: BTreeSet<Place>,
}

impl Shares {
    /// Space that an owner uses.
    pub fn bytes(&self, owner: Owner) -> u64 {
        self.of.get(&owner).map_or(0, |share| share.bytes)
    }

    /// Adds a replay.
    pub fn add(&mut self, owner: Owner, place: Place, bytes: u64) {
        self.change(owner, |share| {
            share.bytes += bytes;
            share.replays.insert(place);
        });
    }

    /// Charges an owner who has a replay for something that belongs to it.
    pub fn grow(&mut self, owner: Owner, bytes: u64) {
        self.change(owner, |share| share.bytes += bytes);
    }

    /// Removes a replay, and what belongs to it.
    pub fn remove(&mut self, owner: Owner, place: Place, bytes: u64) {
        self.change(owner, |share| {
            share.bytes -= bytes;
            share.replays.remove(&place);
        });
    }

    fn change(&mut self, owner: Owner, change: impl FnOnce(&mut Share)) {
        let mut share = self.of.remove(&owner).unwrap_or_default();
        self.by_bytes.remove(&(share.bytes, owner));
        self.by_number.remove(&(share.replays.len(), owner));
        change(&mut share);
        if !share.replays.is_empty() {
            self.by_bytes.insert((share.bytes, owner));
            self.by_number.insert((share.replays.len(), owner));
            self.of.insert(owner, share);
        }
    }

    /// The oldest replay of the owner that uses the most space. That of `not` is passed over, and so is an owner who has
    /// no other one.
    pub fn oldest_of_largest(&self, not: Option<MatchId>) -> Option<Place> {
        self.by_bytes.iter().rev().find_map(|(_, owner)| self.oldest_of(*owner, not))
    }

    /// The oldest replay of the owner that has the most, in the same way.
    pub fn oldest_of_most(&self, not: Option<MatchId>) -> Option<Place> {
        self.by_number.iter().rev().find_map(|(_, owner)| self.oldest_of(*owner, not))
    }

    fn oldest_of(&self, owner: Owner, not: Option<MatchId>) -> Option<Place> {
        self.of.get(&owner)?.replays.iter().find(|(_, match_id)| Some(*match_id) != not).copied()
    }
}

//! Room codes that a node has claimed: for rooms to come, and those of its rooms.

use std::collections::{HashMap, HashSet};

use framehouse_shared::ids::RoomCode;

use super::registry::{ClaimedCode, Holding, Owner, RoomKey};
use crate::room::{codes::AHEAD, roster::Roster};

/// Rosters without a code that was claimed and given to a room, after which the room is gone.
const CODE_ROSTERS: u32 = 4;

/// A claimed code.
struct Claim {
    /// Number of the room that has it, or will have it.
    number: u64,
    /// Rosters in a row that did not have it, since it left the pool.
    missing: u32,
}

/// The claimed codes of one life of a node.
pub(super) struct Claims {
    owner: Owner,
    numbers: u64,
    /// Number of the newest roster.
    roster: u64,
    claims: HashMap<RoomCode, Claim>,
}

impl Claims {
    /// None yet.
    pub fn new(owner: Owner) -> Self {
        Self { owner, numbers: 0, roster: 0, claims: HashMap::new() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// Codes to claim, if fewer than half of those that should wait for rooms do. Some may be another node's.
    pub fn missing(&mut self, (short, long): (usize, usize)) -> Vec<ClaimedCode> {
        if short >= AHEAD / 2 && long >= AHEAD / 2 {
            return Vec::new();
        }
        let random = || getrandom::u32().expect("the operating system gives random bytes");
        let codes = (short..AHEAD).map(|_| RoomCode::from_number(random()));
        let codes = codes.chain((long..AHEAD).map(|_| RoomCode::long_from_number(random())));
        let codes: HashSet<RoomCode> = codes.filter(|code| !self.claims.contains_key(code)).collect();
        codes.into_iter().map(|code| ClaimedCode { code, number: self.next_number() }).collect()
    }

    /// Notes a claimed code. Returns it as what the node holds.
    pub fn add(&mut self, ClaimedCode { code, number }: ClaimedCode) -> Holding {
        self.claims.insert(code, Claim { number, missing: 0 });
        Holding::Code(code, self.room(number))
    }

    /// Notes that a code is not the node's any more.
    pub fn remove(&mut self, code: RoomCode) {
        self.claims.remove(&code);
    }

    /// Key of a new room with this code.
    pub fn room_with(&mut self, code: RoomCode) -> RoomKey {
        let number = self.claims.get(&code).map(|claim| claim.number);
        let number = number.unwrap_or_else(|| self.next_number());
        self.room(number)
    }

    /// Forgets the codes that neither wait for a room nor have one. A code that was just taken is in no roster yet.
    pub fn forget_unused(&mut self, waiting: &[RoomCode], roster: &Roster) {
        let is_new = std::mem::replace(&mut self.roster, roster.number) != roster.number;
        let used: HashSet<RoomCode> =
            waiting.iter().copied().chain(roster.rooms.iter().map(|room| room.code)).collect();
        self.claims.retain(|code, claim| {
            claim.missing = if used.contains(code) { 0 } else { claim.missing + u32::from(is_new) };
            claim.missing < CODE_ROSTERS
        });
    }

    /// All codes as what the node holds: for the room that has one, or for a room to come.
    pub fn holdings(&self, key_of: impl Fn(RoomCode) -> Option<RoomKey>) -> impl Iterator<Item = Holding> {
        self.claims
            .iter()
            .map(move |(code, claim)| Holding::Code(*code, key_of(*code).unwrap_or_else(|| self.room(claim.number))))
    }

    fn room(&self, number: u64) -> RoomKey {
        RoomKey { home: self.owner.clone(), number }
    }

    fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::ids::RoomId;

    use super::*;
    use crate::{fleet::registry::Incarnation, room::roster::RosterRoom};

    fn claims() -> Claims {
        Claims::new(Owner { node: "a".to_owned(), incarnation: Incarnation(1) })
    }

    fn roster(number: u64, codes: &[RoomCode]) -> Roster {
        let room = |code: &RoomCode| RosterRoom {
            id: RoomId(1),
            code: *code,
            phase: "lobby",
            seats: 4,
            free: 3,
            players: 1,
            private: false,
            name: None,
            msg_id: 0,
        };
        Roster { number, rooms: codes.iter().map(room).collect(), ..Roster::default() }
    }

    #[test]
    fn enough_codes_of_both_kinds_are_claimed_ahead() {
        let mut claims = claims();
        let first = claims.missing((0, 0));
        let long = first.iter().filter(|claim| claim.code.is_long()).count();
        // A random code may come twice.
        assert!((250..=256).contains(&(first.len() - long)) && (255..=256).contains(&long));
        assert!(claims.missing((128, 128)).is_empty());
        assert!(!claims.missing((127, 256)).is_empty() && !claims.missing((256, 127)).is_empty());
        let numbers: HashSet<u64> = first.iter().map(|claim| claim.number).collect();
        assert_eq!(numbers.len(), first.len(), "each is of another room");
    }

    #[test]
    fn a_code_is_kept_while_it_waits_is_on_its_way_or_has_a_room() {
        let code = RoomCode::from_number(7);
        let mut claims = claims();
        claims.add(ClaimedCode { code, number: 3 });
        for number in 1..20 {
            claims.forget_unused(&[code], &roster(number, &[]));
        }
        // It is taken, and its room is in no roster yet. The same roster again says nothing new.
        for _ in 0..20 {
            claims.forget_unused(&[], &roster(20, &[]));
        }
        assert_eq!(claims.room_with(code).number, 3);
        for number in 21..40 {
            claims.forget_unused(&[], &roster(number, &[code]));
        }
        assert_eq!(claims.holdings(|_| None).count(), 1);
        for number in 40..44 {
            claims.forget_unused(&[], &roster(number, &[]));
        }
        assert!(claims.is_empty(), "the room is gone");
    }
}

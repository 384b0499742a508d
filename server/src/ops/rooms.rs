//! The room list: public rooms, and what a browser of rooms asks of them.

use bevy::prelude::*;
use framehouse_shared::ids::RoomCode;
use serde::{Deserialize, Serialize};

use crate::room::{
    Members, Player, Room, Spectator, current_match::CurrentMatch, host::Host, phase::RoomPhase, seats::Seats,
};

/// Lines of the list in one answer, at most.
const ROOMS_MAX: usize = 500;

/// One line of `/v1/rooms`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoomEntry {
    code: RoomCode,
    phase: &'static str,
    host: String,
    map: String,
    players: usize,
    seats: u8,
    free: usize,
    spectators: usize,
    joinable: bool,
}

/// Which rooms somebody wants to see; everything that is not said matches all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomFilter {
    /// The phase: `lobby`, `loading`, `countdown`, `playing` or `results`.
    phase: Option<String>,
    /// Whether there is a free seat.
    joinable: Option<bool>,
    /// The map of the match, or the one that the host has chosen for the next.
    map: Option<String>,
    /// How many at most, 1 to 500; the fullest first.
    limit: Option<usize>,
}

impl RoomFilter {
    /// The rooms that are wanted, those with the fewest free seats first, full ones last.
    pub fn apply<'a>(&self, rooms: &'a [RoomEntry]) -> Vec<&'a RoomEntry> {
        let mut found: Vec<&RoomEntry> = rooms.iter().filter(|room| self.matches(room)).collect();
        found.sort_by_key(|room| (!room.joinable, room.free));
        found.truncate(self.limit.unwrap_or(ROOMS_MAX).clamp(1, ROOMS_MAX));
        found
    }

    fn matches(&self, room: &RoomEntry) -> bool {
        self.phase.as_ref().is_none_or(|phase| phase == room.phase)
            && self.joinable.is_none_or(|joinable| joinable == room.joinable)
            && self.map.as_ref().is_none_or(|map| *map == room.map)
    }
}

/// What the list reads of a room.
pub type ListedRoom = (
    &'static Room,
    &'static RoomPhase,
    &'static Seats,
    &'static Host,
    Option<&'static Members>,
    Option<&'static CurrentMatch>,
);

/// All public rooms, oldest first.
pub fn public_rooms(
    rooms: &Query<ListedRoom>,
    players: &Query<&Player>,
    spectators: &Query<&Spectator>,
) -> Vec<RoomEntry> {
    let mut listed: Vec<_> = rooms.iter().filter(|(room, ..)| !room.options().private).collect();
    listed.sort_by_key(|(room, ..)| room.id());
    let name = |player| players.get(player).map(|player| player.name().to_owned()).unwrap_or_default();
    let watching = |members| Members::entities(members).iter().filter(|member| spectators.contains(**member)).count();
    listed
        .into_iter()
        .map(|(room, phase, seats, host, members, current)| RoomEntry {
            code: room.code(),
            phase: phase.name(),
            host: host.player().map(name).unwrap_or_default(),
            map: map_of(room, phase, current),
            players: seats.taken(),
            seats: room.options().seats,
            free: seats.free(),
            spectators: watching(members),
            joinable: seats.free() > 0,
        })
        .collect()
}

fn map_of(room: &Room, phase: &RoomPhase, current: Option<&CurrentMatch>) -> String {
    let of_match = current.filter(|_| phase.has_match()).map(|current| current.setup().map.clone());
    of_match.or_else(|| room.options().map.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: u32, phase: &'static str, free: usize) -> RoomEntry {
        RoomEntry {
            code: RoomCode::from_number(number),
            phase,
            host: "Ada".to_owned(),
            map: "basin".to_owned(),
            players: 4 - free,
            seats: 4,
            free,
            spectators: 0,
            joinable: free > 0,
        }
    }

    fn found(filter: RoomFilter) -> Vec<u32> {
        let rooms = [room(0, "lobby", 3), room(1, "playing", 0), room(2, "playing", 1)];
        let place = |found: &RoomEntry| rooms.iter().position(|room| room == found).expect("one of them") as u32;
        filter.apply(&rooms).into_iter().map(place).collect()
    }

    #[test]
    fn rooms_are_found_by_what_is_asked_for_and_the_fullest_joinable_comes_first() {
        assert_eq!(found(RoomFilter::default()), [2, 0, 1]);
        assert_eq!(found(RoomFilter { joinable: Some(true), ..default() }), [2, 0]);
        assert_eq!(found(RoomFilter { phase: Some("playing".to_owned()), ..default() }), [2, 1]);
        assert_eq!(found(RoomFilter { map: Some("crossing".to_owned()), ..default() }), [0; 0]);
        assert_eq!(found(RoomFilter { limit: Some(1), ..default() }), [2]);
    }
}

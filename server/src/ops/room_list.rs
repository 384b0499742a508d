//! Lists of the public and of the private rooms.

use bevy::prelude::*;
use framehouse_shared::api::ListedRoom;

use crate::room::{
    Members, Player, Room, Spectator, current_match::CurrentMatch, host::Host, phase::RoomPhase,
    reservations::Reservations,
};

/// Components of a room that the room list reads.
pub type RoomListData = (
    &'static Room,
    &'static RoomPhase,
    &'static Reservations,
    &'static Host,
    Option<&'static Members>,
    Option<&'static CurrentMatch>,
);

/// All public rooms, oldest first. The strings of an old list are used again.
pub fn public_rooms(
    old: Vec<ListedRoom>,
    rooms: &Query<RoomListData>,
    players: &Query<&Player>,
    spectators: &Query<&Spectator>,
) -> Vec<ListedRoom> {
    list(old, false, rooms, players, spectators)
}

/// All private rooms, oldest first.
pub fn private_rooms(
    rooms: &Query<RoomListData>,
    players: &Query<&Player>,
    spectators: &Query<&Spectator>,
) -> Vec<ListedRoom> {
    list(Vec::new(), true, rooms, players, spectators)
}

fn list(
    old: Vec<ListedRoom>,
    is_private: bool,
    rooms: &Query<RoomListData>,
    players: &Query<&Player>,
    spectators: &Query<&Spectator>,
) -> Vec<ListedRoom> {
    let mut listed: Vec<_> = rooms.iter().filter(|(room, ..)| room.options().private == is_private).collect();
    listed.sort_by_key(|(room, ..)| room.id());
    let name = |player| players.get(player).map(Player::name).unwrap_or_default();
    let watching = |members| Members::entities(members).iter().filter(|member| spectators.contains(**member)).count();
    let mut strings = old.into_iter().flat_map(|room| [room.phase, room.host, room.map]);
    let mut string = |text: &str| {
        let mut string = strings.next().unwrap_or_default();
        string.clear();
        string.push_str(text);
        string
    };
    listed
        .into_iter()
        .map(|(room, phase, seats, host, members, current)| ListedRoom {
            code: room.code(),
            phase: string(phase.name()),
            host: string(host.player().map(name).unwrap_or_default()),
            map: string(map_of(room, phase, current)),
            players: seats.taken(),
            seats: room.options().seats,
            free: seats.free(),
            spectators: watching(members),
            joinable: seats.free() > 0,
            economy: room.options().economy,
        })
        .collect()
}

fn map_of<'a>(room: &'a Room, phase: &RoomPhase, current: Option<&'a CurrentMatch>) -> &'a str {
    let of_match = current.filter(|_| phase.has_match()).map(|current| current.setup().map.as_str());
    of_match.or(room.options().map.as_deref()).unwrap_or_default()
}

//! The public room list.

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

/// All public rooms, oldest first.
pub fn public_rooms(
    rooms: &Query<RoomListData>,
    players: &Query<&Player>,
    spectators: &Query<&Spectator>,
) -> Vec<ListedRoom> {
    let mut listed: Vec<_> = rooms.iter().filter(|(room, ..)| !room.options().private).collect();
    listed.sort_by_key(|(room, ..)| room.id());
    let name = |player| players.get(player).map(|player| player.name().to_owned()).unwrap_or_default();
    let watching = |members| Members::entities(members).iter().filter(|member| spectators.contains(**member)).count();
    listed
        .into_iter()
        .map(|(room, phase, seats, host, members, current)| ListedRoom {
            code: room.code(),
            phase: phase.name().to_owned(),
            host: host.player().map(name).unwrap_or_default(),
            map: map_of(room, phase, current),
            players: seats.taken(),
            seats: room.options().seats,
            free: seats.free(),
            spectators: watching(members),
            joinable: seats.free() > 0,
            economy: room.options().economy,
        })
        .collect()
}

fn map_of(room: &Room, phase: &RoomPhase, current: Option<&CurrentMatch>) -> String {
    let of_match = current.filter(|_| phase.has_match()).map(|current| current.setup().map.clone());
    of_match.or_else(|| room.options().map.clone()).unwrap_or_default()
}

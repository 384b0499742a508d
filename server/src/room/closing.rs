//! Closing of rooms. Visible effects happen at once; the memory is freed by the cleanup.

use bevy::prelude::*;
use framehouse_shared::{ids::RoomId, protocol::end::EndCode, sim::SimRoom};

use super::{
    Members, Room,
    cleanup_queue::{CleanupQueue, CleanupRequest},
    directory,
    drain::Drain,
    members,
    phase::{self, RoomPhase},
    reservations::Reservations,
    sessions,
    who::{Who, log_line},
};
use crate::{
    config::RoomSettings,
    counters::Counters,
    schedule::{Now, TickRate},
};

/// Maximum number of rooms closed in one tick, because each has to tell its members. The others wait.
const CLOSINGS_PER_TICK_MAX: usize = 32;

/// Closes rooms that the host has closed, that are deserted, faulted or idle, and lobbies while the server drains: at
/// most 32 a tick, the oldest first. Runs in `TickSet::Cleanup`.
pub fn close_finished_rooms(
    world: &mut World,
    rooms: &mut QueryState<(Entity, &Room, &SimRoom, &Reservations, &RoomPhase)>,
) {
    let idle = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().idle_timeout_s);
    let Now { tick, elapsed, .. } = *world.resource::<Now>();
    let drain = *world.resource::<Drain>();
    let closes_lobbies = drain.closes_lobbies(elapsed);
    let closing = rooms.iter(world).filter_map(|(entity, room, sim, seats, phase)| {
        let why = why_it_closes(room, sim, seats).or_else(|| match phase {
            RoomPhase::Lobby { .. } if closes_lobbies => Some(drain.end_code()),
            RoomPhase::Lobby { .. } if room.is_idle(tick, idle) => Some(EndCode::RoomIdle),
            _ => None,
        })?;
        Some((room.id, entity, why))
    });
    let mut closing: Vec<(RoomId, Entity, EndCode)> = closing.collect();
    closing.sort();
    for (_, room, why) in closing.into_iter().take(CLOSINGS_PER_TICK_MAX) {
        let is_faulted = world.get::<SimRoom>(room).is_some_and(SimRoom::is_faulted);
        world.resource_mut::<Counters>().rooms_faulted += u64::from(is_faulted);
        close(world, room, why);
    }
}

/// Closes a room for an operator, in this or the next tick.
pub(crate) fn close_for_operator(world: &mut World, room: Entity) {
    if let Some(mut data) = world.get_mut::<Room>(room) {
        data.is_to_close = Some(EndCode::ClosedByOperator);
    }
}

/// Why a room closes in any phase.
fn why_it_closes(room: &Room, sim: &SimRoom, seats: &Reservations) -> Option<EndCode> {
    if room.is_to_close.is_some() {
        room.is_to_close
    } else if sim.is_faulted() {
        Some(EndCode::RoomFaulted)
    } else {
        seats.is_deserted().then_some(EndCode::RoomDeserted)
    }
}

/// Closes a room: it cannot be found any more, its members are told the reason, and its data is handed to the cleanup.
pub(super) fn close(world: &mut World, room: Entity, why: EndCode) {
    if world.get::<Room>(room).is_none() {
        return;
    }
    if why == EndCode::RoomFaulted {
        log_line!(ERROR, Who::of_room(world, room), reason = ?why, "room closed after a panic in it: its match is lost");
    } else {
        log_line!(INFO, Who::of_room(world, room), reason = ?why, "room closed");
    }
    directory::forget_room(world, room);
    phase::leave(world, room);
    for member in Members::entities(world.get::<Members>(room)).to_vec() {
        match members::session_of(world, member) {
            Some(session) => sessions::close(world, session, why),
            None => members::leave(world, member, why),
        }
    }
    if let Some(mut sim) = world.get_mut::<SimRoom>(room) {
        sim.stepping = false;
    }
    world.resource_mut::<CleanupQueue>().push(CleanupRequest::Room { room });
}

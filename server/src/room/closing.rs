//! Closing of rooms. Visible effects happen at once; the memory is freed by the cleanup.

use bevy::prelude::*;
use framehouse_shared::{ids::RoomId, protocol::end::EndCode, sim::SimRoom};

use super::{
    Members, Room,
    cleanup_queue::{CleanupQueue, CleanupRequest},
    directory, members,
    phase::{self, RoomPhase},
    reservations::Reservations,
    sessions,
};
use crate::{
    config::RoomSettings,
    counters::Counters,
    schedule::{Now, TickRate},
};

/// Maximum number of rooms closed in one tick, because each has to tell its members. The others wait.
const CLOSINGS_PER_TICK_MAX: usize = 32;

/// Closes rooms that the host has closed, that are deserted, faulted or idle: at most 32 a tick, the oldest
/// first. Runs in `TickSet::Cleanup`.
pub fn close_finished_rooms(
    world: &mut World,
    rooms: &mut QueryState<(Entity, &Room, &SimRoom, &Reservations, &RoomPhase)>,
) {
    let idle = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().idle_timeout_s);
    let tick = world.resource::<Now>().tick;
    let closing = rooms.iter(world).filter_map(|(entity, room, sim, seats, phase)| {
        let is_idle = matches!(phase, RoomPhase::Lobby { .. }) && room.is_idle(tick, idle);
        Some((room.id, entity, why_it_closes(room, sim, seats, is_idle)?))
    });
    let mut closing: Vec<(RoomId, Entity, EndCode)> = closing.collect();
    closing.sort();
    for (_, room, why) in closing.into_iter().take(CLOSINGS_PER_TICK_MAX) {
        let is_faulted = world.get::<SimRoom>(room).is_some_and(SimRoom::is_faulted);
        world.resource_mut::<Counters>().rooms_faulted += u64::from(is_faulted);
        close(world, room, why);
    }
}

fn why_it_closes(room: &Room, sim: &SimRoom, seats: &Reservations, is_idle: bool) -> Option<EndCode> {
    if room.is_to_close.is_some() {
        room.is_to_close
    } else if sim.is_faulted() {
        Some(EndCode::RoomFaulted)
    } else if seats.is_deserted() {
        Some(EndCode::RoomDeserted)
    } else {
        is_idle.then_some(EndCode::RoomIdle)
    }
}

/// Closes a room: it cannot be found any more, its members are told the reason, and its data is handed to the cleanup.
fn close(world: &mut World, room: Entity, why: EndCode) {
    if directory::forget_room(world, room).is_none() {
        return;
    }
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

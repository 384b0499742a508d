//! The end of a room: what others can see of it happens at once.

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
    tick::{Now, TickRate},
};

/// Rooms that close in one tick, at most: each tells its members, so the others wait a tick.
const CLOSINGS_PER_TICK_MAX: usize = 32;

/// Closes rooms whose hosts want it, that nobody is in or expected in, in which something panicked, or in which nothing
/// happens: so many a tick, the oldest first. Runs in `TickSet::Cleanup`.
pub fn close_finished_rooms(world: &mut World) {
    let idle = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().idle_timeout);
    let tick = world.resource::<Now>().tick;
    let mut rooms = world.query::<(Entity, &Room, &SimRoom, &Reservations, &RoomPhase)>();
    let closing = rooms.iter(world).filter_map(|(entity, room, sim, seats, phase)| {
        let is_idle = matches!(phase, RoomPhase::Lobby { .. }) && tick >= room.active_at + u64::from(idle);
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

/// A room is closed: nobody finds it any more, everybody in it is told why, and what it holds can be freed.
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

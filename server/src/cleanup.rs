//! What is over goes: rooms that nobody is in or expected in, and rooms in which something panicked.

use bevy::prelude::*;
use framehouse_shared::{ids::RoomId, sim::SimRoom};

use crate::{
    net::session,
    ops::status::Counters,
    room::{self, Player, Room, directory, seats::Seats},
    tick::TickSet,
};

/// Removes rooms.
pub struct CleanupPlugin;

impl Plugin for CleanupPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(FixedUpdate, (close_faulted_rooms, remove_deserted_rooms).chain().in_set(TickSet::Cleanup));
    }
}

/// Ends rooms in which a system panicked; their members are told. Runs in `TickSet::Cleanup`.
fn close_faulted_rooms(world: &mut World) {
    for room in rooms_where(world, |sim, _| sim.is_faulted()) {
        world.resource_mut::<Counters>().rooms_faulted += 1;
        close_room(world, room, "the room had to be closed because of an error in the server: join another");
    }
}

/// Ends the sessions of a room's members, who are told why, and the room.
fn close_room(world: &mut World, room: Entity, reason: &str) {
    for player in room::by_slot(world, room) {
        let session = world.get::<Player>(player).map(|player| player.session);
        if let Some(session) = session {
            session::close(world, session, reason);
        }
    }
    directory::remove_room(world, room);
}

/// Removes rooms without members and without reserved seats. Runs in `TickSet::Cleanup`.
fn remove_deserted_rooms(world: &mut World) {
    for room in rooms_where(world, |_, seats| seats.is_deserted()) {
        directory::remove_room(world, room);
    }
}

fn rooms_where(world: &mut World, condition: impl Fn(&SimRoom, &Seats) -> bool) -> Vec<Entity> {
    let mut rooms: Vec<(RoomId, Entity)> = world
        .query::<(&Room, Entity, &SimRoom, &Seats)>()
        .iter(world)
        .filter(|(_, _, sim, seats)| condition(sim, seats))
        .map(|(room, entity, ..)| (room.id, entity))
        .collect();
    rooms.sort();
    rooms.into_iter().map(|(_, entity)| entity).collect()
}

//! Hashes of the states that are compared with those of clients, which are few: hashing takes a fifth as long as
//! simulating.

use bevy::prelude::*;
use framehouse_shared::{
    input::Frame,
    room_state::RoomStates,
    sim::SimRoom,
    state_hash::{StateHashes, is_compared},
    tick::Tick,
};

/// The hashes of a room's last compared state.
#[derive(Component, Debug, Default)]
pub struct ComparedHashes(Option<(Tick, StateHashes)>);

impl ComparedHashes {
    /// The hashes of the state after a tick, if that is the last compared one.
    pub fn after(&self, tick: Tick) -> Option<&StateHashes> {
        self.0.as_ref().filter(|(after, _)| *after == tick).map(|(_, hashes)| hashes)
    }
}

/// Hashes a room's present state; nothing if its match is gone or the game panics.
pub(crate) fn hashes_now(world: &World, room: Entity) -> Option<StateHashes> {
    let mut hashes = None;
    // Hashing calls the game's code.
    world.get::<SimRoom>(room)?.isolate(|| {
        hashes = Some(world.resource::<RoomStates>().hashes(world.entity(room)));
    });
    hashes
}

/// Hashes the rooms' states after this tick that are compared. Runs in `TickSet::Record`.
pub(super) fn hash_compared(world: &mut World, rooms: &mut QueryState<(Entity, &SimRoom, &Frame)>) {
    let is_due = |sim: &SimRoom, frame: &Frame| sim.stepping && !sim.is_faulted() && is_compared(frame.tick);
    let due = rooms.iter(world).filter(|(_, sim, frame)| is_due(sim, frame));
    let due: Vec<(Entity, Tick)> = due.map(|(room, _, frame)| (room, frame.tick)).collect();
    for (room, tick) in due {
        let hashes = hashes_now(world, room).map(|hashes| (tick, hashes));
        if let Some(mut compared) = world.get_mut::<ComparedHashes>(room) {
            compared.0 = hashes;
        }
    }
}

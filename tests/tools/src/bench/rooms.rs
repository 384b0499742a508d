//! `SimTick` of many rooms, as on a server.

use bevy::{
    prelude::*,
    tasks::{ComputeTaskPool, TaskPool},
};
use framehouse_arena::{
    ArenaPlugin,
    map::ARENA_HALF,
    pickups::{Gem, GemKind, Pickups},
};
use framehouse_shared::{
    ids::RoomId,
    input::Frame,
    rng::SimRng,
    room_state::RoomStates,
    sim::{SimPlugin, SimRoom, SimTick, open_match},
    tick::Tick,
};

use super::{Body, scripted::ScriptedMatch};

/// Ticks of a run.
const TICKS: usize = 20;
/// Rooms that a run steps at least, one after the other if there are fewer: a run of one room would be too short.
const ROOMS_A_RUN: usize = 64;
/// Different matches; the rooms beyond them play the same ones again.
const MATCHES: usize = 16;
/// Gems in the crowded room. A match of these rules has at most an eighth of them.
const GEMS: usize = 1024;

/// Rooms of four. An operation is one tick of one room.
pub fn of_four(count: usize) -> Body {
    let mut rooms = Rooms::new(count, 4);
    Box::new(move |timer| {
        for _ in 0..ROOMS_A_RUN.div_ceil(count) {
            rooms.rewind();
            for tick in 0..TICKS {
                rooms.set_frames(tick);
                timer.time(count, || rooms.world.run_schedule(SimTick));
            }
        }
    })
}

/// One room of 16 players and more gems than there ever are. An operation is one tick.
pub fn crowded() -> Body {
    let mut rooms = Rooms::new(1, 16);
    Box::new(move |timer| {
        rooms.rewind();
        let mut rng = SimRng::new(1);
        for tick in 0..TICKS {
            rooms.set_frames(tick);
            rooms.fill_with_gems(&mut rng);
            timer.time(1, || rooms.world.run_schedule(SimTick));
        }
    })
}

struct Rooms {
    world: World,
    rooms: Vec<Entity>,
    matches: Vec<ScriptedMatch>,
}

impl Rooms {
    fn new(count: usize, seats: u8) -> Self {
        let scripted = |seed: usize| ScriptedMatch::running(seats, seed as u64, TICKS as u32);
        let matches: Vec<ScriptedMatch> = (0..MATCHES.min(count)).map(scripted).collect();
        // Many rooms are stepped on this pool, whatever its size.
        ComputeTaskPool::get_or_init(TaskPool::new);
        let mut app = App::empty();
        app.add_plugins(SimPlugin::new(ArenaPlugin));
        app.finish();
        app.cleanup();
        let mut world = std::mem::take(app.world_mut());
        let open = |(number, scripted): (usize, &ScriptedMatch)| {
            let mut room = SimRoom::new(RoomId(number as u64));
            room.stepping = true;
            let mut room = world.spawn(room);
            open_match(&mut room, &scripted.setup);
            room.id()
        };
        let rooms = matches.iter().cycle().take(count).enumerate().map(open).collect();
        Self { world, rooms, matches }
    }

    /// Restores the state in which all matches start.
    fn rewind(&mut self) {
        self.world.resource_scope(|world, states: Mut<RoomStates>| {
            for (room, scripted) in self.rooms.iter().zip(self.matches.iter().cycle()) {
                states.restore(&mut world.entity_mut(*room), &scripted.start);
            }
        });
    }

    fn set_frames(&mut self, tick: usize) {
        for (room, scripted) in self.rooms.iter().zip(self.matches.iter().cycle()) {
            let mut frame = self.world.get_mut::<Frame>(*room).expect("a match is open");
            frame.clone_from(&scripted.frames[tick]);
        }
    }

    /// Replaces the gems that were taken, at random places.
    fn fill_with_gems(&mut self, rng: &mut SimRng) {
        let mut pickups = self.world.get_mut::<Pickups>(self.rooms[0]).expect("a match is open");
        while pickups.gems.len() < GEMS {
            let position = ARENA_HALF * Vec2::new(rng.between(-0.95, 0.95), rng.between(-0.95, 0.95));
            pickups.gems.push(Gem {
                id: rng.bits(),
                kind: GemKind::Field,
                value: 1,
                position,
                velocity: Vec2::ZERO,
                free: Tick(0),
                fades: Tick(u32::MAX),
            });
        }
    }
}

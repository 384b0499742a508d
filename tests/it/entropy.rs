//! Entropy in frames: nobody can foresee a room's random numbers for longer than a second, and everybody agrees on them.

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_harness::world::World;
use framehouse_server::room::{directory::JoinTarget, phase::RoomPhase};
use framehouse_shared::{input::Frame, rng::SimRng, room_state::RoomStates, simulation::Simulation};

const SECOND: u32 = 30;

/// The running room.
fn room(world: &mut World) -> EntityRef<'_> {
    let room = world.rooms().last().expect("there is a room").1;
    world.server.world().entity(room)
}

/// Steps the world, and returns the frame of the room in each tick in which it played.
fn frames(world: &mut World, ticks: u32) -> Vec<Frame> {
    let mut frames = Vec::new();
    for _ in 0..ticks {
        world.step_ticks(1);
        let room = room(world);
        if matches!(room.get(), Some(RoomPhase::Playing { .. })) {
            frames.extend(room.get::<Frame>().cloned());
        }
    }
    frames
}

fn playing(seed: u64) -> World {
    let mut world = World::new(ArenaPlugin, seed).with_link("delay=40,spread=20").with_players(3);
    world.step_to_playing();
    world
}

#[test]
fn every_second_has_entropy_of_its_own() {
    let mut world = playing(5);
    let frames = frames(&mut world, 6 * SECOND);
    let drawn: Vec<u32> = frames.iter().filter_map(|frame| frame.entropy.map(|entropy| entropy.0)).collect();
    assert_eq!(drawn.len(), 6);
    assert!((1..drawn.len()).all(|n| !drawn[..n].contains(&drawn[n])), "{drawn:x?}");
    let gap =
        frames.chunks(SECOND as usize).map(|second| second.iter().filter(|frame| frame.entropy.is_some()).count());
    assert!(gap.into_iter().all(|count| count == 1));
}

#[test]
fn a_client_with_the_state_cannot_foresee_the_next_second() {
    let mut world = playing(6);
    let state = {
        let room = room(&mut world).id();
        let ecs = world.server.world();
        ecs.resource::<RoomStates>().encode(ecs.entity(room))
    };
    let mut foreseen = Simulation::new(ArenaPlugin);
    foreseen.decode(&state).expect("a state of the arena");
    // Even one that knew all inputs of the others.
    for frame in frames(&mut world, SECOND) {
        foreseen.step(&Frame { entropy: None, ..frame });
    }
    assert_ne!(foreseen.get::<SimRng>(), room(&mut world).get::<SimRng>());
}

#[test]
fn players_late_players_and_spectators_agree_with_the_server() {
    let mut world = World::new(ArenaPlugin, 7).with_link("delay=60,spread=30,loss=0.05");
    world.join(JoinTarget::Create { size: 4, private: false, practice: false, economy: None }).expect("a room");
    let code = world.room_code();
    for _ in 0..2 {
        world.join(JoinTarget::Code(code)).expect("a seat");
    }
    assert!(world.step_until(300, |world| world.clients.iter().all(|client| client.client.phase().is_some())));
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(5 * SECOND);
    world.join(JoinTarget::Code(code)).expect("a late seat");
    world.join(JoinTarget::Watch(code)).expect("a place to watch");
    world.step_ticks(20 * SECOND);
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
    let drawn = room(&mut world).get::<SimRng>().expect("it plays").drawn();
    assert!(drawn > 10, "{drawn} numbers were drawn");
}

#[test]
fn a_seeded_world_repeats_itself() {
    let entropy =
        |seed| -> Vec<_> { frames(&mut playing(seed), 3 * SECOND).iter().map(|frame| frame.entropy).collect() };
    assert_eq!(entropy(8), entropy(8));
    assert_ne!(entropy(8), entropy(9));
}

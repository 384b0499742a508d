//! Panics of a game: each stays inside its own room.

use bevy::prelude::*;
use framehouse_client::client::Notice;
use framehouse_harness::world::World;
use framehouse_server::{counters::Counters, room::directory::JoinTarget};
use framehouse_shared::{game::Game, input::Input, protocol::messages::Phase, sim::MatchSetup};
use framehouse_tiny::{BROKEN_LUCK, Presses, TinyPlugin};

#[test]
fn a_panic_in_one_room_closes_that_room_and_no_other() {
    let mut world = World::new(TinyPlugin, 1).with_players(2).with_players_in_another_room(2);
    world.step_to_playing();
    let room = world.rooms()[0].1;
    world.server.world_mut().get_mut::<Presses>(room).expect("the state").luck = BROKEN_LUCK;
    world.step_ticks(120);
    assert_eq!(world.server.world().resource::<Counters>().rooms_faulted, 1);
    assert_eq!(world.rooms().len(), 1);
    for client in &world.clients[..2] {
        assert!(client.client.ended().is_some(), "the room's members were told");
    }
    for client in &world.clients[2..] {
        assert!(matches!(client.client.phase(), Some(Phase::Playing { .. })));
    }
    assert!(world.join(JoinTarget::Quick).is_ok(), "the server goes on");
}

/// The tiny game, which panics when it has to replace a missing input.
#[derive(Clone)]
struct Unforgiving;

impl Game for Unforgiving {
    fn id(&self) -> &'static str {
        "unforgiving"
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
    }

    fn missing_input(&self, _: Input) -> Input {
        panic!("a test wants no input to be missing");
    }
}

#[test]
fn a_panic_over_a_missing_input_closes_that_room_and_no_other() {
    let mut world = World::new(Unforgiving, 9).with_thin_clients().with_players(2).with_players_in_another_room(2);
    world.step_to_playing();
    world.step_ticks(30);
    world.clients[0].is_asleep = true;
    world.step_ticks(60);
    assert_eq!(world.server.world().resource::<Counters>().rooms_faulted, 1);
    assert_eq!(world.rooms().len(), 1);
    assert!(matches!(world.clients[2].client.phase(), Some(Phase::Playing { .. })));
}

#[test]
fn a_client_that_differs_three_times_in_a_minute_is_let_go() {
    let mut world = World::new(TinyPlugin, 3).with_players(2);
    world.step_to_playing();
    let room = world.rooms()[0].1;
    for _ in 0..3 {
        assert!(world.clients[0].client.ended().is_none());
        world.server.world_mut().get_mut::<Presses>(room).expect("the state").luck ^= 1;
        world.step_ticks(90);
    }
    assert!(world.clients[0].client.ended().is_some_and(|reason| reason.contains("reinstall")));
}

#[test]
fn a_state_that_differs_is_found_named_and_mended() {
    let mut world = World::new(TinyPlugin, 2).with_link("delay=50").with_players(2);
    world.step_to_playing();
    world.step_ticks(100);
    let room = world.rooms()[0].1;
    // The server's own state changes without a frame, so from now on the clients' states differ.
    world.server.world_mut().get_mut::<Presses>(room).expect("the state").luck ^= 1;
    world.step_ticks(60);
    let seen = world.clients[0].client.stats();
    assert!(seen.desyncs >= 1 && seen.resyncs == 1, "desyncs {} resyncs {}", seen.desyncs, seen.resyncs);
    let named = |notice| matches!(notice, Notice::Desync { component: Some(name), .. } if name == "presses");
    assert!(world.clients[0].client.drain_notices().any(named), "the component is named");
    world.step_ticks(200);
    assert_eq!(world.clients[0].client.stats().resyncs, 1, "the state was mended once and stayed so");
    assert!(world.confirmed_lag().into_iter().all(|lag| lag < 20));
}

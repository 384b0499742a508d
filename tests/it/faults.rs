//! Panics of a game: each stays inside its own room.

use std::{
    panic::panic_any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bevy::prelude::*;
use framehouse_client::client::Notice;
use framehouse_harness::world::World;
use framehouse_server::{
    counters::Counters, replay::writer::ReplayWriter, results::ResultStore, room::directory::JoinTarget,
};
use framehouse_shared::{game::Game, input::Input, protocol::messages::Phase, replay::ServerKey, sim::MatchSetup};
use framehouse_tiny::{BROKEN_LUCK, Presses, TinyPlugin};
use framehouse_tools::replays::Folder;

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

/// The tiny game, which panics when it has to replace a missing input, and also over everything else once it is armed.
#[derive(Clone, Default)]
struct Unforgiving {
    is_armed: Arc<AtomicBool>,
}

/// Panics again when it is dropped, as what a game throws may do.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a test wants what is thrown to panic");
    }
}

impl Unforgiving {
    fn panic_if_armed(&self) {
        if self.is_armed.load(Ordering::Relaxed) {
            panic_any(Bomb);
        }
    }
}

impl Game for Unforgiving {
    fn id(&self) -> &'static str {
        self.panic_if_armed();
        "unforgiving"
    }

    fn rules_version(&self) -> u32 {
        self.panic_if_armed();
        1
    }

    fn players_max(&self) -> u8 {
        self.panic_if_armed();
        16
    }

    fn maps(&self, _: &bevy::prelude::World) -> Vec<String> {
        self.panic_if_armed();
        Vec::new()
    }

    fn points_per_second_max(&self, _: EntityRef) -> Option<i64> {
        self.panic_if_armed();
        None
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
    }

    fn missing_input(&self, _: Input) -> Input {
        panic_any(Bomb);
    }
}

#[test]
fn a_panic_over_a_missing_input_closes_that_room_and_no_other() {
    let mut world =
        World::new(Unforgiving::default(), 9).with_thin_clients().with_players(2).with_players_in_another_room(2);
    world.step_to_playing();
    world.step_ticks(30);
    world.clients[0].is_asleep = true;
    world.step_ticks(60);
    assert_eq!(world.server.world().resource::<Counters>().rooms_faulted, 1);
    assert_eq!(world.rooms().len(), 1);
    assert!(matches!(world.clients[2].client.phase(), Some(Phase::Playing { .. })));
}

#[test]
fn a_game_that_panics_over_every_question_loses_its_rooms_and_no_server() {
    let game = Unforgiving::default();
    let folder = Folder::new("unforgiving");
    let mut world = World::new(game.clone(), 10).with_thin_clients();
    let writer = ReplayWriter::start(folder.path().to_owned(), &Default::default(), ServerKey::from_secret([7; 32]));
    let writer = writer.expect("a folder of ours");
    world.server.record_replays(writer.queue());
    world.server.keep_results(ResultStore::open(folder.path()).expect("a folder of ours"));
    let mut world = world.with_players(2);
    world.step_to_playing();
    game.is_armed.store(true, Ordering::Relaxed);
    // The question that is asked once a second.
    world.step_ticks(60);
    assert_eq!(world.server.world().resource::<Counters>().rooms_faulted, 1);
    // A new room, its options, its match, its end.
    for _ in 0..2 {
        world.join(JoinTarget::Quick).expect("the server goes on");
    }
    world.step_ticks(200);
    world.server.say_goodbye();
    world.step_ticks(30);
    drop(world);
    assert!(writer.close(Duration::from_secs(60)), "the thread goes on too");
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

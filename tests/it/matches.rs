//! Matches from lobby to lobby, with the tiny game.

use framehouse_harness::world::World;
use framehouse_server::room::directory::JoinTarget;
use framehouse_shared::{
    ids::Slot,
    protocol::messages::Phase,
    tick::{SimRate, Tick},
};
use framehouse_tiny::{MATCH_SECONDS, PRESS, Presses, TinyPlugin};

use crate::TINY_MATCH_TICKS;

fn presses(world: &World, client: usize) -> Presses {
    world.clients[client]
        .client
        .simulation()
        .expect("a match is loaded")
        .get::<Presses>()
        .expect("the game's state")
        .clone()
}

#[test]
fn a_full_room_plays_a_match_and_goes_back_to_its_lobby() {
    let mut world = World::new(TinyPlugin, 1).with_link("delay=30").with_players(4);
    world.step_to_playing();
    world.step_ticks(TINY_MATCH_TICKS + 30);
    for client in &world.clients {
        let results = client.client.results().expect("the match is over");
        assert_eq!(results.last_tick, Tick(TINY_MATCH_TICKS - 1));
        assert_eq!(results.ranking.len(), 4);
        assert!(results.ranking.is_sorted_by(|a, b| a.score.points >= b.score.points));
    }
    assert!(world.step_until(120, |world| world.clients[0].client.match_no() == Some(2)), "a full room plays again");
    assert_eq!(world.desyncs(), 0);
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn everyone_sees_the_state_that_the_server_has() {
    let mut world = World::new(TinyPlugin, 2).with_link("delay=40,jitter=10,loss=0.02").with_players(4);
    world.step_to_playing();
    let over = |world: &World| world.clients.iter().all(|client| client.client.results().is_some());
    assert!(world.step_until(TINY_MATCH_TICKS + 60, over));
    world.step_ticks(15);
    let room = world.rooms()[0].1;
    let ours = world.server.world().get::<Presses>(room).expect("the state stays until the next match").clone();
    assert!(ours.count.iter().sum::<u32>() > 100, "the bots pressed");
    for client in 0..4 {
        assert_eq!(presses(&world, client), ours, "client {client}");
    }
}

#[test]
fn two_who_are_ready_start_without_waiting_for_a_full_room() {
    let mut world = World::new(TinyPlugin, 3);
    world.join(JoinTarget::Quick).expect("a new room");
    world.join(JoinTarget::Quick).expect("the same room");
    world.step_ticks(60);
    assert_eq!(world.rooms().len(), 1);
    assert!(matches!(world.clients[0].client.phase(), Some(Phase::Lobby { .. })));
    world.all_ready();
    world.step_to_playing();
}

#[test]
fn one_who_is_ready_alone_waits_except_in_practice() {
    let mut world = World::new(TinyPlugin, 4);
    world.join(JoinTarget::Create { size: 4, private: false, practice: false, economy: None }).expect("a room");
    world.all_ready();
    world.step_ticks(120);
    assert!(matches!(world.clients[0].client.phase(), Some(Phase::Lobby { .. })));

    let mut practice = World::new(TinyPlugin, 4);
    practice.join(JoinTarget::Create { size: 4, private: true, practice: true, economy: None }).expect("a room");
    practice.all_ready();
    practice.step_to_playing();
}

#[test]
fn a_pressed_button_counts_once_for_everyone_although_packets_are_lost() {
    let mut world = World::new(TinyPlugin, 5).with_link("delay=30,loss=0.1,dup=0.1").with_players(2);
    world.clients.iter_mut().for_each(|client| client.input = Some(Default::default()));
    world.step_to_playing();
    world.step_ticks(60);
    let before = presses(&world, 1).count[0];
    world.clients[0].input = Some(PRESS);
    world.step_ticks(1);
    world.clients[0].input = Some(Default::default());
    world.step_ticks(90);
    let after = [presses(&world, 0).count[0], presses(&world, 1).count[0]];
    // A client draws four frames a tick, one of which samples the tick's input; the press lasted about one tick.
    assert!((1..=2).contains(&(after[0] - before)), "{before} -> {after:?}");
    assert_eq!(after[0], after[1]);
}

#[test]
fn whoever_comes_into_a_running_match_plays_in_it() {
    let mut world = World::new(TinyPlugin, 6).with_link("delay=50,loss=0.02");
    world.join(JoinTarget::Create { size: 3, private: false, practice: false, economy: None }).expect("a room");
    let code = world.room_code();
    world.join(JoinTarget::Code(code)).expect("a seat");
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(200);
    let late = world.join(JoinTarget::Quick).expect("the running match has a free seat");
    assert!(world.step_until(120, |world| world.clients[late].client.simulation().is_some()), "the state arrived");
    world.step_ticks(300);
    let slot = Slot::new(2).expect("in range");
    assert_eq!(world.clients[late].client.slot(), Some(slot));
    assert!(presses(&world, late).count[2] > 20, "the newcomer's inputs count");
    let [seen, pressed] = [late, 0].map(|client| presses(&world, client).count[0]);
    assert!(pressed > 60 && seen.abs_diff(pressed) < 5, "it has what was pressed before it came: {seen} of {pressed}");
    assert!(world.confirmed_lag().into_iter().all(|lag| lag < 20));
    world.step_ticks(TINY_MATCH_TICKS);
    assert_eq!(world.desyncs(), 0);
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn leaderboards_come_every_two_seconds_and_at_the_end() {
    let mut world = World::new(TinyPlugin, 7).with_players(2);
    world.step_to_playing();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..TINY_MATCH_TICKS + 30 {
        world.step_ticks(1);
        seen.extend(world.clients[0].client.leaderboard().map(|board| board.tick.0));
    }
    let expected: Vec<u32> = (1..=TINY_MATCH_TICKS / 60).map(|n| n * 60 - 1).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_whole_match_is_the_same_at_every_tick_rate() {
    for hz in [10, 60, 120] {
        let mut world = World::at_rate(TinyPlugin, 10, hz).with_link("delay=30,jitter=5");
        world.join(JoinTarget::Create { size: 4, private: false, practice: false, economy: None }).expect("a room");
        let code = world.room_code();
        for _ in 0..2 {
            world.join(JoinTarget::Code(code)).expect("a seat");
        }
        world.all_ready();
        world.step_to_playing();
        let began = world.now();
        world.join(JoinTarget::Watch(code)).expect("a room can be watched");
        world.step_ticks(world.ticks(10.0));
        let latecomer = world.join(JoinTarget::Code(code)).expect("the fourth seat");
        let is_over = |world: &World| world.clients.iter().all(|client| client.client.results().is_some());
        assert!(world.step_until(world.ticks(MATCH_SECONDS), is_over), "{hz} Hz");
        let seconds = (world.now() - began).as_secs_f64();
        assert!((seconds - MATCH_SECONDS).abs() < 0.5, "{hz} Hz: {seconds} s");
        let last_tick = Tick(world.ticks(MATCH_SECONDS) - 1);
        assert!(world.clients.iter().all(|it| it.client.results().is_some_and(|it| it.last_tick == last_tick)));
        assert!(presses(&world, 0).count[3] > 30, "{hz} Hz: the latecomer's inputs count");
        assert_eq!(world.clients[latecomer].client.slot(), Slot::new(3), "{hz} Hz");
        let late: u64 = world.clients.iter().map(|client| client.client.stats().late_inputs).sum();
        let inputs = u64::from(world.ticks(3.0 * MATCH_SECONDS));
        assert!(late * 200 < inputs, "{hz} Hz: {late} of {inputs} inputs arrived late");
        assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()), "{hz} Hz");
        assert!(world.clients.iter().all(|client| client.client.ended().is_none()), "{hz} Hz: no client was kicked");
    }
}

#[test]
fn tick_rates_that_are_no_round_numbers_can_be_joined_and_played() {
    for hz in [SimRate::HZ_MIN, 11, 13, 17, 29, 31, 59, 61, 97, 119, SimRate::HZ_MAX] {
        let mut world = World::at_rate(TinyPlugin, 11, hz).with_link("delay=30").with_players(2);
        world.step_to_playing();
        world.step_ticks(world.ticks(2.0));
        assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()), "{hz} Hz");
        let is_played = |client: usize| presses(&world, client).count[..2].iter().all(|count| *count > 0);
        assert!(is_played(0) && is_played(1), "{hz} Hz: the inputs of both count");
    }
}

#[test]
fn the_arena_is_played_at_every_tick_rate() {
    for hz in [10, 60, 120] {
        let mut world = World::at_rate(framehouse_arena::ArenaPlugin, 9, hz).with_link("delay=30");
        world = world.with_players(4);
        world.all_ready();
        let is_played = |world: &World| matches!(world.clients[0].client.phase(), Some(Phase::Playing { .. }));
        assert!(world.step_until(20 * u32::from(hz), is_played), "{hz} Hz");
        world.step_ticks(20 * u32::from(hz));
        assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()), "{hz} Hz");
        assert!(world.clients.iter().all(|client| client.client.ended().is_none()), "{hz} Hz");
        let board = world.clients[0].client.leaderboard().expect("a leaderboard every two seconds");
        assert!(board.entries.iter().map(|entry| entry.points).sum::<i64>() > 0, "{hz} Hz: {board:?}");
    }
}

#[test]
fn the_arena_is_played_by_the_same_engine() {
    let mut world = World::new(framehouse_arena::ArenaPlugin, 8).with_link("delay=30,loss=0.02").with_players(4);
    world.step_to_playing();
    world.step_ticks(900);
    let board = world.clients[0].client.leaderboard().expect("a leaderboard every two seconds").clone();
    assert!(board.entries.iter().map(|entry| entry.points).sum::<i64>() > 0, "{board:?}");
    assert_eq!(world.desyncs(), 0);
    assert_eq!(world.errors(), Vec::<String>::new());
}

//! Seats: how many of them an address may hold, and for how long.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use bevy::prelude::*;
use framehouse_harness::{
    check,
    world::{LOOPBACK, World},
};
use framehouse_server::{
    address::AddressKey,
    config::{NetSettings, RoomSettings},
    counters::Counters,
    net::endpoint::ClientKind,
    room::directory::{Grant, JoinError, JoinRequest, JoinTarget},
    tick_load::TickLoad,
};
use framehouse_shared::{game::Game, input::Input, protocol::end::EndCode, sim::MatchSetup};
use framehouse_tiny::{MatchSeconds, PRESS, TinyPlugin};

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
const FULL: JoinError = JoinError::AddressFull { max: 8 };

fn room(size: u8) -> JoinTarget {
    JoinTarget::Create { size, private: false, practice: false, economy: None }
}

/// Asks for a session and never connects.
fn ask(world: &mut World, target: JoinTarget, caller: impl Into<AddressKey>) -> Result<Grant, JoinError> {
    let request = JoinRequest {
        name: "stranger".to_owned(),
        target,
        secret: None,
        rating: None,
        hello: None,
        caller: caller.into(),
        kind: ClientKind::Simulating,
    };
    world.server.join(&request)
}

/// Joins from an address, four at a time so that no token waits for long. Returns the first refusal.
fn join_many(world: &mut World, caller: IpAddr, count: usize) -> Option<JoinError> {
    (0..count).find_map(|_| {
        let refusal = world.join_as_caller(JoinTarget::Quick, caller).err();
        world.step_ticks(10);
        refusal
    })
}

#[test]
fn an_address_has_eight_sessions_and_another_one_is_not_affected() {
    let mut world = World::new(TinyPlugin, 110).with_thin_clients();
    assert_eq!(join_many(&mut world, STRANGER, 8), None);
    assert_eq!(world.join_as_caller(JoinTarget::Quick, STRANGER), Err(FULL));
    let code = world.clients[0].room;
    assert_eq!(world.join_as_caller(JoinTarget::Watch(code), STRANGER), Err(FULL), "to watch is a session, too");
    assert!(world.join_as_caller(JoinTarget::Quick, Ipv4Addr::new(198, 51, 100, 8)).is_ok());
    world.clients[3].client.leave();
    world.step_ticks(10);
    assert!(world.join_as_caller(JoinTarget::Quick, STRANGER).is_ok(), "a place that is left is free");
    assert_eq!(world.server.world().resource::<Counters>().joins_limited, 2);
}

#[test]
fn a_player_that_lost_its_connection_still_counts_and_may_come_back() {
    let mut world = World::new(TinyPlugin, 111).with_thin_clients();
    assert_eq!(join_many(&mut world, STRANGER, 8), None);
    let address = world.clients[0].address;
    world.network.set_cut(address, true);
    world.step_ticks(330);
    assert!(world.clients[0].client.end().is_some(), "its connection is lost");
    assert_eq!(world.join_as_caller(JoinTarget::Quick, STRANGER), Err(FULL));
    let secret = world.clients[0].resume;
    let back = world.join_as_caller(JoinTarget::Resume(secret), STRANGER).expect("its seat is kept");
    world.step_ticks(10);
    assert!(world.clients[back].client.slot().is_some());
    assert_eq!(world.join_as_caller(JoinTarget::Quick, STRANGER), Err(FULL));
}

#[test]
fn four_seats_of_an_address_are_reserved_at_a_time_and_given_back_after_five_seconds() {
    let mut world = World::new(TinyPlugin, 112);
    let granted = (0..20).filter(|_| ask(&mut world, room(2), STRANGER).is_ok()).count();
    assert_eq!((granted, world.rooms().len()), (4, 4));
    assert_eq!(ask(&mut world, room(2), STRANGER).expect_err("it does not use them"), JoinError::TokensUnused);
    world.step_ticks(140);
    assert_eq!(world.rooms().len(), 4);
    world.step_ticks(20);
    assert_eq!((world.rooms().len(), world.server.sessions()), (0, 0), "the seats are given back");
    assert!(ask(&mut world, room(2), STRANGER).is_ok());
}

#[test]
fn an_ipv6_customer_is_one_address_and_networks_have_a_looser_limit() {
    let mut world = World::new(TinyPlugin, 113);
    let v6 = |net: u16, host: u16| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 1, net, 0, 0, 0, host));
    let granted = (0..20).filter(|host| ask(&mut world, room(2), v6(0, *host)).is_ok()).count();
    assert_eq!(granted, 4, "tokens of one /64");
    // Four more from every other /64 of the same /48.
    let granted = (1..200).filter(|net| (0..4).all(|_| ask(&mut world, room(2), v6(*net, 1)).is_ok())).count();
    assert_eq!(granted, (16 * 8 - 4) / 4, "sessions of one /48");
    assert_eq!(ask(&mut world, room(2), v6(300, 1)).expect_err("its network is full"), FULL);
    let other = IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 1));
    assert!(ask(&mut world, room(2), other).is_ok());
    check::invariants(&mut world.server);
}

#[test]
fn loopback_is_not_limited_unless_a_setting_says_so() {
    let rooms = RoomSettings::default;
    let mut world = World::with_settings(TinyPlugin, 114, rooms(), NetSettings::default());
    assert!((0..50).all(|_| ask(&mut world, room(2), LOOPBACK).is_ok()));
    let net = NetSettings { limit_loopback: true, tokens_per_address: 6, ..Default::default() };
    let mut world = World::with_settings(TinyPlugin, 115, rooms(), net);
    assert_eq!((0..50).filter(|_| ask(&mut world, room(2), LOOPBACK).is_ok()).count(), 6);
}

#[test]
fn a_full_server_lets_players_come_back() {
    let mut world = World::new(TinyPlugin, 116).with_thin_clients().with_steps_per_tick(1);
    let player = world.join(room(2)).expect("a room");
    world.step_ticks(10);
    let address = world.clients[player].address;
    world.network.set_cut(address, true);
    world.step_ticks(330);
    let mut granted = 0;
    let refusal = loop {
        match ask(&mut world, room(2), LOOPBACK) {
            Ok(_) => granted += 1,
            Err(refusal) => break refusal,
        }
    };
    assert_eq!((refusal, granted), (JoinError::ServerFull, 2 * (1024 - 64)));
    let back = world.join(JoinTarget::Resume(world.clients[player].resume)).expect("some room is kept");
    world.step_ticks(10);
    assert!(world.clients[back].client.slot().is_some());
}

#[test]
fn a_busy_server_takes_nobody_new_and_lets_players_come_back() {
    let rooms = RoomSettings { load_max: 0.8, ..RoomSettings::default() };
    let mut world = World::with_rooms(TinyPlugin, 118, rooms).with_thin_clients();
    let player = world.join(room(4)).expect("a room");
    let code = world.clients[player].room;
    world.step_ticks(10);
    let busy = |world: &mut World, share: f64| {
        let second = Duration::from_secs(1);
        let mut load = world.server.world_mut().resource_mut::<TickLoad>();
        (0..100).for_each(|_| load.note(second.mul_f64(share), second, 0.0, 5));
    };
    busy(&mut world, 0.79);
    assert!(ask(&mut world, room(2), LOOPBACK).is_ok());
    busy(&mut world, 0.81);
    for target in [JoinTarget::Quick, room(2), JoinTarget::Code(code), JoinTarget::Watch(code)] {
        assert_eq!(ask(&mut world, target, LOOPBACK).expect_err("no time for it"), JoinError::Overloaded);
    }
    assert_eq!(world.server.world().resource::<Counters>().joins_overloaded, 4);
    let back = world.join(JoinTarget::Resume(world.clients[player].resume)).expect("its seat");
    world.step_ticks(10);
    assert!(world.clients[back].client.slot().is_some());
    busy(&mut world, 0.5);
    assert!(ask(&mut world, JoinTarget::Code(code), LOOPBACK).is_ok());
}

#[test]
fn a_player_has_one_token_to_come_back_at_a_time() {
    let mut world = World::new(TinyPlugin, 117).with_players(1);
    let resume = JoinTarget::Resume(world.clients[0].resume);
    let before = world.server.sessions();
    let tokens: Vec<Grant> =
        (0..100).map(|_| ask(&mut world, resume.clone(), STRANGER).expect("its seat is kept")).collect();
    assert_eq!(world.server.sessions(), before + 1);
    assert_eq!(tokens.len(), 100);
    world.step_ticks(30);
    assert!(world.clients[0].client.slot().is_some(), "the player is not disturbed");
}

/// The tiny game without a time limit.
#[derive(Clone)]
struct Endless;

impl Game for Endless {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
        app.insert_resource(MatchSeconds(1e9));
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
    }

    fn missing_input(&self, last: Input) -> Input {
        TinyPlugin.missing_input(last)
    }
}

/// A world whose rooms close after a minute in which nobody does anything.
fn impatient_world(game: impl Game + Clone, seed: u64) -> World {
    let rooms =
        RoomSettings { idle_timeout_s: 60.0, lobby_s: 0.0, results_s: 1.0, countdown_s: 1.0, ..Default::default() };
    World::with_rooms(game, seed, rooms)
}

#[test]
fn a_room_whose_only_player_does_nothing_is_closed_although_it_plays_match_after_match() {
    let mut world = impatient_world(TinyPlugin, 118);
    world.join(room(1)).expect("a room");
    world.clients[0].input = Some(Input::NEUTRAL);
    let is_over = |world: &World| world.clients[0].client.end().is_some();
    assert!(!world.step_until(world.ticks(55.0), is_over));
    assert!(world.server.world().resource::<Counters>().matches_finished >= 1);
    assert!(world.step_until(world.ticks(60.0), is_over), "it would play for ever");
    assert_eq!(world.told(0), Some(EndCode::RoomIdle));
}

#[test]
fn a_room_whose_only_player_plays_stays_open() {
    let mut world = impatient_world(TinyPlugin, 119);
    world.join(room(1)).expect("a room");
    for second in 0..120 {
        world.clients[0].input = Some(if second % 20 == 0 { PRESS } else { Input::NEUTRAL });
        world.step_ticks(30);
    }
    assert_eq!(world.clients[0].client.end(), None);
    assert!(world.server.world().resource::<Counters>().matches_finished >= 3);
}

#[test]
fn a_match_that_never_ends_and_in_which_nobody_does_anything_ends_with_its_result() {
    let mut world = impatient_world(Endless, 120);
    world.join(room(1)).expect("a room");
    world.clients[0].input = Some(Input::NEUTRAL);
    let is_over = |world: &World| world.clients[0].client.end().is_some();
    assert!(world.step_until(world.ticks(75.0), is_over));
    assert_eq!(world.told(0), Some(EndCode::RoomIdle));
    assert_eq!(world.server.world().resource::<Counters>().matches_finished, 1, "and it has a result");
}

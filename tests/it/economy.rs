//! Economy mode: inputs and frames in every second tick.

use framehouse_arena::ArenaPlugin;
use framehouse_client::{client::Notice, net::Traffic};
use framehouse_harness::world::World;
use framehouse_server::{config::RoomSettings, room::directory::JoinTarget};
use framehouse_shared::protocol::messages::{HostCommand, RoomOptions};
use framehouse_tiny::TinyPlugin;

use super::TINY_MATCH_TICKS;

fn rooms(economy: bool) -> RoomSettings {
    RoomSettings { countdown_s: 1.0, results_s: 1.0, economy, ..Default::default() }
}

/// A match of players of the tiny game over this link.
fn playing(economy: bool, link: &str, players: u8) -> World {
    let mut world = World::with_rooms(TinyPlugin, 71, rooms(economy)).with_link(link).with_players(players);
    world.step_to_playing();
    world
}

fn traffic(world: &World) -> Vec<Traffic> {
    world.clients.iter().map(|client| client.client.traffic()).collect()
}

/// Datagrams that each client sends and receives in twenty seconds, without pings and their answers.
fn datagrams(economy: bool) -> Vec<(u64, u64)> {
    let mut world = World::with_rooms(ArenaPlugin, 72, rooms(economy)).with_link("wifi").with_players(4);
    world.step_to_playing();
    world.step_ticks(60);
    let before = traffic(&world);
    world.step_ticks(600);
    // One a second in economy mode, else two.
    let pings = if economy { 20 } else { 40 };
    let since = |(after, before): (Traffic, Traffic)| {
        let traffic = after - before;
        (traffic.up_packets - pings, traffic.down_packets - pings)
    };
    traffic(&world).into_iter().zip(before).map(since).collect()
}

#[test]
fn half_as_many_datagrams_go_in_each_direction() {
    for (economy, expected) in [(false, 580..=660), (true, 280..=345)] {
        let datagrams = datagrams(economy);
        let is_expected = |(up, down): &(u64, u64)| expected.contains(up) && expected.contains(down);
        assert!(datagrams.iter().all(is_expected), "economy {economy}: {datagrams:?}");
    }
}

#[test]
fn half_of_the_rooms_send_in_even_ticks_and_half_in_odd_ones() {
    let mut world = World::with_rooms(TinyPlugin, 73, rooms(true)).with_players(2).with_players_in_another_room(2);
    world.step_to_playing();
    world.step_ticks(60);
    let mut ticks = [[0; 4]; 2];
    for tick in 0..60 {
        let before = traffic(&world);
        world.step_ticks(1);
        for (client, (after, before)) in traffic(&world).into_iter().zip(before).enumerate() {
            // Pings and leaderboards come beside the frames.
            ticks[tick % 2][client] += u32::from(after.down_packets > before.down_packets);
        }
    }
    let is_turn = ticks.map(|ticks| ticks.map(|ticks| ticks > 25));
    assert!(
        is_turn[0][0] == is_turn[0][1] && is_turn[0][0] != is_turn[1][0],
        "a room has every second tick: {ticks:?}"
    );
    assert!(is_turn[0][0] != is_turn[0][2] && is_turn[0][2] == is_turn[1][0], "the other room the others: {ticks:?}");
}

#[test]
fn a_lost_datagram_is_made_up_for_by_the_next_one() {
    let mut world = playing(true, "delay=30", 2);
    world.step_ticks(60);
    let address = world.clients[1].address;
    for _ in 0..20 {
        // Each cut swallows one datagram in each direction.
        world.network.set_cut(address, true);
        world.step_ticks(2);
        world.network.set_cut(address, false);
        world.step_ticks(15);
        assert!(world.confirmed_lag()[1] <= 6, "{:?}", world.confirmed_lag());
    }
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn the_last_frame_of_a_match_comes_whatever_its_turn() {
    // Another length of the countdown is another turn for the last tick.
    for countdown_s in [1.0, 1.0 + 1.0 / 30.0] {
        let rooms = RoomSettings { countdown_s, ..rooms(true) };
        let mut world = World::with_rooms(TinyPlugin, 74, rooms).with_link("delay=30").with_players(2);
        world.step_to_playing();
        let over = |world: &World| world.clients[0].client.results().is_some();
        assert!(world.step_until(TINY_MATCH_TICKS + 60, over));
        world.step_ticks(3);
        let end = world.clients[0].client.results().expect("over").last_tick.plus(1);
        for client in &world.clients {
            let confirmed = client.client.prediction().map(|prediction| prediction.next_confirmed());
            assert_eq!(confirmed, Some(end), "after a countdown of {countdown_s} s");
        }
    }
}

fn is_economy(world: &World, client: usize) -> Option<bool> {
    world.clients[client].client.options().map(|options| options.economy)
}

#[test]
fn new_rooms_have_the_servers_setting_unless_their_maker_says_otherwise() {
    for default in [false, true] {
        let mut world = World::with_rooms(TinyPlugin, 75, rooms(default));
        let create = |economy| JoinTarget::Create { size: 2, private: true, practice: false, economy };
        for target in [JoinTarget::Quick, create(None), create(Some(false)), create(Some(true))] {
            world.join(target).expect("a room");
        }
        world.step_ticks(30);
        let modes = [0, 1, 2, 3].map(|client| is_economy(&world, client).expect("in a room"));
        assert_eq!(modes, [default, default, false, true]);
    }
}

#[test]
fn the_host_changes_the_mode_between_matches_and_everybody_plays_by_it() {
    let mut world = World::with_rooms(TinyPlugin, 76, rooms(false)).with_link("delay=20");
    world.join(JoinTarget::Create { size: 4, private: false, practice: false, economy: None }).expect("a room");
    let code = world.room_code();
    for _ in 0..2 {
        world.join(JoinTarget::Code(code)).expect("a seat");
    }
    world.step_ticks(30);
    let host = (0..3).find(|client| world.clients[*client].client.is_host()).expect("one of them");
    let economy = RoomOptions { seats: 4, private: false, economy: true, map: None };
    world.clients[host].client.order(HostCommand::Configure(economy.clone()));
    world.step_ticks(10);
    assert_eq!([0, 1, 2].map(|client| is_economy(&world, client)), [Some(true); 3]);
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(60);
    let late = world.join(JoinTarget::Code(code)).expect("the last seat");
    let watcher = world.join(JoinTarget::Watch(code)).expect("a place");
    world.step_ticks(60);
    let before = traffic(&world);
    world.step_ticks(300);
    for (client, (after, before)) in traffic(&world).into_iter().zip(before).enumerate() {
        let traffic = after - before;
        assert_eq!(is_economy(&world, client), Some(true), "client {client}");
        assert!(traffic.down_packets < 200, "client {client}: {traffic:?}");
        assert!(traffic.up_packets < 200, "client {client}: {traffic:?}");
    }
    assert!(world.confirmed_lag()[late] <= 5 && world.confirmed_lag()[watcher] <= 8, "{:?}", world.confirmed_lag());
    world.clients[host].client.order(HostCommand::Configure(RoomOptions { economy: false, ..economy }));
    world.step_ticks(10);
    assert_eq!(is_economy(&world, host), Some(true), "not during a match");
    assert!(world.clients[host].client.drain_notices().any(|notice| matches!(notice, Notice::Refused(_))));
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn a_waiting_room_keeps_no_frame_back() {
    for pause in 0..4 {
        let rooms = RoomSettings { strict_timeout_s: 5.0, ..rooms(true) };
        let mut world = World::with_rooms(TinyPlugin, 77, rooms).with_link("delay=20").with_players(2);
        world.step_to_playing();
        world.step_ticks(60 + pause);
        let address = world.clients[1].address;
        world.network.set_cut(address, true);
        world.step_ticks(20);
        assert_eq!(world.confirmed_lag()[0], 0, "the other player has every frame while the room waits");
    }
}

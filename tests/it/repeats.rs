//! Frames that are sent twice, to clients that have lost some, and what a room needs without.

use std::time::Duration;

use framehouse_arena::ArenaPlugin;
use framehouse_client::net::Traffic;
use framehouse_harness::world::World;
use framehouse_server::config::RoomSettings;

const LINK: &str = "delay=30";
const PLAYERS: u8 = 4;

/// A match of thin clients: in every tick half of the inputs change.
fn playing(economy: bool) -> World {
    let rooms = RoomSettings { countdown: 1.0, economy, ..Default::default() };
    let mut world = World::with_rooms(ArenaPlugin, 81, rooms).with_thin_clients().with_link(LINK).with_players(PLAYERS);
    world.step_to_playing();
    world.step_ticks(60);
    world
}

/// Traffic of each client in this many ticks.
fn traffic(world: &mut World, ticks: u32) -> Vec<Traffic> {
    let so_far = |world: &World| world.clients.iter().map(|client| client.client.traffic()).collect::<Vec<_>>();
    let before = so_far(world);
    world.step_ticks(ticks);
    so_far(world).into_iter().zip(before).map(|(after, before)| after - before).collect()
}

/// Loses the datagrams that are sent in one tick to and by a client. What is in flight arrives.
fn lose_a_frame(world: &mut World, client: usize) {
    let address = world.clients[client].address;
    let quality = |link: &str| link.parse().expect("a link");
    world.network.set_quality(address, quality("delay=30,loss=1"));
    world.step_ticks(1);
    world.network.set_quality(address, quality(LINK));
}

/// The most ticks that a client was behind in the second after it had lost a frame.
fn lag_after_a_loss(world: &mut World, client: usize) -> u32 {
    lose_a_frame(world, client);
    let mut lag = || {
        world.step_ticks(1);
        world.confirmed_lag()[client]
    };
    (0..30).map(|_| lag()).max().expect("some ticks")
}

#[test]
fn a_room_of_four_needs_no_more_than_it_may() {
    // KB a second; a room in economy mode has a limit up, too.
    for (economy, down_max, up_max) in [(false, 9.0, f64::INFINITY), (true, 6.0, 5.0)] {
        let mut world = playing(economy);
        let traffic = traffic(&mut world, 900);
        let kb_per_s = |bytes: fn(&Traffic) -> u64| traffic.iter().map(bytes).sum::<u64>() as f64 / 1000.0 / 30.0;
        let (down, up) = (kb_per_s(|traffic| traffic.down_bytes), kb_per_s(|traffic| traffic.up_bytes));
        assert!(down <= down_max && up <= up_max, "economy {economy}: {down:.2} KB/s down, {up:.2} up");
    }
}

/// Bytes that each client received in a second of play, over this many seconds with as many matches as there are.
fn down_per_s(world: &mut World, seconds: u32) -> Vec<f64> {
    let so_far = |world: &World| {
        let stats = world.clients.iter().map(|client| client.client.stats());
        stats.map(|stats| (stats.playing_traffic.down_bytes, stats.playing_time)).collect::<Vec<_>>()
    };
    let before = so_far(world);
    for _ in 0..seconds {
        world.step_ticks(30);
        world.all_ready();
    }
    let rate = |((bytes, time), (bytes_before, time_before)): ((u64, Duration), (u64, Duration))| {
        (bytes - bytes_before) as f64 / (time - time_before).as_secs_f64()
    };
    so_far(world).into_iter().zip(before).map(rate).collect()
}

#[test]
fn whoever_has_lost_a_frame_gets_each_twice_for_five_minutes() {
    let mut world = playing(false);
    let before = down_per_s(&mut world, 20);
    lose_a_frame(&mut world, 1);
    world.step_ticks(60);
    let (soon, late) = (down_per_s(&mut world, 20), down_per_s(&mut world, 260));
    down_per_s(&mut world, 30);
    let after = down_per_s(&mut world, 20);
    // Two inputs with a mask and three bytes each, behind a byte. Once a second a frame has entropy or a hash, too.
    let repeats = |now: &[f64], client: usize| (now[client] - before[client]) / 9.0;
    for (client, expected) in [0.0, 30.0, 0.0, 0.0].into_iter().enumerate() {
        let [soon, late, after] = [&soon, &late, &after].map(|now| repeats(now, client));
        assert!((soon - expected).abs() < 6.0, "{soon} frames a second come twice to client {client}");
        assert!((late - expected).abs() < 6.0, "{late} frames a second come twice to client {client} in later matches");
        assert!(after.abs() < 6.0, "{after} frames a second come twice to client {client} after five minutes");
    }
}

#[test]
fn a_lost_frame_comes_within_a_round_trip_and_the_next_ones_in_the_next_tick() {
    let rooms = RoomSettings { countdown: 1.0, ..Default::default() };
    let mut world = World::with_rooms(ArenaPlugin, 82, rooms).with_link(LINK).with_players(2);
    world.step_to_playing();
    world.step_ticks(60);
    let usual = world.confirmed_lag()[1];
    // The hole is seen with the next frame, reported with the next inputs, and filled with the frame after that.
    let first = lag_after_a_loss(&mut world, 1);
    assert!(first <= usual + 5, "{first} ticks behind instead of {usual}");
    for _ in 0..5 {
        let next = lag_after_a_loss(&mut world, 1);
        assert!(next <= usual + 2, "{next} ticks behind instead of {usual}");
    }
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

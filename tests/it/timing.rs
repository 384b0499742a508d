//! Timing: late inputs, prediction and input delay over common networks. A link's delay is one way: 15 is a round trip of
//! 30 ms.

use framehouse_arena::ArenaPlugin;
use framehouse_client::stats::{ClientStats, Distribution};
use framehouse_harness::world::World;
use framehouse_server::config::RoomSettings;
use framehouse_tiny::TinyPlugin;

/// The measurements of four bots of the tiny game over these links. They press at random, so that every prediction is wrong
/// and the depth of rollbacks shows the depth of prediction. Matches of half a minute give their beginnings the usual
/// weight.
fn played(link: &str, minutes: u32, economy: bool) -> ClientStats {
    let rooms = RoomSettings { countdown_s: 1.0, results_s: 1.0, economy, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 21, rooms).with_link(link).with_players(4);
    for _ in 0..minutes * 60 {
        world.step_ticks(30);
        world.all_ready();
    }
    let mut stats = ClientStats::default();
    world.clients.iter().for_each(|client| stats.add(client.client.stats()));
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()), "{link}");
    stats
}

fn late_percent(stats: &ClientStats) -> f64 {
    100.0 * stats.late_inputs as f64 / stats.ticks_confirmed as f64
}

fn ms(tenths: &Distribution, part: f64) -> f64 {
    tenths.quantile(part) as f64 / 10.0
}

#[test]
fn nothing_is_late_on_a_perfect_link_for_five_minutes() {
    for link in ["delay=0", "lan", "delay=60"] {
        let stats = played(link, 5, false);
        assert_eq!((stats.late_inputs, stats.replaced_inputs), (0, 0), "{link}");
    }
}

#[test]
fn on_networks_that_people_have_one_input_in_a_hundred_is_late_at_most_and_the_answer_is_quick() {
    for link in ["wifi", "4g", "transatlantic"] {
        let stats = played(link, 3, false);
        assert!(late_percent(&stats) <= 1.0, "{link}: {} % late", late_percent(&stats));
        let view = ms(&stats.input_to_view_tenth_ms, 0.99);
        assert!(view < 100.0, "{link}: inputs are seen after {view} ms");
    }
}

#[test]
fn the_ticks_predicted_and_the_delay_follow_the_distance() {
    // Delay and jitter, ticks undone by a typical rollback, and the times after which half and nearly all inputs are seen.
    for (link, undone, view_ms_max) in [
        ("delay=15,jitter=2", 1..=2, [50.0, 50.0]),
        ("delay=50,jitter=10", 3..=4, [50.0, 50.0]),
        ("delay=97,jitter=2", 5..=6, [70.0, 100.0]),
        ("delay=100,jitter=20", 6..=6, [117.0, 170.0]),
    ] {
        let stats = played(link, 3, false);
        let usual = stats.rollback_ticks.quantile(0.5);
        assert!(undone.contains(&usual), "{link}: {usual} ticks are undone");
        let view = [0.5, 0.99].map(|part| ms(&stats.input_to_view_tenth_ms, part));
        assert!(view[0] <= view_ms_max[0] && view[1] <= view_ms_max[1], "{link}: inputs are seen after {view:?} ms");
        assert!(late_percent(&stats) <= 0.3, "{link}: {} % late", late_percent(&stats));
    }
}

#[test]
fn in_economy_mode_as_few_inputs_are_late_and_no_view_waits_for_them() {
    for (link, late_percent_max) in
        [("delay=0", 0.0), ("delay=60", 0.0), ("wifi", 1.0), ("4g", 1.0), ("transatlantic", 1.0)]
    {
        let stats = played(link, 3, true);
        assert!(late_percent(&stats) <= late_percent_max, "{link}: {} % late", late_percent(&stats));
        let view = ms(&stats.input_to_view_tenth_ms, 0.99);
        assert!(view < 150.0, "{link}: inputs are seen after {view} ms");
    }
}

#[test]
fn an_awful_network_is_played_on_without_a_desync() {
    let stats = played("awful", 3, false);
    assert!(late_percent(&stats) < 10.0, "{} % late", late_percent(&stats));
    assert!(stats.ticks_confirmed > 4 * 3 * 60 * 25, "{} ticks", stats.ticks_confirmed);
}

#[test]
fn how_far_wrong_predictions_move_what_is_seen_is_measured() {
    let corrected = |link: &str| {
        let mut world = World::new(ArenaPlugin, 23).with_link(link).with_players(4);
        world.step_to_playing();
        world.step_ticks(600);
        let stats = world.clients[0].client.stats();
        (stats.corrections, stats.largest_correction)
    };
    let (near, far) = (corrected("delay=0"), corrected("delay=50"));
    assert!(near.0 <= 5 && far.0 > 100, "{near:?}, {far:?}");
    assert!((20.0..500.0).contains(&far.1), "{far:?} units in an arena of 1600");
}

/// Two players in a match over links of 40 ms, after ten seconds.
fn settled() -> World {
    let mut world = World::new(TinyPlugin, 22).with_link("delay=20,jitter=2").with_players(2);
    world.step_to_playing();
    world.step_ticks(300);
    world
}

/// After two seconds no input is late, and the client is at the server's tick.
fn goes_on(world: &mut World) {
    world.step_ticks(60);
    let before = world.clients[1].client.stats().clone();
    world.step_ticks(150);
    let after = world.clients[1].client.stats();
    assert!(after.late_inputs - before.late_inputs <= 1, "{} late", after.late_inputs - before.late_inputs);
    assert!(after.replaced_inputs - before.replaced_inputs <= 1, "it does not play");
    assert!(world.confirmed_lag().into_iter().all(|lag| lag < 10));
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn who_slept_for_five_seconds_plays_on_two_seconds_later() {
    // The datagrams on the way differ between falling asleep and waking.
    for ticks in 150..156 {
        let mut world = settled();
        world.clients[1].is_asleep = true;
        world.step_ticks(ticks);
        world.clients[1].is_asleep = false;
        goes_on(&mut world);
    }
}

#[test]
fn a_clock_that_jumps_is_noticed_and_costs_no_match() {
    for jump_ms in [300, 4000] {
        let mut world = settled();
        world.clients[1].clock_ahead += std::time::Duration::from_millis(jump_ms);
        goes_on(&mut world);
    }
}

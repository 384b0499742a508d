//! Tests: the game plays at the same speed at every tick rate.

use framehouse_shared::simulation::BotMatch;

use super::*;
use crate::{PROTOCOL_PARTS, map::ARENA_HALF, rules::ArenaLibrary, scoring::Scores};

const HZ: [u16; 5] = [10, 20, 30, 60, 120];

fn rate(hz: u16) -> SimRate {
    SimRate::new(hz).expect("in range")
}

fn place(simulation: &Simulation) -> Vec2 {
    simulation.get::<Bodies>().and_then(|bodies| bodies.position(slot(0))).expect("seated")
}

fn put(simulation: &mut Simulation, position: Vec2) {
    let mut room = simulation.room_mut();
    let mut bodies = room.get_mut::<Bodies>().expect("open");
    bodies.set_position(slot(0), position);
    bodies.set_velocity(slot(0), Vec2::ZERO);
}

#[test]
fn a_match_of_bots_lasts_as_many_seconds_and_brings_as_many_gems() {
    let played = HZ.map(|hz| {
        let (mut ticks, mut gems) = (0, 0);
        let match_ = BotMatch { seed: 7, seats: 4, ticks_max: u32::MAX, rate: rate(hz) };
        match_.play(ArenaPlugin, |tick, simulation| {
            ticks = tick.plus(1).0;
            let scores = simulation.get::<Scores>().expect("open");
            gems = scores.0.iter().map(|score| u32::from(score.gems)).sum();
        });
        (ticks, gems)
    });
    println!("ticks and gems: {played:?}");
    for (hz, (ticks, gems)) in HZ.into_iter().zip(played) {
        assert_eq!(ticks, 120 * u32::from(hz), "{hz} Hz");
        assert!(gems.abs_diff(played[2].1) * 3 < played[2].1, "{gems} gems at {hz} Hz: {played:?}");
    }
}

#[test]
fn every_rate_that_is_accepted_can_be_played() {
    for hz in SimRate::HZ_MIN..=SimRate::HZ_MAX {
        let bots = BotMatch { seed: 7, seats: 16, ticks_max: u32::from(hz) / 2, rate: rate(hz) };
        let mut state = Vec::new();
        bots.play(ArenaPlugin, |_, simulation| state = simulation.encode());
        let mut copy = Simulation::new(ArenaPlugin);
        copy.set_rate(rate(hz));
        copy.decode(&state).expect("a state decodes");
        assert!(copy.encode() == state, "{hz} Hz");
    }
}

#[test]
fn a_craft_at_full_throttle_covers_as_much_ground() {
    let ways = HZ.map(|hz| {
        let mut simulation = opened_at(rate(hz), 1, 1);
        put(&mut simulation, Vec2::new(-500.0, -400.0));
        let full = ArenaInput { throttle: 255, ..default() };
        (0..2 * hz).for_each(|_| step_with(&mut simulation, &[(0, full)]));
        place(&simulation).x + 500.0
    });
    println!("units in two seconds: {ways:?}");
    assert!(ways.iter().all(|way| (way - ways[2]).abs() < 0.02 * ways[2]), "{ways:?}");
}

#[test]
fn a_dash_goes_as_far_and_cools_down_as_long() {
    let dashes = HZ.map(|hz| {
        let mut simulation = opened_at(rate(hz), 1, 1);
        put(&mut simulation, Vec2::new(-500.0, -400.0));
        let dash = ArenaInput { aim: 0, dash: true, ..default() };
        step_with(&mut simulation, &[(0, dash)]);
        let ready = simulation.get::<Bodies>().and_then(|bodies| bodies.craft(slot(0))).expect("seated").dash_ready;
        (1..hz).for_each(|_| step_with(&mut simulation, &[]));
        (place(&simulation).x + 500.0, f32::from(ready.since(Tick(1)) as u16) / f32::from(hz))
    });
    println!("units and seconds: {dashes:?}");
    let (way, _) = dashes[2];
    // The glide is a whole number of ticks; at 10 Hz it is a single one.
    assert!(dashes.iter().all(|dash| (dash.0 - way).abs() < 0.15 * way && (dash.1 - 1.4).abs() < 0.01), "{dashes:?}");
}

#[test]
fn nothing_passes_through_walls_bars_or_crafts_at_any_rate() {
    let bars = ArenaLibrary::embedded().rules_for("basin", SimRate::DEFAULT).map.obstacles.clone();
    for hz in HZ {
        let mut simulation = opened_at(rate(hz), 1, 1);
        // From all sides against the bar on the left, at maximum speed.
        for turn in 0..16u8 {
            let heading = crate::directions::unit(turn * 16);
            put(&mut simulation, Vec2::new(-600.0, 0.0) - heading * 130.0);
            let flight = ArenaInput { direction: turn * 16, throttle: 255, dash: true, ..default() };
            (0..3 * hz).for_each(|_| {
                step_with(&mut simulation, &[(0, flight)]);
                let at = place(&simulation);
                assert!(at.abs().cmple(ARENA_HALF - Vec2::splat(10.0)).all(), "outside at {at}, {hz} Hz");
                assert!(bars.iter().all(|bar| bar.clearance(at).distance > 5.0), "inside a bar at {at}, {hz} Hz");
            });
        }
    }
}

#[test]
fn two_crafts_that_dash_at_each_other_bounce_at_any_rate() {
    for hz in HZ {
        let mut simulation = opened_at(rate(hz), 1, 2);
        let mut room = simulation.room_mut();
        let mut bodies = room.get_mut::<Bodies>().expect("open");
        bodies.set_position(slot(0), Vec2::new(-100.0, 0.0));
        bodies.set_position(slot(1), Vec2::new(100.0, 0.0));
        let dash = |aim| ArenaInput { aim, dash: true, ..default() };
        step_with(&mut simulation, &[(0, dash(0)), (1, dash(128))]);
        (0..hz).for_each(|_| step_with(&mut simulation, &[]));
        let x = |number| simulation.get::<Bodies>().and_then(|it| it.position(slot(number))).expect("seated").x;
        assert!(x(0) < x(1), "they passed through each other at {hz} Hz");
    }
}

#[test]
fn the_games_part_of_the_protocol_names_the_crates_in_the_lock_file() {
    let lock = include_str!("../../../../Cargo.lock");
    for (name, version) in PROTOCOL_PARTS {
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
        assert!(lock.contains(&entry), "{name} is not at {version} in Cargo.lock: update PROTOCOL_PARTS");
    }
}

//! The whole game: determinism, rollback, snapshots, and that it plays as it should.

use std::{fs, path::PathBuf};

use bevy::prelude::*;

use super::{
    ArenaPlugin,
    bodies::Bodies,
    events::{ArenaEvent, TickEvents},
    grid::SpatialGrid,
    input::ArenaInput,
    pickups::{PICKUPS_MAX, Pickups},
    projectiles::{Projectiles, SPARKS_MAX},
    rules::{ArenaLibrary, MatchRules, Rules},
    scoring::{ArenaDetail, Scores},
};
use crate::{
    ids::Slot,
    input::{Frame, Input, RosterChange, RosterEvent},
    rng::SimRng,
    room_state::RoomSnapshot,
    score::Scoreboard,
    sim::{LastInputs, MatchSetup},
    simulation::{Simulation, bot_match, determinism_fingerprint},
    tick::Tick,
};

/// Crafts at these places, by slot, and the grid over them.
pub(super) fn crafts_at(places: &[Vec2], rules: &MatchRules) -> (Bodies, SpatialGrid) {
    let (mut bodies, mut grid) = (Bodies::new(rules), SpatialGrid::default());
    for (slot, place) in Slot::all().zip(places) {
        bodies.spawn(slot, rules, Tick(0));
        bodies.set_position(slot, *place);
    }
    bodies.index(rules.numbers.craft.radius, &mut grid);
    (bodies, grid)
}

fn slot(number: u8) -> Slot {
    Slot::new(number).expect("tests use small numbers")
}

fn opened(seed: u64, seats: u8) -> Simulation {
    let mut simulation = Simulation::new(ArenaPlugin);
    simulation.open(&MatchSetup { seed, map: "basin".to_owned(), seats });
    let mut frame = Frame::default();
    frame.events.extend((0..seats).map(|number| RosterEvent { change: RosterChange::Join, slot: slot(number) }));
    simulation.step(&frame);
    simulation
}

fn step_with(simulation: &mut Simulation, inputs: &[(u8, ArenaInput)]) {
    let mut frame = Frame { tick: simulation.next_tick(), ..default() };
    for (number, input) in inputs {
        frame.inputs[usize::from(*number)] = (*input).into();
    }
    simulation.step(&frame);
}

/// Everybody pushes to the centre, so that crafts lean on each other: contacts stay alive.
fn scrum_frame(simulation: &Simulation, rng: &mut SimRng) -> Frame {
    let mut frame = Frame { tick: simulation.next_tick(), ..default() };
    let bodies = simulation.get::<Bodies>().expect("a match is open");
    for (slot, position) in bodies.positions() {
        let mut input = ArenaInput { fire: rng.one_in(5), dash: rng.one_in(30), ..default() };
        input.steer(-position);
        input.aim = rng.below(256) as u8;
        frame.inputs[slot.index()] = input.into();
    }
    frame
}

#[test]
fn a_decoded_room_goes_on_bit_for_bit() {
    for seats in [4, 16] {
        let (mut original, mut rng) = (opened(11, seats), SimRng::new(5));
        for _ in 0..200 {
            original.step(&scrum_frame(&original, &mut rng));
        }
        assert!(original.get::<Bodies>().expect("open").touching() > 0, "the test needs living contacts");
        let mut copy = Simulation::new(ArenaPlugin);
        copy.decode(&original.encode()).expect("a state decodes");
        for _ in 0..300 {
            let frame = scrum_frame(&original, &mut rng);
            original.step(&frame);
            copy.step(&frame);
            assert_eq!(original.hashes(), copy.hashes(), "{seats} seats, tick {}", frame.tick);
        }
        assert_eq!(original.encode(), copy.encode());
    }
}

#[test]
fn a_rolled_back_room_repeats_itself_bit_for_bit() {
    let (mut simulation, mut rng) = (opened(12, 6), SimRng::new(6));
    let mut saved = RoomSnapshot::default();
    for _ in 0..40 {
        for _ in 0..5 {
            simulation.step(&scrum_frame(&simulation, &mut rng));
        }
        simulation.save(&mut saved);
        let mut guess = SimRng::new(rng.clone().bits().into());
        let mut frames = Vec::new();
        let mut first = Vec::new();
        for _ in 0..12 {
            frames.push(scrum_frame(&simulation, &mut guess));
            simulation.step(frames.last().expect("just pushed"));
            first.push((simulation.hashes(), simulation.encode()));
        }
        simulation.restore(&saved);
        for (frame, (hashes, bytes)) in frames.iter().zip(&first) {
            simulation.step(frame);
            assert_eq!((&simulation.hashes(), &simulation.encode()), (hashes, bytes), "tick {}", frame.tick);
        }
        simulation.restore(&saved);
    }
}

#[test]
fn rooms_stepped_in_turns_do_not_touch_each_other() {
    let alone: Vec<u64> = (0..2).map(|seed| played(&mut [opened(seed, 4)], &[seed])[0]).collect();
    let together = played(&mut [opened(0, 4), opened(1, 4)], &[0, 1]);
    assert_eq!(alone, together);
}

fn played(rooms: &mut [Simulation], seeds: &[u64]) -> Vec<u64> {
    let mut rngs: Vec<SimRng> = seeds.iter().map(|seed| SimRng::new(*seed)).collect();
    for _ in 0..200 {
        for (room, rng) in rooms.iter_mut().zip(&mut rngs) {
            room.step(&scrum_frame(room, rng));
        }
    }
    rooms.iter().map(|room| room.hashes().combined()).collect()
}

/// The hashes of a whole match of bots, and the fingerprint that server and client compare.
#[test]
fn the_golden_match_has_its_golden_hashes() {
    let mut lines = vec![format!("rules {}", super::RULES_VERSION)];
    bot_match(ArenaPlugin, 2024, 4, 3600, |tick, simulation| {
        if tick.plus(1).0.is_multiple_of(600) {
            lines.push(format!("{} {:016x}", tick.plus(1), simulation.hashes().combined()));
        }
    });
    lines.push(format!("fingerprint {:016x}", determinism_fingerprint(ArenaPlugin)));
    let text = lines.join("\n") + "\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../assets/arena/golden/hashes.txt");
    if std::env::var_os("FRAMEHOUSE_BLESS").is_some() {
        fs::write(&path, &text).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(
        text, golden,
        "if the rules were meant to change: raise RULES_VERSION and bless with FRAMEHOUSE_BLESS=1"
    );
}

#[test]
fn a_match_of_bots_is_lively_and_ends_on_the_clock() {
    let (mut changed, mut inputs, mut last, mut ticks) = (0u32, 0u32, None, 0);
    let (mut gems, mut points, mut shots, mut hits, mut bumps, mut dashes) = (0, 0, 0, 0, 0, 0);
    bot_match(ArenaPlugin, 7, 4, 10_000, |tick, simulation| {
        ticks = tick.plus(1).0;
        let now = simulation.get::<LastInputs>().expect("open").0;
        if let Some(before) = last.replace(now) {
            inputs += 4;
            changed += (0..4).filter(|&place| now[place] != before[place]).count() as u32;
        }
        for event in &simulation.get::<TickEvents>().expect("open").list {
            match event {
                ArenaEvent::Taken { points: more, .. } => (gems, points) = (gems + 1, points + more),
                ArenaEvent::Fired { .. } => shots += 1,
                ArenaEvent::Hit { .. } => hits += 1,
                ArenaEvent::Bumped { .. } => bumps += 1,
                ArenaEvent::Dashed { .. } => dashes += 1,
                _ => {}
            }
        }
    });
    assert_eq!(ticks, 3600);
    println!(
        "{gems} gems, {points} points, {shots} shots, {hits} hits, {bumps} bumps, {dashes} dashes, {changed}/{inputs}"
    );
    assert!(gems > 250 && points > 800 && shots > 200 && hits > 60 && hits < shots && bumps > 40 && dashes > 40);
    assert!(changed * 10 < inputs * 6, "{changed} of {inputs} inputs changed");
}

#[test]
fn a_craft_gathers_speed_quickly_and_drifts_to_a_stop() {
    let mut simulation = opened(1, 1);
    let speed = |simulation: &Simulation| {
        simulation.get::<Bodies>().and_then(|b| b.velocity(slot(0))).expect("seated").length()
    };
    let full = ArenaInput { throttle: 255, ..default() };
    (0..12).for_each(|_| step_with(&mut simulation, &[(0, full)]));
    assert!(speed(&simulation) > 280.0, "{}", speed(&simulation));
    (0..30).for_each(|_| step_with(&mut simulation, &[]));
    assert!(speed(&simulation) < 15.0, "{}", speed(&simulation));
}

#[test]
fn a_dash_is_fast_and_needs_its_cooldown() {
    let mut simulation = opened(1, 1);
    let dash = ArenaInput { throttle: 255, dash: true, ..default() };
    step_with(&mut simulation, &[(0, dash)]);
    let speed = |simulation: &Simulation| {
        simulation.get::<Bodies>().and_then(|b| b.velocity(slot(0))).expect("seated").length()
    };
    assert!((speed(&simulation) - 980.0).abs() < 1.0);
    (0..20).for_each(|_| step_with(&mut simulation, &[(0, dash)]));
    assert!(speed(&simulation) < 500.0);
}

#[test]
fn walls_and_crafts_bounce_and_nothing_passes_through() {
    let rules = ArenaLibrary::embedded().rules_for("basin");
    let (mut bodies, _) = crafts_at(&[Vec2::new(-400.0, 0.0), Vec2::new(-200.0, 0.0)], &rules);
    bodies.set_velocity(slot(0), Vec2::new(1100.0, 0.0));
    bodies.set_velocity(slot(1), Vec2::new(-1100.0, 0.0));
    for _ in 0..8 {
        bodies.step();
        let (left, right) = (bodies.position(slot(0)).expect("there"), bodies.position(slot(1)).expect("there"));
        assert!(right.x - left.x > 30.0, "{left} and {right} overlap");
    }
    assert!(bodies.velocity(slot(0)).expect("there").x < -500.0, "{:?}", bodies.velocity(slot(0)));
    for _ in 0..60 {
        bodies.step();
        assert!(bodies.positions().all(|(_, position)| position.x.abs() < 785.0));
    }
}

#[test]
fn a_hit_pushes_costs_points_and_breaks_the_combo() {
    let mut simulation = opened(3, 2);
    // The shields of the start must be gone.
    (0..90).for_each(|_| step_with(&mut simulation, &[]));
    let mut room = simulation.room_mut();
    room.get_mut::<Pickups>().expect("open").gems.clear();
    room.get_mut::<Scores>().expect("open").of_mut(slot(1)).points = 100;
    let mut bodies = room.get_mut::<Bodies>().expect("open");
    bodies.set_position(slot(0), Vec2::new(-100.0, 0.0));
    bodies.set_position(slot(1), Vec2::new(100.0, 0.0));
    let fire = ArenaInput { fire: true, ..default() };
    let points = |simulation: &Simulation| simulation.get::<Scores>().expect("open").of(slot(1)).points;
    let before = points(&simulation);
    let mut pushed = false;
    for _ in 0..10 {
        step_with(&mut simulation, &[(0, fire)]);
        pushed |= simulation.get::<Bodies>().and_then(|b| b.velocity(slot(1))).expect("seated").x > 200.0;
    }
    assert!(pushed);
    assert!(points(&simulation) <= before - 12 + 6);
    let board = simulation.get::<Scoreboard>().expect("open");
    let detail = ArenaDetail::decode(board.slots[0].detail);
    assert_eq!((detail.shots, detail.hits, detail.accuracy_permille), (2, 1, 500));
}

#[test]
fn a_player_who_left_keeps_the_score_and_loses_the_craft() {
    let mut simulation = opened(4, 2);
    simulation.room_mut().get_mut::<Scores>().expect("open").of_mut(slot(1)).points = 55;
    let mut frame = Frame { tick: simulation.next_tick(), ..default() };
    frame.events.push(RosterEvent { change: RosterChange::Leave, slot: slot(1) });
    simulation.step(&frame);
    assert!(simulation.get::<Bodies>().expect("open").craft(slot(1)).is_none());
    assert_eq!(simulation.get::<Scoreboard>().expect("open").slots[1].points, 55);
    let mut frame = Frame { tick: simulation.next_tick(), ..default() };
    frame.events.push(RosterEvent { change: RosterChange::Join, slot: slot(1) });
    simulation.step(&frame);
    assert_eq!(simulation.get::<Scoreboard>().expect("open").slots[1].points, 0);
}

/// Rules at the ends of their ranges, arbitrary input bytes, and everyone coming and going.
#[test]
fn nothing_an_operator_or_a_player_sends_breaks_a_match() {
    for (seed, numbers) in extreme_numbers().into_iter().enumerate() {
        let (mut simulation, mut rng) = (opened(seed as u64, 16), SimRng::new(seed as u64));
        let rules = Rules::new(numbers, ArenaLibrary::embedded().rules_for("crossing").map.clone()).expect("in range");
        let mut bodies = Bodies::new(&rules);
        for slot in Slot::all() {
            bodies.spawn(slot, &rules, Tick(0));
        }
        simulation.room_mut().insert((bodies, rules));
        for _ in 0..400 {
            let mut frame = Frame { tick: simulation.next_tick(), ..default() };
            let seated =
                simulation.get::<Bodies>().expect("open").positions().fold(0, |mask, (slot, _)| mask | slot.bit());
            for slot in Slot::all() {
                frame.inputs[slot.index()] = Input(std::array::from_fn(|_| rng.bits() as u8));
                if rng.one_in(20) {
                    let change = if seated & slot.bit() != 0 { RosterChange::Leave } else { RosterChange::Join };
                    frame.events.push(RosterEvent { change, slot });
                }
            }
            frame.events.sort();
            simulation.step(&frame);
            assert!(simulation.get::<Projectiles>().expect("open").sparks.len() <= SPARKS_MAX);
            assert!(simulation.get::<Pickups>().expect("open").gems.len() <= PICKUPS_MAX);
            assert!(simulation.get::<Bodies>().expect("open").positions().all(|(_, place)| place.is_finite()));
        }
    }
}

fn extreme_numbers() -> Vec<super::numbers::ArenaNumbers> {
    let base = ArenaLibrary::embedded().rules_for("basin").numbers.clone();
    let mut wild = base.clone();
    (wild.craft.radius, wild.craft.acceleration, wild.craft.drag, wild.craft.speed_max) = (40.0, 10_000.0, 0.0, 2000.0);
    (wild.craft.bounce, wild.craft.wall_bounce, wild.dash.speed, wild.dash.cooldown_ticks) = (1.0, 1.0, 2000.0, 1);
    (wild.spark.speed, wild.spark.life_ticks, wild.spark.cooldown_ticks, wild.spark.knockback) =
        (3000.0, 300, 1, 2000.0);
    (wild.gem.field_max, wild.gem.spawn_ticks, wild.gem.jackpot_ticks, wild.loss.gems) = (96, 1, 30, 12);
    (wild.gem.drag, wild.gem.magnet_acceleration, wild.loss.scatter_speed, wild.loss.shield_ticks) =
        (0.0, 10_000.0, 1500.0, 0);
    let mut tame = base;
    (tame.craft.radius, tame.craft.acceleration, tame.craft.drag, tame.craft.speed_max) = (10.0, 100.0, 20.0, 50.0);
    (tame.spark.speed, tame.spark.radius, tame.dash.speed, tame.gem.magnet_radius) = (50.0, 20.0, 0.0, 0.0);
    (tame.loss.percent, tame.loss.gems, tame.combo.step, tame.combo.multiplier_max) = (100, 1, 1, 1);
    vec![wild, tame]
}

#[test]
fn every_map_is_played_by_sixteen_bots() {
    for map in ["basin", "crossing"] {
        let mut simulation = Simulation::new(ArenaPlugin);
        simulation.open(&MatchSetup { seed: 9, map: map.to_owned(), seats: 16 });
        let mut rngs: Vec<SimRng> = (0..16).map(SimRng::new).collect();
        let mut frame = Frame::default();
        frame.events.extend(Slot::all().map(|slot| RosterEvent { change: RosterChange::Join, slot }));
        simulation.step(&frame);
        let mut slow_ticks = [0; 16];
        for _ in 0..900 {
            let mut frame = Frame { tick: simulation.next_tick(), ..default() };
            for slot in Slot::all() {
                frame.inputs[slot.index()] = simulation.bot_input(slot, &mut rngs[slot.index()]);
            }
            simulation.step(&frame);
            let velocities = simulation.get::<Bodies>().expect("open").velocities();
            slow_ticks.iter_mut().zip(velocities).for_each(|(slow, v)| *slow += i32::from(v.length() < 60.0));
        }
        println!("{map}: {slow_ticks:?} of 900 ticks slow");
        assert!(slow_ticks.iter().all(|slow| *slow < 300), "a bot is stuck on {map}: {slow_ticks:?}");
        let scores = simulation.get::<Scores>().expect("open");
        assert!(scores.0.iter().all(|score| score.gems > 2), "{scores:?}");
    }
}

//! Tests of the rules: speed, dashes, collisions, hits, scores and bots.

use framehouse_shared::{rng::SimRng, score::Scoreboard, sim::LastInputs, simulation::bot_match};

use super::*;
use crate::{
    events::{ArenaEvent, TickEvents},
    pickups::Pickups,
    rules::ArenaLibrary,
    scoring::{ArenaDetail, Scores},
};

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
    let rules = ArenaLibrary::embedded().rules_for("basin", SimRate::DEFAULT);
    let (mut bodies, _) = crafts_at(&[Vec2::new(-400.0, 0.0), Vec2::new(-200.0, 0.0)], &rules);
    bodies.set_velocity(slot(0), Vec2::new(1100.0, 0.0));
    bodies.set_velocity(slot(1), Vec2::new(-1100.0, 0.0));
    for _ in 0..8 {
        bodies.step(SimRate::DEFAULT.dt());
        let (left, right) = (bodies.position(slot(0)).expect("there"), bodies.position(slot(1)).expect("there"));
        assert!(right.x - left.x > 30.0, "{left} and {right} overlap");
    }
    assert!(bodies.velocity(slot(0)).expect("there").x < -500.0, "{:?}", bodies.velocity(slot(0)));
    for _ in 0..60 {
        bodies.step(SimRate::DEFAULT.dt());
        assert!(bodies.positions().all(|(_, position)| position.x.abs() < 785.0));
    }
}

#[test]
fn a_hit_pushes_costs_points_and_breaks_the_combo() {
    let mut simulation = opened(3, 2);
    // The shields at the start of a match must be over.
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

#[test]
fn every_map_is_played_by_sixteen_bots() {
    for map in ["basin", "crossing"] {
        let mut simulation = Simulation::new(ArenaPlugin);
        simulation.open(&MatchSetup { seed: 9, map: map.to_owned(), seats: 16, rate: SimRate::DEFAULT });
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

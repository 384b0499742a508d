//! Tests: no input and no file can break a match.

use framehouse_shared::{input::Input, rng::SimRng, sim::GameFile};

use super::*;
use crate::{
    numbers::ArenaNumbers,
    pickups::{PICKUPS_MAX, Pickups},
    projectiles::{Projectiles, SPARKS_MAX},
    rules::{ArenaLibrary, Rules},
};

/// Rules at the ends of their ranges, arbitrary input bytes, all players joining and leaving.
#[test]
fn nothing_an_operator_or_a_player_sends_breaks_a_match() {
    for (seed, numbers) in extreme_numbers().into_iter().enumerate() {
        let (mut simulation, mut rng) = (with_rules(seed as u64, numbers), SimRng::new(seed as u64));
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

/// 16 small crafts that dash through the centre again and again: rapier predicts contacts between nearly all of them, and
/// needs more than 16 colours for those of one craft.
#[test]
fn every_state_of_a_scrum_decodes() {
    let mut numbers = extreme_numbers().swap_remove(0);
    numbers.craft.radius = 10.0;
    let (mut simulation, mut copy) = (with_rules(1, numbers), Simulation::new(ArenaPlugin));
    let mut most_colours = 0;
    for tick in 0..300 {
        if tick > 100 && most_colours > 16 {
            break;
        }
        let mut frame = Frame { tick: simulation.next_tick(), ..default() };
        let bodies = simulation.get::<Bodies>().expect("open");
        for (slot, position) in bodies.positions() {
            let mut input = ArenaInput { dash: tick % 2 == 0, ..default() };
            input.steer(-position);
            frame.inputs[slot.index()] = input.into();
        }
        simulation.step(&frame);
        let state = simulation.encode();
        assert_eq!(copy.decode(&state), Ok(()), "after tick {tick}");
        assert!(copy.encode() == state, "after tick {tick}");
        most_colours = most_colours.max(colours(simulation.get::<Bodies>().expect("open")));
    }
    assert!(most_colours > 16, "a mask with {most_colours} bits could pass for an index");
}

/// The largest number of bits in a mask of colours that has at most 64 of them.
fn colours(bodies: &Bodies) -> u32 {
    let text = serde_json::to_string(bodies).expect("bodies serialise");
    let all: serde_json::Value = serde_json::from_str(&text).expect("it was written just now");
    let masks = all["narrow_phase"]["body_solver_color_masks"].as_array().expect("a mask for each body");
    masks.iter().filter_map(serde_json::Value::as_u64).map(|mask| 64 - mask.leading_zeros()).max().unwrap_or(0)
}

/// A match of 16 players on a small map with these numbers.
fn with_rules(seed: u64, numbers: ArenaNumbers) -> Simulation {
    let mut simulation = opened(seed, 16);
    let map = ArenaLibrary::embedded().rules_for("crossing", SimRate::DEFAULT).map.clone();
    let rules = Rules::new(numbers, map).expect("in range");
    let mut bodies = Bodies::new(&rules);
    for slot in Slot::all() {
        bodies.spawn(slot, &rules, Tick(0));
    }
    simulation.room_mut().insert((bodies, rules));
    simulation
}

fn extreme_numbers() -> Vec<ArenaNumbers> {
    let base = ArenaLibrary::embedded().rules_for("basin", SimRate::DEFAULT).numbers.clone();
    let mut wild = base.clone();
    (wild.craft.radius, wild.craft.acceleration, wild.craft.drag, wild.craft.speed_max) = (40.0, 10_000.0, 0.0, 2000.0);
    (wild.craft.bounce, wild.craft.wall_bounce, wild.dash.speed, wild.dash.cooldown) = (1.0, 1.0, 2000.0, 1);
    (wild.spark.speed, wild.spark.life, wild.spark.cooldown, wild.spark.knockback) = (3000.0, 300, 1, 2000.0);
    (wild.gem.field_max, wild.gem.spawn_every, wild.gem.jackpot_every, wild.loss.gems) = (96, 1, 30, 12);
    (wild.gem.drag, wild.gem.magnet_acceleration, wild.loss.scatter_speed, wild.loss.shield) =
        (0.0, 10_000.0, 1500.0, 0);
    let mut tame = base;
    (tame.craft.radius, tame.craft.acceleration, tame.craft.drag, tame.craft.speed_max) = (10.0, 100.0, 20.0, 50.0);
    (tame.spark.speed, tame.spark.radius, tame.dash.speed, tame.gem.magnet_radius) = (50.0, 20.0, 0.0, 0.0);
    (tame.loss.percent, tame.loss.gems, tame.combo.step, tame.combo.multiplier_max) = (100, 1, 1, 1);
    vec![wild, tame]
}

#[test]
fn a_bad_file_leaves_the_old_rules_and_a_good_one_reaches_the_next_match_only() {
    let mut simulation = opened(8, 2);
    let text = include_str!("../../assets/rules.ron");
    let file = |text: String| [GameFile { path: "rules.ron".to_owned(), text }];
    let length = |simulation: &Simulation| simulation.get::<Rules>().expect("open").numbers.match_time;
    let setup = MatchSetup { seed: 1, map: "crossing".to_owned(), seats: 2, rate: SimRate::DEFAULT };
    assert!(simulation.load_rules(&file(text.replace("match_s: 120.0", "match_s: 0.1"))).is_err());
    simulation.open(&setup);
    assert_eq!(length(&simulation), 3600);
    assert_eq!(simulation.load_rules(&file(text.replace("match_s: 120.0", "match_s: 30.0"))), Ok(()));
    assert_eq!(length(&simulation), 3600);
    simulation.open(&setup);
    assert_eq!(length(&simulation), 900);
}

//! Tests of the whole game, and their common functions.

mod abuse;
mod determinism;
mod fields;
mod play;
mod rates;

use bevy::prelude::*;
use framehouse_shared::{
    ids::Slot,
    input::{Frame, RosterChange, RosterEvent},
    sim::MatchSetup,
    simulation::Simulation,
    tick::{SimRate, Tick},
};

use super::{ArenaPlugin, bodies::Bodies, grid::SpatialGrid, input::ArenaInput, rules::MatchRules};

/// Crafts at these positions, by slot, and the grid of them.
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
    opened_at(SimRate::DEFAULT, seed, seats)
}

fn opened_at(rate: SimRate, seed: u64, seats: u8) -> Simulation {
    let mut simulation = Simulation::new(ArenaPlugin);
    simulation.open(&MatchSetup { seed, map: "basin".to_owned(), seats, rate });
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

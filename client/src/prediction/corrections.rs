//! Measures corrections: how far a rollback moved objects on the screen, by comparing the same tick before and after
//! it.

use bevy::math::Vec2;
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    simulation::Simulation,
    tick::Tick,
};

/// The positions shown before a rollback, until the same tick is simulated again.
#[derive(Clone, Debug, Default)]
pub(super) struct Corrections {
    /// The state before this tick was the newest one shown.
    shown: Option<Tick>,
    positions: [Option<Vec2>; SLOTS_MAX],
    /// The distance of the slot that the last rollback moved farthest.
    largest: Option<f32>,
}

impl Corrections {
    /// Notes a rollback: the simulation's state was the newest one shown, unless an earlier rollback is not completed.
    pub fn note_undone(&mut self, simulation: &Simulation) {
        if self.shown.is_none() {
            self.shown = Some(simulation.next_tick());
            self.positions = positions(simulation);
        }
    }

    /// A tick was simulated.
    pub fn note_simulated(&mut self, simulation: &Simulation) {
        if self.shown.take_if(|shown| *shown <= simulation.next_tick()).is_some() {
            let jumps = self.positions.iter().zip(positions(simulation)).filter_map(|(before, after)| {
                let (before, after) = ((*before)?, after?);
                Some(before.distance(after))
            });
            self.largest = Some(jumps.fold(0.0, f32::max));
        }
    }

    /// Takes the distance that the last rollback moved objects, in units of the game.
    pub fn take(&mut self) -> Option<f32> {
        self.largest.take()
    }
}

/// The visible positions by slot; none in a game that provides no positions.
fn positions(simulation: &Simulation) -> [Option<Vec2>; SLOTS_MAX] {
    let mut positions = [None; SLOTS_MAX];
    Slot::all().for_each(|slot| positions[slot.index()] = simulation.view_position(slot));
    positions
}

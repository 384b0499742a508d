//! By how much wrong predictions moved what is seen: the same tick, as it was shown and as it turned out to be.

use bevy::math::Vec2;
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    simulation::Simulation,
    tick::Tick,
};

/// What was shown before a rollback, until the same tick is simulated again.
#[derive(Clone, Debug, Default)]
pub(super) struct Corrections {
    /// The state before this tick was the newest one shown.
    shown: Option<Tick>,
    positions: [Option<Vec2>; SLOTS_MAX],
    /// How far the last rollback moved the slot that it moved farthest.
    largest: Option<f32>,
}

impl Corrections {
    /// What the simulation holds is undone; it was the newest state shown, unless an earlier rollback is not made up for.
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

    /// How far the last rollback moved what is seen, in units of the game; once.
    pub fn take(&mut self) -> Option<f32> {
        self.largest.take()
    }
}

/// Where everything is seen; nowhere in a game that does not say.
fn positions(simulation: &Simulation) -> [Option<Vec2>; SLOTS_MAX] {
    let mut positions = [None; SLOTS_MAX];
    Slot::all().for_each(|slot| positions[slot.index()] = simulation.view_position(slot));
    positions
}

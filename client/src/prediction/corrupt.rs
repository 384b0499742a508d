//! Deliberate corruption of the state, so that tests can show that it is found. No program uses it.

use bevy::prelude::*;
use framehouse_shared::tick::Tick;

use super::Prediction;

/// A change of the state before a tick.
pub struct Corruption {
    tick: Tick,
    change: Box<dyn FnOnce(&mut EntityWorldMut) + Send + Sync>,
}

impl Prediction {
    /// Changes the confirmed state right before `tick` is simulated: the state after it is the first bad one.
    pub fn corrupt(&mut self, tick: Tick, change: impl FnOnce(&mut EntityWorldMut) + Send + Sync + 'static) {
        self.corruptions.push(Corruption { tick, change: Box::new(change) });
    }

    /// Drops the predicted ticks if `tick` is to be corrupted: it must be simulated.
    pub(super) fn unpredict_if_corrupt(&mut self, tick: Tick) {
        if self.corruptions.iter().any(|corruption| corruption.tick == tick) {
            self.rewind();
        }
    }

    pub(super) fn corrupt_now(&mut self, tick: Tick) {
        for corruption in self.corruptions.extract_if(.., |corruption| corruption.tick == tick) {
            (corruption.change)(&mut self.simulation.room_mut());
        }
    }
}

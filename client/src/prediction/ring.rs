//! The predicted ticks, oldest first; their memory is reused.

use std::collections::VecDeque;

use framehouse_shared::{input::Frame, room_state::RoomSnapshot, simulation::Simulation};

/// One predicted tick.
#[derive(Default)]
pub(super) struct PredictedTick {
    /// The frame it was simulated with.
    pub frame: Frame,
    /// The state after it.
    pub after: RoomSnapshot,
    /// Whether the match is over after it.
    pub is_over: bool,
}

impl PredictedTick {
    /// Saves the simulation's state after this tick.
    pub fn keep_state(&mut self, simulation: &Simulation) {
        simulation.save(&mut self.after);
        self.is_over = simulation.is_over();
    }
}

#[derive(Default)]
pub(super) struct Ring {
    ticks: VecDeque<PredictedTick>,
    spare: Vec<PredictedTick>,
}

impl Ring {
    pub fn len(&self) -> u32 {
        self.ticks.len() as u32
    }

    pub fn front(&self) -> Option<&PredictedTick> {
        self.ticks.front()
    }

    pub fn front_mut(&mut self) -> Option<&mut PredictedTick> {
        self.ticks.front_mut()
    }

    pub fn back(&self) -> Option<&PredictedTick> {
        self.ticks.back()
    }

    pub fn iter(&self) -> impl Iterator<Item = &PredictedTick> {
        self.ticks.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut PredictedTick> {
        self.ticks.iter_mut()
    }

    /// A tick to fill, with reused buffers if there are any.
    pub fn take_spare(&mut self) -> PredictedTick {
        self.spare.pop().unwrap_or_default()
    }

    pub fn push(&mut self, tick: PredictedTick) {
        self.ticks.push_back(tick);
    }

    pub fn retire_front(&mut self) {
        self.spare.extend(self.ticks.pop_front());
    }

    pub fn clear(&mut self) {
        self.spare.extend(self.ticks.drain(..));
    }
}

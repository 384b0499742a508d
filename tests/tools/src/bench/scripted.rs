//! A match of bots whose frames are known, so that every run of a benchmark simulates the same.

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    ids::Slot,
    input::{Frame, RosterChange, RosterEvent},
    rng::SimRng,
    room_state::RoomSnapshot,
    sim::MatchSetup,
    simulation::Simulation,
    tick::{SimRate, Tick},
};

/// Length of the match before the first frame, in ticks: by then gems and sparks are about.
const PLAYED_BEFORE: u32 = 300;

/// A match of arena bots with all seats taken.
pub struct ScriptedMatch {
    /// Setup of the match.
    pub setup: MatchSetup,
    /// State before the first of the frames.
    pub start: RoomSnapshot,
    /// Consecutive frames.
    pub frames: Vec<Frame>,
    /// A simulation in the state after the last of the frames.
    pub simulation: Simulation,
}

impl ScriptedMatch {
    /// A match of this many ticks, from ten seconds after its start.
    pub fn running(seats: u8, seed: u64, ticks: u32) -> Self {
        let mut scripted = Self::from_the_start(seats, seed, PLAYED_BEFORE);
        scripted.simulation.save(&mut scripted.start);
        scripted.frames.clear();
        scripted.play(ticks);
        scripted
    }

    /// A match of this many ticks, from its start.
    pub fn from_the_start(seats: u8, seed: u64, ticks: u32) -> Self {
        let mut simulation = Simulation::new(ArenaPlugin);
        let setup = MatchSetup { seed, map: "basin".to_owned(), seats, rate: SimRate::DEFAULT };
        simulation.open(&setup);
        let mut start = RoomSnapshot::default();
        simulation.save(&mut start);
        let mut scripted = Self { setup, start, frames: Vec::new(), simulation };
        scripted.play(ticks);
        scripted
    }

    /// Restores the state before the first of the frames.
    pub fn rewind(&mut self) {
        self.simulation.restore(&self.start);
    }

    fn play(&mut self, ticks: u32) {
        let mut rng = SimRng::new(self.setup.seed);
        for _ in 0..ticks {
            let frame = self.next_frame(&mut rng);
            self.simulation.step(&frame);
            self.frames.push(frame);
        }
    }

    fn next_frame(&self, rng: &mut SimRng) -> Frame {
        let mut frame = Frame { tick: self.simulation.next_tick(), ..default() };
        let slots = || Slot::all().take(usize::from(self.setup.seats));
        if frame.tick == Tick(0) {
            frame.events.extend(slots().map(|slot| RosterEvent { change: RosterChange::Join, slot }));
        }
        for slot in slots() {
            frame.inputs[slot.index()] = self.simulation.bot_input(slot, rng);
        }
        frame
    }
}

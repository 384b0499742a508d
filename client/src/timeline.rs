//! A match run again for a view, from its opening state and its frames: at any speed, from any moment.
//!
//! Plain: it is told how much time has passed. Running a tick takes microseconds, so going on is simulating faster, and
//! going back is simulating from the last state that was kept on the way. The frames may come while it runs, as those of a
//! running match do.

use std::sync::Arc;

use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    input::{Command, Frame, Input},
    replay::{BLOCK_TICKS, PastTick},
    simulation::Simulation,
    tick::{SimRate, Tick},
};

use crate::prediction::COMMANDS_KEPT_SECONDS;

/// Ticks of a timeline, at most: six hours at 10 Hz, two at 30 Hz, half an hour at 120 Hz, some 60 MB of memory as people play, and some 200 MB for frames that were
/// made to be large.
pub const TICKS_MAX: u32 = 720 * BLOCK_TICKS;
/// Joins in a timeline, at most: one in three ticks of the longest, some 6 MB of memory.
const JOINS_MAX: usize = 72_000;
/// Ticks that are simulated in one call, at most: what a distant moment takes is spread over frames.
const STEPS_MAX: u32 = 400;

/// The opening state is none of this game, not one before tick 0, or of a tick rate that no room has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its opening state is not one of this game")]
pub struct BadOpening;

/// Why a timeline takes no more ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelineFull {
    /// It has [`TICKS_MAX`] ticks.
    #[error("it is longer than {TICKS_MAX} ticks")]
    Ticks,
    /// More players come than it can hold.
    #[error("more players join in it than this program can show")]
    Joins,
}

/// A match's frames, as far as they are here, and the moment that is shown.
pub struct Timeline {
    tick_rate: u16,
    frames: Vec<Frame>,
    /// One past the last tick that is known of; its frame may be still to come.
    end: u32,
    /// Who came when, in order.
    joins: Vec<(Tick, Slot, String)>,
    /// What the states after some ticks have to be, in order.
    hashes: Vec<(Tick, u64)>,
    simulation: Simulation,
    /// The states before every 300th tick, as far as the match was shown.
    keys: Vec<Arc<[u8]>>,
    names: [String; SLOTS_MAX],
    position: f64,
    seeks: u32,
    is_full: bool,
    /// Where it cannot go on: the simulation fails, or comes to differ from what was recorded.
    broken: Option<Tick>,
}

impl Timeline {
    /// A timeline without frames, at its first moment.
    ///
    /// # Errors
    /// When the bytes are not a state of this game before tick 0.
    pub fn open(mut simulation: Simulation, opening: &[u8], tick_rate: u16) -> Result<Self, BadOpening> {
        simulation.set_rate(SimRate::new(tick_rate).ok_or(BadOpening)?);
        if simulation.decode(opening).is_err() || simulation.next_tick() != Tick(0) {
            return Err(BadOpening);
        }
        Ok(Self {
            tick_rate,
            frames: Vec::new(),
            end: 0,
            joins: Vec::new(),
            hashes: Vec::new(),
            simulation,
            keys: vec![opening.into()],
            names: Default::default(),
            position: 0.0,
            seeks: 0,
            is_full: false,
            broken: None,
        })
    }

    /// Adds the next tick.
    ///
    /// # Errors
    /// When there is no room for it.
    ///
    /// # Panics
    /// When it is not the tick [`loaded`](Self::loaded).
    pub fn push(&mut self, past: PastTick) -> Result<(), TimelineFull> {
        let PastTick { frame, joined, hash } = past;
        let tick = frame.tick;
        assert_eq!(tick.0, self.loaded(), "ticks are added one after the other");
        let full = if tick.0 >= TICKS_MAX {
            Some(TimelineFull::Ticks)
        } else if self.joins.len() + joined.len() > JOINS_MAX {
            Some(TimelineFull::Joins)
        } else {
            None
        };
        if let Some(full) = full {
            self.is_full = true;
            return Err(full);
        }
        self.joins.extend(joined.into_iter().map(|(slot, name)| (tick, slot, name)));
        self.hashes.extend(hash.map(|hash| (tick, hash)));
        self.frames.push(frame);
        self.set_end(self.loaded());
        Ok(())
    }

    /// Notes that the match has come so far; frames may be still to come.
    pub fn set_end(&mut self, ticks: u32) {
        self.end = self.end.max(ticks);
    }

    /// Whether it takes no more ticks.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// How many ticks are here.
    pub fn loaded(&self) -> u32 {
        self.frames.len() as u32
    }

    /// The inputs of the tick before this one, which has to be here: its frame is encoded as a difference to them.
    pub fn inputs_before(&self, tick: Tick) -> [Input; SLOTS_MAX] {
        let before = tick.0.checked_sub(1).and_then(|before| self.frames.get(before as usize));
        before.map_or([Input::NEUTRAL; SLOTS_MAX], |frame| frame.inputs)
    }

    /// Ticks a second.
    pub const fn tick_rate(&self) -> u16 {
        self.tick_rate
    }

    /// How long the match is, in ticks, as far as it can be shown.
    pub fn ticks(&self) -> u32 {
        self.broken.map_or(self.end, |tick| tick.0)
    }

    /// The moment that is shown, in ticks.
    pub const fn position(&self) -> f64 {
        self.position
    }

    /// Whether there is nothing after the moment that is shown.
    pub fn is_over(&self) -> bool {
        self.position >= f64::from(self.ticks())
    }

    /// The first tick that this machine cannot show as it was, if it came to one.
    pub const fn broken(&self) -> Option<Tick> {
        self.broken
    }

    /// The state to draw.
    pub const fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// The game's commands of the [`COMMANDS_KEPT_SECONDS`] before the state that is drawn, each with its tick, in order.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        let end = self.simulation.next_tick().0;
        let kept = self.simulation.rate().ticks_min_1(COMMANDS_KEPT_SECONDS);
        let frames = &self.frames[end.saturating_sub(kept) as usize..end as usize];
        frames.iter().flat_map(|frame| frame.commands.iter().map(|command| (frame.tick, command)))
    }

    /// How far the way is gone from the state before the newest one to the newest, 0 to 1.
    pub fn render_alpha(&self) -> f32 {
        (self.position - f64::from(self.simulation.next_tick().0) + 1.0).clamp(0.0, 1.0) as f32
    }

    /// The name of who sits in a seat, or sat there last.
    pub fn name_of(&self, slot: Slot) -> Option<&str> {
        Some(self.names[slot.index()].as_str()).filter(|name| !name.is_empty())
    }

    /// How often it went to another moment: what lies on both sides of a cut did not happen in between.
    pub const fn seeks(&self) -> u32 {
        self.seeks
    }

    /// Goes on by a number of seconds of the match, as far as its frames are here.
    pub fn advance(&mut self, seconds: f64) {
        let ticks = seconds.max(0.0) * f64::from(self.tick_rate);
        let end = f64::from(self.loaded().min(self.ticks()));
        if self.position < end {
            self.position = (self.position + ticks).min(end);
        }
        self.catch_up();
    }

    /// Whether the state is that of the moment: after a [`seek`](Self::seek) frames may be missing, or not simulated yet.
    pub fn is_caught_up(&self) -> bool {
        let wanted = (self.position as u32 + 1).min(self.ticks());
        self.simulation.next_tick().0 >= wanted
    }

    /// Goes to a moment, in ticks; the state follows in this and the next calls of [`advance`](Self::advance).
    pub fn seek(&mut self, position: f64) {
        // `max` first: it turns a NaN into a number.
        self.position = position.max(0.0).min(f64::from(self.ticks()));
        self.seeks += 1;
        // At least one tick is run after a state was taken: what happened in it is drawn, too.
        let key = (self.wanted().saturating_sub(1) / BLOCK_TICKS).min(self.keys.len() as u32 - 1);
        let simulated = self.simulation.next_tick().0;
        if self.wanted() < simulated || key * BLOCK_TICKS > simulated {
            self.go_to_keyframe(key);
        }
        self.catch_up();
    }

    /// How many ticks are simulated when the moment is shown: one beyond it, towards which the view moves.
    fn wanted(&self) -> u32 {
        (self.position as u32 + 1).min(self.ticks()).min(self.loaded())
    }

    fn go_to_keyframe(&mut self, key: u32) {
        let state = Arc::clone(&self.keys[key as usize]);
        self.simulation.decode(&state).expect("it was a state of this game before");
        self.names = Default::default();
        let earlier = self.joins.iter().take_while(|(tick, ..)| tick.0 < key * BLOCK_TICKS);
        earlier.for_each(|(_, slot, name)| self.names[slot.index()].clone_from(name));
    }

    fn catch_up(&mut self) {
        for _ in 0..STEPS_MAX {
            let next = self.simulation.next_tick();
            if next.0 >= self.wanted() {
                return;
            }
            self.step(next);
        }
    }

    fn step(&mut self, next: Tick) {
        if next.0.is_multiple_of(BLOCK_TICKS) && next.0 / BLOCK_TICKS == self.keys.len() as u32 {
            self.keys.push(self.simulation.encode().into());
        }
        let first = self.joins.partition_point(|(tick, ..)| *tick < next);
        let new = self.joins[first..].iter().take_while(|(tick, ..)| *tick == next);
        new.for_each(|(_, slot, name)| self.names[slot.index()].clone_from(name));
        let is_run = self.simulation.try_step(&self.frames[next.0 as usize]);
        if !is_run || !self.is_as_recorded(next) {
            self.stop_before(next);
        }
    }

    fn is_as_recorded(&self, tick: Tick) -> bool {
        let Ok(index) = self.hashes.binary_search_by_key(&tick, |(tick, _)| *tick) else { return true };
        self.simulation.hashes().combined() == self.hashes[index].1
    }

    /// From here on the match was another one: it ends at the last block that was right.
    fn stop_before(&mut self, tick: Tick) {
        let key = self.keys.len() as u32 - 1;
        self.broken = Some(tick);
        self.position = f64::from(key * BLOCK_TICKS);
        self.seeks += 1;
        self.go_to_keyframe(key);
    }
}

#[cfg(test)]
mod tests;

//! Timeline of a match: simulates it again for a view, from its opening state and its frames, at any speed and from any
//! moment.
//!
//! The timeline has no I/O: it is told how much time has passed. Simulating a tick takes microseconds, so going forward
//! is simulating faster, and going back is simulating from the last kept state. Frames may be added while it runs, as
//! in a running match.

use std::sync::Arc;

use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    input::{Command, Frame, Input},
    replay::{BLOCK_TICKS, PastTick},
    simulation::Simulation,
    tick::{SimRate, Tick},
};

use crate::prediction::COMMANDS_KEPT_SECONDS;

/// Maximum number of ticks of a timeline: 6 h at 10 Hz, 2 h at 30 Hz, 30 min at 120 Hz. They take about 60 MB of memory
/// with human players, and about 200 MB with frames of the largest size.
pub const TICKS_MAX: u32 = 720 * BLOCK_TICKS;
/// Maximum number of joins in a timeline: one in every three ticks of the longest, about 6 MB of memory.
const JOINS_MAX: usize = 72_000;
/// Maximum number of ticks simulated in one call: seeking to a distant moment is spread over rendered frames.
const STEPS_MAX: u32 = 400;

/// The opening state is not of this game, not from before tick 0, or has an invalid tick rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its opening state is not one of this game")]
pub struct BadOpening;

/// Limit that a timeline has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelineFull {
    /// The number of ticks, [`TICKS_MAX`].
    #[error("it is longer than {TICKS_MAX} ticks")]
    Ticks,
    /// The number of joins.
    #[error("more players join in it than this program can show")]
    Joins,
}

/// The frames of a match, as far as they have arrived, and the displayed moment.
pub struct Timeline {
    tick_rate: u16,
    frames: Vec<Frame>,
    /// One past the last known tick; its frame may be missing.
    end: u32,
    /// The joins, in order.
    joins: Vec<(Tick, Slot, String)>,
    /// The recorded state hashes of some ticks, in order.
    hashes: Vec<(Tick, u64)>,
    simulation: Simulation,
    /// Keyframes: the states before every 300th tick, as far as the match was shown.
    keys: Vec<Arc<[u8]>>,
    names: [String; SLOTS_MAX],
    position: f64,
    seeks: u32,
    is_full: bool,
    /// The tick at which it stops, because the simulation fails or differs from the recording.
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
    /// When the timeline is full.
    ///
    /// # Panics
    /// When its tick is not [`loaded`](Self::loaded).
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

    /// Sets the known length of the match in ticks; frames may be missing.
    pub fn set_end(&mut self, ticks: u32) {
        self.end = self.end.max(ticks);
    }

    /// Whether a tick was refused because a limit was reached.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Number of ticks whose frames are loaded.
    pub fn loaded(&self) -> u32 {
        self.frames.len() as u32
    }

    /// The inputs of the tick before `tick`, which must be loaded: the frame of `tick` is encoded as a difference to
    /// them.
    pub fn inputs_before(&self, tick: Tick) -> [Input; SLOTS_MAX] {
        let before = tick.0.checked_sub(1).and_then(|before| self.frames.get(before as usize));
        before.map_or([Input::NEUTRAL; SLOTS_MAX], |frame| frame.inputs)
    }

    /// The tick rate, in ticks a second.
    pub const fn tick_rate(&self) -> u16 {
        self.tick_rate
    }

    /// The length of the match in ticks, as far as it can be shown.
    pub fn ticks(&self) -> u32 {
        self.broken.map_or(self.end, |tick| tick.0)
    }

    /// The displayed moment, in ticks.
    pub const fn position(&self) -> f64 {
        self.position
    }

    /// Whether the displayed moment is the end.
    pub fn is_over(&self) -> bool {
        self.position >= f64::from(self.ticks())
    }

    /// The first tick that this machine cannot simulate as recorded, if it reached one.
    pub const fn broken(&self) -> Option<Tick> {
        self.broken
    }

    /// The state to draw.
    pub const fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// The game commands of the [`COMMANDS_KEPT_SECONDS`] before the drawn state, each with its tick, in order.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        let end = self.simulation.next_tick().0;
        let kept = self.simulation.rate().ticks_min_1(COMMANDS_KEPT_SECONDS);
        let frames = &self.frames[end.saturating_sub(kept) as usize..end as usize];
        frames.iter().flat_map(|frame| frame.commands.iter().map(|command| (frame.tick, command)))
    }

    /// Interpolation factor between the last two states, 0 to 1.
    pub fn render_alpha(&self) -> f32 {
        (self.position - f64::from(self.simulation.next_tick().0) + 1.0).clamp(0.0, 1.0) as f32
    }

    /// The name of the present or last player in a seat.
    pub fn name_of(&self, slot: Slot) -> Option<&str> {
        Some(self.names[slot.index()].as_str()).filter(|name| !name.is_empty())
    }

    /// Number of seeks so far. A view must not interpolate or show effects across a seek.
    pub const fn seeks(&self) -> u32 {
        self.seeks
    }

    /// Advances by `seconds` of the match, as far as its frames are loaded.
    pub fn advance(&mut self, seconds: f64) {
        let ticks = seconds.max(0.0) * f64::from(self.tick_rate);
        let end = f64::from(self.loaded().min(self.ticks()));
        if self.position < end {
            self.position = (self.position + ticks).min(end);
        }
        self.catch_up();
    }

    /// Whether the state is that of the displayed moment: after a [`seek`](Self::seek), frames may be missing or not
    /// simulated yet.
    pub fn is_caught_up(&self) -> bool {
        let wanted = (self.position as u32 + 1).min(self.ticks());
        self.simulation.next_tick().0 >= wanted
    }

    /// Seeks to a moment, in ticks; the state follows in this and the next calls of [`advance`](Self::advance).
    pub fn seek(&mut self, position: f64) {
        // `max` first: it turns a NaN into a number.
        self.position = position.max(0.0).min(f64::from(self.ticks()));
        self.seeks += 1;
        // At least one tick is simulated after loading a keyframe, so that its visible events are drawn, too.
        let key = (self.wanted().saturating_sub(1) / BLOCK_TICKS).min(self.keys.len() as u32 - 1);
        let simulated = self.simulation.next_tick().0;
        if self.wanted() < simulated || key * BLOCK_TICKS > simulated {
            self.go_to_keyframe(key);
        }
        self.catch_up();
    }

    /// Number of ticks to simulate for the displayed moment: one beyond it, which the view interpolates towards.
    fn wanted(&self) -> u32 {
        (self.position as u32 + 1).min(self.ticks()).min(self.loaded())
    }

    /// Loads a keyframe. One that cannot be decoded, because of a bug in the game or the engine, is replaced by the
    /// last one before it that can: simulating from there takes longer and shows the same.
    fn go_to_keyframe(&mut self, key: u32) {
        let decodes = |key: &u32| {
            let state = Arc::clone(&self.keys[*key as usize]);
            self.simulation.decode(&state).is_ok()
        };
        let Some(loaded) = (0..=key).rev().find(decodes) else {
            // Not even the opening state: it was decoded once, so only a game that panics or decides anew gets here.
            self.broken = Some(Tick(0));
            return;
        };
        self.names = Default::default();
        let earlier = self.joins.iter().take_while(|(tick, ..)| tick.0 < loaded * BLOCK_TICKS);
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

    /// The match differs from here on: ends it at the last block that was right.
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

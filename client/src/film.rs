//! A recorded match, run again for a view: at any speed, from any moment.
//!
//! Plain: it is told how much time has passed. Running a tick takes microseconds, so going on is simulating faster, and
//! going back is simulating from the last state that was kept on the way.

use std::sync::Arc;

use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    input::{Command, Frame},
    replay::{BLOCK_TICKS, Header, Replay, ReplayError, rules_hash},
    simulation::Simulation,
    state_hash::StateHashes,
    tick::{SimRate, Tick},
};

use crate::prediction::COMMANDS_KEPT_TICKS;

/// Ticks of a film, at most: two hours at 30 Hz, some 60 MB of memory as people play, and some 200 MB for a file that was made to
/// be large.
const TICKS_MAX: u32 = 720 * BLOCK_TICKS;
/// Joins in a film, at most: one in three ticks of the longest, some 6 MB of memory.
const JOINS_MAX: usize = 72_000;
/// Ticks that are simulated in one call, at most: what a distant moment takes is spread over frames.
const STEPS_MAX: u32 = 400;

/// Why a replay cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilmError {
    /// The bytes are no whole replay.
    #[error("{0}")]
    File(#[from] ReplayError),
    /// It is of another game, or was recorded by a release that calculates differently.
    #[error("it was recorded by {0}")]
    OtherRelease(String),
    /// It is longer than a film can be.
    #[error("it is longer than two hours")]
    TooLong,
    /// More players come than a film can hold.
    #[error("more players join in it than this program can show")]
    TooManyJoins,
    /// Its opening state is none of this game, or its tick rate none of any room.
    #[error("its opening state is not one of this game")]
    BadOpening,
}

/// A recorded match and the moment of it that is shown.
pub struct Film {
    header: Header,
    frames: Vec<Frame>,
    /// Who came when, in order.
    joins: Vec<(Tick, Slot, String)>,
    /// What the states after some ticks have to be.
    hashes: Vec<(Tick, StateHashes)>,
    simulation: Simulation,
    /// The states before every 300th tick, as far as the film was shown.
    keys: Vec<Arc<[u8]>>,
    names: [String; SLOTS_MAX],
    position: f64,
    cuts: u32,
    /// Where the film cannot go on: the simulation fails, or comes to differ from what was recorded.
    broken: Option<Tick>,
}

impl Film {
    /// Reads a replay and opens it at its first moment; it simulates nothing yet.
    ///
    /// # Errors
    /// When it cannot be shown by this program.
    pub fn open(mut simulation: Simulation, bytes: &[u8]) -> Result<Self, FilmError> {
        let replay = Replay::read(bytes)?;
        check_release(replay.header(), &simulation)?;
        if replay.trailer.ticks > TICKS_MAX {
            return Err(FilmError::TooLong);
        }
        let opening = replay.beginning.opening()?;
        simulation.set_rate(SimRate::new(replay.header().tick_rate).ok_or(FilmError::BadOpening)?);
        let is_of_header = rules_hash(&opening) == Ok(replay.header().rules_hash);
        if !is_of_header || simulation.decode(&opening).is_err() || simulation.next_tick() != Tick(0) {
            return Err(FilmError::BadOpening);
        }
        let mut film = Self {
            header: replay.header().clone(),
            frames: Vec::with_capacity(replay.trailer.ticks as usize),
            joins: Vec::new(),
            hashes: Vec::new(),
            simulation,
            keys: vec![opening.into()],
            names: Default::default(),
            position: 0.0,
            cuts: 0,
            broken: None,
        };
        for recorded in replay.beginning.iter_ticks() {
            let recorded = recorded?;
            let tick = recorded.frame.tick;
            if film.joins.len() + recorded.joined.len() > JOINS_MAX {
                return Err(FilmError::TooManyJoins);
            }
            film.joins.extend(recorded.joined.into_iter().map(|(slot, name)| (tick, slot, name)));
            film.hashes.extend(recorded.hashes.map(|hashes| (tick, hashes)));
            film.frames.push(recorded.frame);
        }
        film.catch_up();
        Ok(film)
    }

    /// What the match was.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// How long the film is, in ticks.
    pub fn ticks(&self) -> u32 {
        self.broken.map_or(self.frames.len() as u32, |tick| tick.0)
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

    /// The game's commands of the [`COMMANDS_KEPT_TICKS`] ticks before the state that is drawn, each with its tick, in order.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        let end = self.simulation.next_tick().0;
        let frames = &self.frames[end.saturating_sub(COMMANDS_KEPT_TICKS) as usize..end as usize];
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

    /// How often the film was cut, by going to another moment: what lies on both sides of a cut did not happen in between.
    pub const fn cuts(&self) -> u32 {
        self.cuts
    }

    /// Goes on by so many seconds of the match.
    pub fn advance(&mut self, seconds: f64) {
        let ticks = seconds.max(0.0) * f64::from(self.header.tick_rate);
        self.position = (self.position + ticks).min(f64::from(self.ticks()));
        self.catch_up();
    }

    /// Goes to a moment, in ticks; the state follows in this and the next calls of [`advance`](Self::advance).
    pub fn seek(&mut self, position: f64) {
        // `max` first: it turns a NaN into a number.
        self.position = position.max(0.0).min(f64::from(self.ticks()));
        self.cuts += 1;
        // At least one tick is run after a state was taken: what happened in it is drawn, too.
        let key = (self.wanted().saturating_sub(1) / BLOCK_TICKS).min(self.keys.len() as u32 - 1);
        let simulated = self.simulation.next_tick().0;
        if self.wanted() < simulated || key * BLOCK_TICKS > simulated {
            self.go_to_key(key);
        }
        self.catch_up();
    }

    /// How many ticks are simulated when the moment is shown: one beyond it, towards which the view moves.
    fn wanted(&self) -> u32 {
        (self.position as u32 + 1).min(self.ticks())
    }

    fn go_to_key(&mut self, key: u32) {
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
        let Ok(place) = self.hashes.binary_search_by_key(&tick, |(tick, _)| *tick) else { return true };
        self.simulation.hashes().first_difference(&self.hashes[place].1).is_none()
    }

    /// From here on the match was another one: the film ends at the last block that was right.
    fn stop_before(&mut self, tick: Tick) {
        let key = self.keys.len() as u32 - 1;
        self.broken = Some(tick);
        self.position = f64::from(key * BLOCK_TICKS);
        self.cuts += 1;
        self.go_to_key(key);
    }
}

fn check_release(header: &Header, simulation: &Simulation) -> Result<(), FilmError> {
    let game = simulation.game();
    let is_same = header.game == game.id()
        && header.protocol == game.protocol_hash()
        && header.rules_version == game.rules_version()
        && simulation.states().names().eq(header.components.iter().map(String::as_str));
    if is_same { Ok(()) } else { Err(FilmError::OtherRelease(header.build.clone())) }
}

#[cfg(test)]
mod tests;

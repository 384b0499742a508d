//! Prediction and rollback: one simulation that runs ahead of the frames that the server has confirmed.
//!
//! The simulation holds the newest predicted state. Behind it are the state after the last confirmed tick and, between
//! the two, a ring with the frame and state of every predicted tick. A confirmed frame that equals the
//! predicted one only moves the border; one that differs clears the ring, and its ticks are predicted again. Digests of
//! confirmed states are kept until the server's hash has shown that they are right. Entropy is in confirmed frames only:
//! while no number was drawn in the predicted ticks, it is mixed into their states, and nothing is simulated again.
//!
//! Nothing here depends on the network. An update confirms any number of frames, then predicts once.

mod budget;
mod commands;
mod corrections;
#[cfg(feature = "corrupt")]
mod corrupt;
mod first_bad;
mod hashes;
mod ring;
mod state_digests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use framehouse_shared::{
    ids::{SLOTS_MAX, Slot, slots_in},
    input::{Command, CommandBytes, Entropy, Frame, Input},
    late_entropy,
    protocol::codec::CodecError,
    rng::SimRng,
    room_state::RoomSnapshot,
    sim::LastInputs,
    simulation::Simulation,
    state_hash::StateHashes,
    tick::{SimRate, Tick},
};

pub use commands::{COMMANDS_KEPT_SECONDS, COMMANDS_PENDING_MAX};
pub use hashes::HASHES_SECONDS;

use budget::Budget;
use commands::Commands;
use corrections::Corrections;
use first_bad::FirstBadDigest;
use hashes::RecentHashes;
use ring::Ring;
use state_digests::StateDigests;

/// Maximum number of ticks that are predicted beyond the last confirmed one: 2.125 s (21 ticks at 10 Hz, 64 at 30 Hz,
/// 255 at 120 Hz).
pub fn predicted_ticks_max(rate: SimRate) -> u32 {
    rate.ticks_min_1(2.125)
}

/// Maximum number of ticks that are simulated again in one update, besides those that became due in it: 0.27 s (3 ticks
/// at 10 Hz, 8 at 30 Hz, 32 at 120 Hz).
pub fn resimulated_ticks_max(rate: SimRate) -> u32 {
    rate.ticks_min_1(0.27)
}

/// A system of the game panicked: the state is unusable and the client has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The simulation failed in tick {0}: this is a bug in the game, please report it.")]
pub struct SimulationFailed(pub Tick);

/// The result of confirming a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// The state after the tick differs from the server's.
    pub differs: bool,
    /// The frame had to be simulated: it was not predicted, or predicted wrongly.
    pub simulated: bool,
    /// Number of predicted ticks undone, if the frame was predicted wrongly.
    pub undone: Option<u32>,
}

/// A simulation with a confirmed past and a predicted present.
pub struct Prediction {
    simulation: Simulation,
    /// The state after the last confirmed tick; nothing while the simulation holds that state and it is not saved yet.
    confirmed: Option<RoomSnapshot>,
    /// Memory for the next saved state.
    spare: Option<RoomSnapshot>,
    next_confirmed: Tick,
    last_inputs: [Input; SLOTS_MAX],
    is_over: bool,
    ring: Ring,
    budget: Budget,
    commands: Commands,
    corrections: Corrections,
    /// Ticks simulated since the last [`note_cost`](Self::note_cost).
    unpaid: u32,
    hashes: RecentHashes,
    state_digests: StateDigests,
    /// Hashes and digests of the states before the last [`correct`](Self::correct).
    replaced: Option<(RecentHashes, StateDigests)>,
    first_bad: Option<FirstBadDigest>,
    #[cfg(feature = "corrupt")]
    corruptions: Vec<corrupt::Corruption>,
}

impl Prediction {
    /// A prediction without a state; load one first.
    pub fn new(simulation: Simulation) -> Self {
        let rate = simulation.rate();
        Self {
            simulation,
            confirmed: None,
            spare: None,
            next_confirmed: Tick(0),
            last_inputs: [Input::NEUTRAL; SLOTS_MAX],
            is_over: false,
            ring: Ring::default(),
            budget: Budget::new(rate),
            commands: Commands::new(rate),
            corrections: Corrections::default(),
            unpaid: 0,
            hashes: RecentHashes::new(rate),
            state_digests: StateDigests::default(),
            replaced: None,
            first_bad: None,
            #[cfg(feature = "corrupt")]
            corruptions: Vec::new(),
        }
    }

    /// Sets the tick rate of the room; no state is loaded yet.
    pub fn set_rate(&mut self, rate: SimRate) {
        self.simulation.set_rate(rate);
        self.budget = Budget::new(rate);
        self.commands = Commands::new(rate);
        self.hashes = RecentHashes::new(rate);
    }

    /// Replaces everything by a serialised state and returns the first tick to confirm after it.
    ///
    /// # Errors
    /// When the bytes are not a state of this game; a valid state must then be loaded before use.
    pub fn load(&mut self, state: &[u8]) -> Result<Tick, CodecError> {
        self.simulation.decode(state)?;
        self.ring.clear();
        self.commands.clear();
        self.corrections = Corrections::default();
        self.replaced = None;
        self.hashes = RecentHashes::new(self.simulation.rate());
        self.state_digests.forget();
        self.confirmed = None;
        self.next_confirmed = self.simulation.next_tick();
        self.last_inputs = self.simulation.get::<LastInputs>().ok_or(CodecError::Invalid)?.0;
        self.is_over = self.simulation.is_over();
        Ok(self.next_confirmed)
    }

    /// Replaces a state that differed from the server's, as [`load`](Self::load) does. The server may ask later where the
    /// replaced one began to differ.
    ///
    /// # Errors
    /// As those of [`load`](Self::load).
    pub fn correct(&mut self, state: &[u8]) -> Result<Tick, CodecError> {
        self.rewind();
        self.pass_confirmed();
        let rate = self.simulation.rate();
        let replaced =
            (std::mem::replace(&mut self.hashes, RecentHashes::new(rate)), std::mem::take(&mut self.state_digests));
        let next_tick = self.load(state)?;
        self.replaced = Some(replaced);
        Ok(next_tick)
    }

    /// Confirms the next frame from the server. `server_hash` is the hash of the server's state after it, if it was
    /// sent.
    ///
    /// # Errors
    /// When the game panicked.
    ///
    /// # Panics
    /// When the frame's tick is not [`next_confirmed`](Self::next_confirmed).
    pub fn confirm(&mut self, frame: &Frame, server_hash: Option<u64>) -> Result<Confirmed, SimulationFailed> {
        assert_eq!(frame.tick, self.next_confirmed, "frames are confirmed in order");
        let mut outcome = Confirmed::default();
        #[cfg(feature = "corrupt")]
        self.unpredict_if_corrupt(frame.tick);
        if let Some(entropy) = frame.entropy {
            self.mix_late(frame, entropy);
        }
        let hashes = match self.ring.front() {
            Some(predicted) if predicted.frame == *frame => self.keep_predicted()?,
            predicted => {
                outcome.simulated = true;
                if predicted.is_some() {
                    outcome.undone = Some(self.ring.len());
                    self.budget.note_undone(self.ring.len());
                    self.corrections.note_undone(&self.simulation);
                    self.rewind();
                }
                self.pass_confirmed();
                #[cfg(feature = "corrupt")]
                self.corrupt_now(frame.tick);
                self.simulate(frame)?;
                self.is_over = self.simulation.is_over();
                hashed(frame.tick, || self.simulation.hashes())?
            }
        };
        self.next_confirmed = frame.tick.plus(1);
        self.last_inputs = frame.inputs;
        self.commands.confirm(frame);
        if let Some(server) = server_hash {
            outcome.differs = server != hashes.combined();
            if !outcome.differs {
                self.state_digests.forget();
            }
        }
        self.hashes.push(frame.tick, hashes);
        Ok(outcome)
    }

    /// Predicts the ticks before `end`, at most `steps_max` in this call; returns the number of simulated ticks. Stops
    /// earlier while prediction is throttled because the budget is overdrawn.
    ///
    /// `own_input` returns the inputs of `slot`; the other players are assumed to repeat their last input.
    ///
    /// # Errors
    /// When the game panicked.
    pub fn predict(
        &mut self,
        end: Tick,
        steps_max: u32,
        slot: Slot,
        own_input: impl Fn(Tick) -> Option<Input>,
    ) -> Result<u32, SimulationFailed> {
        self.save_confirmed();
        if self.is_over {
            self.rewind();
            return Ok(0);
        }
        let wanted = end.since(self.next_confirmed);
        if wanted == 0 {
            return Ok(0);
        }
        let end = end.min(self.next_confirmed.plus(self.budget.depth(wanted)));
        let mut steps = 0;
        while steps < steps_max && self.simulation.next_tick() < end && !self.simulation.is_over() {
            let mut predicted = self.ring.take_spare();
            self.fill_frame(&mut predicted.frame, slot, &own_input);
            self.simulate(&predicted.frame)?;
            predicted.keep_state(&self.simulation);
            self.ring.push(predicted);
            steps += 1;
        }
        Ok(steps)
    }

    /// Predicts an own command in the first tick from `next_input` on that has room for it; returns that tick, or
    /// nothing when [`COMMANDS_PENDING_MAX`] commands already wait for their frames.
    pub fn predict_command(&mut self, next_input: Tick, bytes: CommandBytes) -> Option<Tick> {
        self.commands.predict(next_input, bytes)
    }

    /// The commands of the confirmed frames of the last [`COMMANDS_KEPT_SECONDS`] and of the predicted frames, in
    /// order, each with its tick.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        let predicted = self.ring.iter().map(|predicted| &predicted.frame);
        self.commands.confirmed().chain(predicted.flat_map(|frame| frame.commands.iter().map(|it| (frame.tick, it))))
    }

    /// The newest predicted state.
    pub const fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Maximum number of ticks that may be simulated again in one update, 1 to [`resimulated_ticks_max`].
    pub const fn budget_ticks(&self) -> u32 {
        self.budget.ticks()
    }

    /// Whether prediction is throttled: fewer ticks are predicted than requested, since they could not be simulated
    /// again in time.
    pub const fn is_throttled(&self) -> bool {
        self.budget.is_throttled()
    }

    /// Reports how long all simulation since the last call took, measured by the caller.
    pub fn note_cost(&mut self, took: Duration) {
        self.budget.note_cost(std::mem::take(&mut self.unpaid), took);
    }

    /// The distance that the last rollback moved objects on the screen, in units of the game; nothing if no rollback
    /// was completed since the last call.
    pub fn take_correction(&mut self) -> Option<f32> {
        self.corrections.take()
    }

    /// The next tick to confirm.
    pub const fn next_confirmed(&self) -> Tick {
        self.next_confirmed
    }

    /// The inputs of the last confirmed frame: the next frame is encoded as a difference to them.
    pub const fn last_inputs(&self) -> &[Input; SLOTS_MAX] {
        &self.last_inputs
    }

    /// Whether the match is over in the confirmed state.
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The hashes of the state after a confirmed tick, if it is one of the ticks of the last [`HASHES_SECONDS`].
    pub fn hashes_after(&self, tick: Tick) -> Option<&StateHashes> {
        self.hashes.after(tick)
    }

    /// Mixes the entropy of a confirmed frame into all predicted states, if that is all that the predicted frame lacks
    /// and no number was drawn in the predicted ticks.
    fn mix_late(&mut self, frame: &Frame, entropy: Entropy) {
        let drawn = |state: &RoomSnapshot| state.get::<SimRng>().map(SimRng::drawn);
        let before = self.confirmed.as_ref().and_then(drawn);
        if before.is_none() || self.ring.back().and_then(|newest| drawn(&newest.after)) != before {
            return;
        }
        let Some(first) = self.ring.front_mut() else { return };
        first.frame.entropy = Some(entropy);
        if first.frame != *frame {
            return;
        }
        self.ring.iter_mut().for_each(|predicted| {
            late_entropy::mix_into_saved(&mut predicted.after, entropy);
        });
        late_entropy::mix_into_present(&mut self.simulation, entropy);
    }

    /// The prediction was right: its state becomes the confirmed one, and nothing is simulated.
    fn keep_predicted(&mut self) -> Result<StateHashes, SimulationFailed> {
        self.pass_confirmed();
        let predicted = self.ring.front_mut().expect("only called for a predicted tick");
        let state = std::mem::replace(&mut predicted.after, self.spare.take().unwrap_or_default());
        self.is_over = predicted.is_over;
        self.ring.retire_front();
        let hashes = hashed(self.next_confirmed, || self.simulation.states().hashes_of(&state));
        self.confirmed = Some(state);
        hashes
    }

    /// Restores the confirmed state, if the simulation is ahead of it.
    fn rewind(&mut self) {
        if self.ring.len() > 0 {
            self.simulation.restore(self.confirmed.as_ref().expect("it is saved before anything is predicted"));
            self.ring.clear();
        }
    }

    fn save_confirmed(&mut self) {
        if self.confirmed.is_none() {
            let mut state = self.spare.take().unwrap_or_default();
            self.simulation.save(&mut state);
            self.confirmed = Some(state);
        }
    }

    /// Called before another state becomes the confirmed one.
    fn pass_confirmed(&mut self) {
        self.save_confirmed();
        let Some(state) = self.confirmed.take() else { return };
        if self.state_digests.has_room() {
            self.state_digests.keep(self.simulation.states().digest(&state));
        }
        self.spare = Some(state);
    }

    fn simulate(&mut self, frame: &Frame) -> Result<(), SimulationFailed> {
        // A bug in the game must not end the process: bots drive hundreds of clients in one.
        catch_unwind(AssertUnwindSafe(|| self.simulation.step(frame))).map_err(|_| SimulationFailed(frame.tick))?;
        self.unpaid += 1;
        self.corrections.note_simulated(&self.simulation);
        Ok(())
    }

    /// Fills the next frame with assumed inputs, for occupied slots only, like the server's frames.
    fn fill_frame(&self, frame: &mut Frame, own: Slot, own_input: &impl Fn(Tick) -> Option<Input>) {
        let previous = self.ring.back().map_or(&self.last_inputs, |predicted| &predicted.frame.inputs);
        let game = self.simulation.game();
        frame.tick = self.simulation.next_tick();
        frame.events.clear();
        frame.commands.clear();
        frame.entropy = None;
        frame.inputs = [Input::NEUTRAL; SLOTS_MAX];
        for slot in slots_in(self.simulation.roster().seated) {
            let known = if slot == own { own_input(frame.tick) } else { None };
            frame.inputs[slot.index()] = known.unwrap_or_else(|| game.missing_input(previous[slot.index()]));
            if slot == own {
                self.commands.fill(frame, own);
            }
        }
    }
}

/// Hashes a state, which calls the game's code.
fn hashed(tick: Tick, hash: impl FnOnce() -> StateHashes) -> Result<StateHashes, SimulationFailed> {
    catch_unwind(AssertUnwindSafe(hash)).map_err(|_| SimulationFailed(tick))
}

#[cfg(test)]
mod tests;

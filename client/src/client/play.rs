//! The running match: samples an input for every tick that is due, confirms frames, and predicts the rest. A client
//! that only watches just confirms frames when they are due.

use std::time::Duration;

use framehouse_shared::{
    input::Input,
    protocol::{datagram::decode_frame, messages::Phase},
    replay::HASH_TICKS,
    tick::{SimRate, Tick},
};

use super::{Client, InputRequest, inputs::synthetic_input};
use crate::{
    net::Cause,
    prediction::{Prediction, SimulationFailed, predicted_ticks_max, resimulated_ticks_max},
};

/// Inputs are sampled from this long before tick 0, so that the first ones are at the server when it begins.
const EARLY_SECONDS: f64 = 2.0;
/// Whether the state hash after a confirmed tick is reported: half way between the ticks whose frames carry the
/// server's hash, so that states are compared every 15 ticks (1.5 s at 10 Hz, 0.5 s at 30 Hz, 0.125 s at 120 Hz).
const fn is_reported(tick: Tick) -> bool {
    tick.0 % HASH_TICKS == HASH_TICKS / 2 - 1
}

impl Client {
    pub(super) fn play(&mut self, now: Duration, sample: &mut dyn FnMut(InputRequest<'_>) -> Input) {
        if self.current.as_ref().is_none_or(|current| current.loaded.is_none()) {
            return;
        }
        let new_ticks = self.sample_inputs(sample);
        self.advance_spectator_clock(now);
        // Ticks that became due since the last update do not count against the limit of resimulated ticks.
        let resimulated_max = resimulated_ticks_max(self.room.as_ref().map_or(SimRate::DEFAULT, |room| room.rate));
        let budget = self.prediction.as_ref().map_or(resimulated_max, Prediction::budget_ticks);
        let steps_max = budget + new_ticks.min(resimulated_max);
        let outcome = self.confirm_frames(steps_max).and_then(|()| self.predict(steps_max));
        if let Err(error) = outcome {
            self.stats.errors.note(error.to_string());
            return self.connection.close(Cause::GameFailed, &error.to_string());
        }
        self.send_inputs(now);
        self.ask_for_frames(now);
    }

    /// Samples one input for every tick that is due; returns their number.
    fn sample_inputs(&mut self, sample: &mut dyn FnMut(InputRequest<'_>) -> Input) -> u32 {
        let (Some(slot), Some(end)) = (self.playing_slot(), self.inputs_end()) else { return 0 };
        let Some(current) = &mut self.current else { return 0 };
        let opens_at_zero = current.loaded.is_some_and(|(_, first)| first == Tick(0));
        // A late joiner begins with the present tick, everybody else with tick 0.
        current.inputs.start_at(if opens_at_zero { Tick(0) } else { end.minus(1) });
        let mut sampled = 0;
        for tick in current.inputs.missing_before(end) {
            let input = match &self.prediction {
                Some(prediction) => {
                    let last = current.inputs.get(tick.minus(1)).unwrap_or_default();
                    sample(InputRequest { tick, slot, last, simulation: Some(prediction.simulation()) })
                }
                None => synthetic_input(tick, slot),
            };
            current.inputs.push(input);
            sampled += 1;
        }
        sampled
    }

    /// One past the newest tick that needs an input; nothing while none is needed.
    fn inputs_end(&self) -> Option<Tick> {
        let room = self.room.as_ref()?;
        let time = self.clock.room_time()?;
        let is_wanted = match room.phase {
            Phase::Playing { .. } => true,
            Phase::Countdown { .. } => time >= -EARLY_SECONDS * f64::from(room.tick_rate),
            Phase::Lobby { .. } | Phase::Loading { .. } | Phase::Results { .. } => false,
        };
        if !is_wanted || self.prediction.as_ref().is_some_and(Prediction::is_over) {
            return None;
        }
        // Not further than can be predicted: if the server is silent, wait for it.
        let end = self.clock.input_tick()?.plus(1);
        Some(end.min(self.next_confirmed()?.plus(predicted_ticks_max(room.rate))))
    }

    /// The next tick to confirm, while a match is loaded.
    pub(super) fn next_confirmed(&self) -> Option<Tick> {
        self.current.as_ref().map(|current| current.frame_buffer.base())
    }

    fn advance_spectator_clock(&mut self, now: Duration) {
        if !self.is_watching() {
            return;
        }
        let (Some(room), Some(current)) = (&self.room, &mut self.current) else { return };
        current.spectator_clock.advance(
            now,
            room.tick_rate,
            current.frame_buffer.next_missing(),
            current.last_tick.is_some(),
        );
    }

    /// One past the newest tick to confirm: every frame that has arrived, or only those that are due if the client only
    /// watches.
    fn confirm_end(&self) -> Tick {
        match &self.current {
            Some(current) if self.is_watching() && self.prediction.is_some() => current.spectator_clock.due_end(),
            _ => Tick(u32::MAX),
        }
    }

    /// Confirms the available frames in order, and simulates at most `steps_max` of them.
    fn confirm_frames(&mut self, steps_max: u32) -> Result<(), SimulationFailed> {
        let end = self.confirm_end();
        let mut steps = 0;
        while steps < steps_max {
            let Some(current) = &mut self.current else { break };
            let Some((tick, encoded_frame)) = current.frame_buffer.peek().filter(|(tick, _)| *tick < end) else {
                break;
            };
            let Some(prediction) = &mut self.prediction else {
                current.frame_buffer.take();
                self.stats.ticks_confirmed += 1;
                continue;
            };
            let Ok((frame, server_hash)) = decode_frame(encoded_frame, tick, prediction.last_inputs()) else {
                current.frame_buffer.discard();
                self.stats.errors.note("a frame could not be read");
                break;
            };
            let outcome = prediction.confirm(&frame, server_hash)?;
            current.frame_buffer.take();
            steps += u32::from(outcome.simulated);
            self.stats.ticks_confirmed += 1;
            if let Some(undone) = outcome.undone {
                self.stats.rollback_ticks.record(i64::from(undone));
            }
            if outcome.differs {
                self.report_desync(tick);
            } else if is_reported(tick) {
                self.report_hash(tick);
            }
        }
        Ok(())
    }

    /// Reports the hash of a whole state with the next inputs. A lost report is made up for by the next one.
    fn report_hash(&mut self, tick: Tick) {
        let (Some(current), Some(prediction)) = (&mut self.current, &self.prediction) else { return };
        current.report = prediction.hashes_after(tick).map(|hashes| (tick, hashes.combined()));
    }

    fn predict(&mut self, steps_max: u32) -> Result<(), SimulationFailed> {
        let Some(slot) = self.playing_slot() else { return Ok(()) };
        let (Some(current), Some(prediction)) = (&self.current, &mut self.prediction) else { return Ok(()) };
        // Confirmed frames are left over: predicted ticks would be undone in the next update.
        let is_behind = current.frame_buffer.peek().is_some();
        let end = if is_behind || current.last_tick.is_some() {
            Tick(0)
        } else {
            current.inputs.end().min(self.clock.view_end())
        };
        prediction.predict(end, steps_max, slot, |tick| current.inputs.get(tick))?;
        Ok(())
    }
}

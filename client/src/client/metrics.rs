//! Measurements of every update.

use std::time::Duration;

use framehouse_shared::{protocol::messages::Phase, tick::Tick};

use super::{Client, latency::Progress};
use crate::{net::Traffic, prediction::Prediction};

/// Time from the start of a match until confirmation is expected to keep up.
const SETTLE_TIME: Duration = Duration::from_secs(1);

/// Values at the last measurement.
#[derive(Default)]
pub(super) struct Measured {
    at: Duration,
    traffic: Traffic,
    bad_messages: u64,
}

impl Client {
    pub(super) fn measure(&mut self, now: Duration) {
        let traffic = self.connection.traffic();
        let bad_messages = self.connection.bad_messages();
        let earlier = std::mem::replace(&mut self.measured, Measured { at: now, traffic, bad_messages });
        for _ in earlier.bad_messages..bad_messages {
            self.stats.errors.note("a control message could not be read");
        }
        // A client that leaves, or has just lost the connection, gets no frames any more.
        let is_served = self.is_connected() && !self.is_leaving();
        if is_served && matches!(self.phase(), Some(Phase::Playing { .. })) {
            self.stats.playing_time += now.saturating_sub(earlier.at);
            self.stats.playing_traffic += traffic - earlier.traffic;
            self.measure_lag(now);
        }
        self.measure_latency(now);
        self.measure_correction();
    }

    /// Measures how long the player waits for an input's effect.
    fn measure_latency(&mut self, now: Duration) {
        let Some(current) = self.current.as_mut().filter(|current| current.loaded.is_some()) else { return };
        let progress = Progress {
            sampled: current.inputs.end(),
            shown: self.prediction.as_ref().map(|prediction| prediction.simulation().next_tick()),
            confirmed: current.frame_buffer.base(),
        };
        current.latency.note(now, progress, &mut self.stats);
    }

    /// Measures how far a rollback moved objects on the screen.
    fn measure_correction(&mut self) {
        let Some(prediction) = &mut self.prediction else { return };
        let noticed = prediction.simulation().game().noticed_jump();
        if let Some(jump) = prediction.take_correction().filter(|jump| *jump >= noticed) {
            self.stats.corrections += 1;
            self.stats.largest_correction = self.stats.largest_correction.max(jump);
        }
    }

    /// Measures how far confirmation is behind the tick that the room should have closed by now. For a client that only
    /// watches, frames that have arrived count as confirmed: they wait for their time.
    fn measure_lag(&mut self, now: Duration) {
        let is_over = self.prediction.as_ref().is_some_and(Prediction::is_over);
        let (Some(current), Some(room), Some(time)) = (&self.current, &self.room, self.clock.room_time()) else {
            return;
        };
        let has_settled = current.loaded.is_some_and(|(since, _)| now.saturating_sub(since) > SETTLE_TIME);
        if is_over || !has_settled || time < f64::from(room.tick_rate) {
            return;
        }
        let end = if self.is_watching() { current.frame_buffer.next_missing() } else { current.frame_buffer.base() };
        let last_confirmed = end.minus(1);
        let lag = Tick(time as u32).since(last_confirmed);
        self.stats.confirmed_lag_ticks_max = self.stats.confirmed_lag_ticks_max.max(lag);
    }
}

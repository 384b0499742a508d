//! The server's side of a trace, without a simulation: what `server/src/room/inputs.rs` does with inputs.

use std::collections::BTreeSet;

use framehouse_shared::protocol::datagram::Feedback;

use super::*;

/// The far end: takes inputs, closes ticks on time, and tells what came of them.
#[derive(Default)]
pub struct ModelRoom {
    /// The room's tick 0 closes this many seconds after the trace began.
    pub epoch: f64,
    /// Ticks a second.
    pub rate: f64,
    open: u32,
    received: BTreeSet<u32>,
    end: u32,
    /// What the client is told.
    pub feedback: Feedback,
    is_urgent: bool,
}

impl ModelRoom {
    pub fn new(epoch: f64, rate: f64) -> Self {
        Self { epoch, rate, ..Self::default() }
    }

    /// What time it is in the room, in ticks.
    pub fn time(&self, at: Duration) -> f64 {
        (at.as_secs_f64() - self.epoch) * self.rate
    }

    /// One message: its newest input, and how many older ones.
    pub fn take(&mut self, at: Duration, newest: u32, count: u32) {
        for tick in newest + 1 - count..=newest {
            if self.received.insert(tick) && tick < self.open && self.end > 0 {
                self.feedback.late += 1;
                self.is_urgent = true;
            }
        }
        if newest >= self.end {
            self.end = newest + 1;
            self.feedback.margin = ((f64::from(newest) - self.time(at)) * 256.0) as i16;
            self.is_urgent |= self.feedback.margin < 0;
        }
    }

    /// The header of the frame that is due.
    pub fn close(&mut self, at: Duration) -> Option<FramesHeader> {
        if self.time(at) < f64::from(self.open) {
            return None;
        }
        let tick = self.open;
        self.open += 1;
        self.feedback.replaced += u32::from(self.end > 0 && !self.received.contains(&tick));
        let is_due = (self.is_urgent || tick.is_multiple_of(4)) && self.end > 0;
        self.is_urgent = false;
        let feedback = is_due.then_some(self.feedback);
        Some(FramesHeader { match_low: 1, newest: Tick(tick), input_ack: Tick(self.end), feedback })
    }
}

//! A model of the server's side, without a simulation: treats inputs like `server/src/room/inputs.rs`.

use std::collections::BTreeSet;

use framehouse_shared::protocol::datagram::Feedback;

use super::*;

/// The model server: takes inputs, closes ticks on time, and sends feedback.
#[derive(Default)]
pub struct ModelRoom {
    /// The room's tick 0 closes this many seconds after the trace began.
    pub epoch: f64,
    /// Ticks a second.
    pub rate: f64,
    /// Ticks from one message with frames to the next.
    pub datagram_ticks: u32,
    open: u32,
    received: BTreeSet<u32>,
    end: u32,
    /// The feedback for the client.
    pub feedback: Feedback,
    is_urgent: bool,
}

impl ModelRoom {
    pub fn new(epoch: f64, rate: f64) -> Self {
        Self { epoch, rate, datagram_ticks: 1, ..Self::default() }
    }

    /// The room's time, in ticks.
    pub fn time(&self, at: Duration) -> f64 {
        (at.as_secs_f64() - self.epoch) * self.rate
    }

    /// Takes one message, by its newest input and the number of its inputs.
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

    /// Closes the ticks that are due, up to one whose frame is sent at once; returns the header of that message.
    pub fn close(&mut self, at: Duration) -> Option<FramesHeader> {
        while self.time(at) >= f64::from(self.open) {
            let tick = self.open;
            self.open += 1;
            self.feedback.replaced += u32::from(self.end > 0 && !self.received.contains(&tick));
            if tick.is_multiple_of(self.datagram_ticks) {
                return Some(self.header(tick));
            }
        }
        None
    }

    fn header(&mut self, tick: u32) -> FramesHeader {
        let is_due = (self.is_urgent || tick.is_multiple_of(4)) && self.end > 0;
        self.is_urgent = false;
        let feedback = is_due.then_some(self.feedback);
        FramesHeader { match_low: 1, newest: Tick(tick), input_ack: Tick(self.end), feedback }
    }
}

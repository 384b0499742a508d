//! How far ahead inputs have to be made so that they arrive in time: steered by what the server says of single inputs.
//!
//! The server tells of a named input how long before its tick closed it came: its *margin*. What was known when that input
//! left is kept, so every feedback measures the *base offset*: by how much the input time has to be ahead of our own clock for a
//! margin of zero. The base offset does not depend on what was corrected since; nothing is corrected twice while the effect of a
//! correction is still in flight, and the loop cannot swing.

use std::collections::VecDeque;

use framehouse_shared::{
    protocol::datagram::{Feedback, FramesHeader},
    tick::Tick,
};

use super::loss::UplinkLoss;

/// The margin without jitter, in seconds: the server looks for datagrams every 4 ms, and a client's frame may be late.
const MARGIN_BASE: f64 = 0.008;
/// The smallest target, in seconds.
const MARGIN_MIN: f64 = 0.010;
/// The largest target without loss, in seconds: beyond, a late input now and then costs less than the wait.
const MARGIN_MAX: f64 = 2.5 / 30.0;
/// How many standard deviations of the base offset the target has room for.
const JITTERS: f64 = 3.0;
/// The standard deviation of a normal distribution by its mean deviation, `sqrt(pi / 2)`: the mean is easier to follow, and
/// one wild sample moves it less.
const DEVIATION: f64 = 1.2533;
/// The part of an error that one feedback corrects; it comes every 0.13 s.
const GAIN: f64 = 0.1;
/// The same for an input that came too late.
const GAIN_LATE: f64 = 0.2;
/// How fast the measured jitter changes: over some 16 samples, 2 s.
const JITTER_GAIN: f64 = 1.0 / 16.0;
/// A sample is an outlier when it is off by more than this many jitters and by more than [`OUTLIER_MIN`].
const OUTLIER_JITTERS: f64 = 4.0;
/// See [`OUTLIER_JITTERS`]; in seconds.
const OUTLIER_MIN: f64 = 0.5 / 30.0;
/// So many outliers in a row are ignored: a stall on the air brings one or two.
const OUTLIERS_IGNORED: u32 = 2;
/// For how many seconds sent inputs are remembered: more than any answer takes.
const SENT_SECONDS: f64 = 4.25;

/// One input that was the newest in its message.
#[derive(Clone, Copy, Debug)]
struct Sent {
    tick: Tick,
    /// How many inputs left with it for the first time: on a machine that is slower than the ticks it has company, which
    /// has to come in time as well.
    inputs_before: u32,
    /// How far the input time was ahead of our own clock when it left, in ticks.
    clock_offset: f64,
    /// The same input was the newest of a second message: which of the two the server tells of is unknown.
    is_repeated: bool,
}

/// The way of inputs to the server, measured, and the margin that is aimed at. All times are in ticks.
#[derive(Clone, Debug)]
pub(super) struct LeadController {
    tick_rate: f64,
    base_offset: Option<f64>,
    /// The standard deviation of the base offset.
    jitter: f64,
    is_jitter_measured: bool,
    samples: u32,
    outliers: u32,
    /// The newest margin that the server told.
    last: Option<f64>,
    newest_sample: Tick,
    newest_frame: Tick,
    sent: VecDeque<Sent>,
    /// One past the newest input that ever left in this match.
    next_sent: Tick,
    /// One past the newest input whose loss is decided.
    judged: Tick,
    loss: UplinkLoss,
}

impl LeadController {
    /// Nothing is measured yet.
    pub fn new(tick_rate: f64) -> Self {
        Self {
            tick_rate,
            base_offset: None,
            jitter: 0.0,
            is_jitter_measured: false,
            samples: 0,
            outliers: 0,
            last: None,
            newest_sample: Tick(0),
            newest_frame: Tick(0),
            sent: VecDeque::new(),
            next_sent: Tick(0),
            judged: Tick(0),
            loss: UplinkLoss::default(),
        }
    }

    /// A new match. What the network is like stays known.
    pub fn start_match(&mut self) {
        self.forget_offset();
        self.next_sent = Tick(0);
    }

    /// Our own clock or the room's went astray: forgets what was measured by it. What the network is like stays known.
    pub fn forget_offset(&mut self) {
        self.loss.begin_anew();
        let Self { tick_rate, jitter, is_jitter_measured, next_sent, ref loss, .. } = *self;
        *self = Self { jitter, is_jitter_measured, next_sent, loss: loss.clone(), ..Self::new(tick_rate) };
    }

    /// Until inputs tell: how much pings vary.
    pub fn expect_jitter(&mut self, ticks: f64) {
        if !self.is_jitter_measured {
            self.jitter = ticks;
        }
    }

    /// An input leaves as the newest of its message, while the input time is `clock_offset` ticks ahead of our own clock.
    pub fn note_sent(&mut self, tick: Tick, clock_offset: f64) {
        if tick < self.next_sent {
            // It may have come long ago, by another reading of the clocks.
            self.sent.iter_mut().rev().take(1).for_each(|last| last.is_repeated = true);
            return;
        }
        self.next_sent = tick.plus(1);
        if self.sent.len() >= (SENT_SECONDS * self.tick_rate).round() as usize {
            self.sent.pop_front();
        }
        let inputs_before = self.sent.back().map_or(0, |last| tick.since(last.tick) - 1);
        self.sent.push_back(Sent { tick, inputs_before, clock_offset, is_repeated: false });
    }

    /// Takes what a message of frames says of our inputs.
    pub fn take_frames_header(&mut self, header: &FramesHeader) {
        // Messages may overtake each other: an older one knows less.
        if header.newest < self.newest_frame {
            return;
        }
        self.newest_frame = header.newest;
        if let Some(feedback) = header.feedback {
            self.take_feedback(header.input_ack.minus(1), &feedback);
        }
        if let Some(base_offset) = self.base_offset {
            self.judge(header.newest, header.input_ack, base_offset);
        }
    }

    /// The margin of the newest input that the server told of.
    pub const fn last(&self) -> Option<f64> {
        self.last
    }

    /// The part of inputs that are lost on the way up, 0 to 1.
    pub const fn loss(&self) -> f64 {
        self.loss.rate()
    }

    /// The margin that is aimed at.
    pub fn target(&self) -> f64 {
        self.target_without_loss() + self.loss.extra_ticks()
    }

    fn target_without_loss(&self) -> f64 {
        let wanted = MARGIN_BASE * self.tick_rate + JITTERS * self.jitter;
        wanted.clamp(MARGIN_MIN * self.tick_rate, MARGIN_MAX * self.tick_rate)
    }

    /// By how much the input time should be ahead of our own clock, once that is measured.
    pub fn clock_offset_wanted(&self) -> Option<f64> {
        self.base_offset.map(|base_offset| base_offset + self.target())
    }

    fn take_feedback(&mut self, tick: Tick, feedback: &Feedback) {
        self.loss.note_replaced(feedback.replaced);
        // The same input is told of until a newer one arrives.
        if tick <= self.newest_sample && self.base_offset.is_some() {
            return;
        }
        let Some(sent) = self.sent.iter().rev().find(|sent| sent.tick == tick && !sent.is_repeated) else { return };
        self.newest_sample = tick;
        let margin = f64::from(feedback.margin) / 256.0 - f64::from(sent.inputs_before);
        self.last = Some(margin);
        self.take_sample(sent.clock_offset - margin, margin < 0.0);
    }

    fn take_sample(&mut self, sample: f64, is_late: bool) {
        let Some(base_offset) = self.base_offset else { return self.begin_at(sample) };
        let error = sample - base_offset;
        let is_outlier = error.abs() > (OUTLIER_JITTERS * self.jitter).max(OUTLIER_MIN * self.tick_rate);
        self.outliers = if is_outlier { self.outliers + 1 } else { 0 };
        if (1..=OUTLIERS_IGNORED).contains(&self.outliers) {
            return;
        }
        if is_outlier && error.abs() > jump_ticks(self.tick_rate) {
            return self.begin_at(sample);
        }
        self.follow(base_offset, error, if is_late { GAIN_LATE } else { GAIN });
    }

    /// The first sample, or one so far from what was known that only a new start helps.
    fn begin_at(&mut self, sample: f64) {
        (self.base_offset, self.samples, self.outliers) = (Some(sample), 1, 0);
    }

    fn follow(&mut self, base_offset: f64, error: f64, gain: f64) {
        self.samples += 1;
        // The first samples weigh the same.
        self.base_offset = Some(base_offset + gain.max(1.0 / f64::from(self.samples)) * error);
        self.jitter += JITTER_GAIN * (DEVIATION * error.abs() - self.jitter);
        self.is_jitter_measured = true;
    }

    /// Every input that should be at the server by the tick of the newest frame, and is not, was lost on its way.
    fn judge(&mut self, newest: Tick, acknowledged: Tick, base_offset: f64) {
        let patience = self.target_without_loss() - MARGIN_BASE * self.tick_rate / 2.0;
        let first = self.sent.partition_point(|sent| sent.tick < self.judged);
        for sent in self.sent.iter().skip(first) {
            let margin = sent.clock_offset - base_offset;
            if f64::from(sent.tick.0) - margin + patience > f64::from(newest.0) {
                break;
            }
            self.judged = sent.tick.plus(1);
            self.loss.judge(sent.tick >= acknowledged);
        }
    }
}

/// An error of more ticks than this is not slewed away: 250 ms.
pub(super) fn jump_ticks(tick_rate: f64) -> f64 {
    0.25 * tick_rate
}

#[cfg(test)]
mod tests;

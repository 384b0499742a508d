//! The lead controller: decides how far ahead inputs are made so that they arrive in time, from the server's feedback
//! on single inputs.
//!
//! For a named input, the server reports how long before its tick closed it arrived: its *margin*. The client keeps the
//! clock offset at which it sent that input, so every feedback measures the *base offset*: how far the input time has
//! to be ahead of our own clock for a margin of zero. The base offset does not depend on later corrections. Nothing is
//! therefore corrected twice while a correction is still in flight, and the loop cannot oscillate.

use std::collections::VecDeque;

use framehouse_shared::{
    protocol::datagram::{Feedback, FramesHeader},
    tick::Tick,
};

use super::loss::UplinkLoss;

/// The margin without jitter, in seconds: the server reads datagrams every 4 ms, and a client's frame may be late.
const MARGIN_BASE: f64 = 0.008;
/// The smallest target margin, in seconds.
const MARGIN_MIN: f64 = 0.010;
/// The largest target margin without loss, in seconds: beyond, an occasional late input costs less than the wait.
const MARGIN_MAX: f64 = 2.5 / 30.0;
/// The target margin, in standard deviations of the base offset.
const JITTERS: f64 = 3.0;
/// Ratio of standard deviation to mean deviation of a normal distribution, `sqrt(pi / 2)`: the mean deviation is easier
/// to follow, and one extreme sample moves it less.
const DEVIATION: f64 = 1.2533;
/// The part of an error that one feedback corrects; feedback arrives every 0.13 s.
const GAIN: f64 = 0.1;
/// The part of an error that feedback on a late input corrects.
const GAIN_LATE: f64 = 0.2;
/// Smoothing of the measured jitter: over about 16 samples, 2 s.
const JITTER_GAIN: f64 = 1.0 / 16.0;
/// A sample is an outlier when it is off by more than this many jitters and by more than [`OUTLIER_MIN`].
const OUTLIER_JITTERS: f64 = 4.0;
/// See [`OUTLIER_JITTERS`]; in seconds.
const OUTLIER_MIN: f64 = 0.5 / 30.0;
/// Maximum number of outliers in a row that are ignored: a stall of a radio link causes one or two.
const OUTLIERS_IGNORED: u32 = 2;
/// Seconds of sent inputs that are remembered: longer than any feedback takes.
const SENT_SECONDS: f64 = 4.25;

/// An input that was the newest of its message.
#[derive(Clone, Copy, Debug)]
struct Sent {
    tick: Tick,
    /// Number of inputs sent with it for the first time: one in economy mode, more on a machine that is slower than the
    /// ticks. They have to arrive in time as well.
    inputs_before: u32,
    /// The clock offset when it was sent, in ticks.
    clock_offset: f64,
    /// Whether it was the newest input of a second message: it is unknown which of the two the feedback is about.
    is_repeated: bool,
}

/// Measures the base offset of inputs and chooses the target margin. All times are in ticks.
#[derive(Clone, Debug)]
pub(super) struct LeadController {
    tick_rate: f64,
    /// Ticks from one datagram to the next.
    datagram_ticks: f64,
    base_offset: Option<f64>,
    /// The standard deviation of the base offset.
    jitter: f64,
    is_jitter_measured: bool,
    samples: u32,
    outliers: u32,
    /// The newest margin that the server reported.
    last: Option<f64>,
    newest_sample: Tick,
    newest_frame: Tick,
    sent: VecDeque<Sent>,
    /// One past the newest input sent in this match.
    next_sent: Tick,
    /// One past the newest input that is known to be lost or received.
    judged: Tick,
    loss: UplinkLoss,
}

impl LeadController {
    /// A controller without measurements.
    pub fn new(tick_rate: f64) -> Self {
        Self {
            tick_rate,
            datagram_ticks: 1.0,
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

    /// Starts a new match with datagrams this many ticks apart; what was measured of the network is kept.
    pub fn start_match(&mut self, datagram_ticks: f64) {
        self.forget_offset();
        self.next_sent = Tick(0);
        self.datagram_ticks = datagram_ticks;
    }

    /// Forgets offsets, after our own clock or the room's jumped; what was measured of the network is kept.
    pub fn forget_offset(&mut self) {
        self.loss.begin_anew();
        let Self { tick_rate, datagram_ticks, jitter, is_jitter_measured, next_sent, ref loss, .. } = *self;
        let loss = loss.clone();
        *self = Self { datagram_ticks, jitter, is_jitter_measured, next_sent, loss, ..Self::new(tick_rate) };
    }

    /// Sets the jitter from pings, used until there is feedback on inputs.
    pub fn expect_jitter(&mut self, ticks: f64) {
        if !self.is_jitter_measured {
            self.jitter = ticks;
        }
    }

    /// Notes an input that is sent as the newest of its message, and the clock offset at that time.
    pub fn note_sent(&mut self, tick: Tick, clock_offset: f64) {
        if tick < self.next_sent {
            // The first message may have arrived long ago, at another clock offset.
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

    /// Takes the feedback in a `Frames` header.
    pub fn take_frames_header(&mut self, header: &FramesHeader) {
        // Messages may overtake each other: an older one is of no use.
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

    /// The margin of the newest input with feedback.
    pub const fn last(&self) -> Option<f64> {
        self.last
    }

    /// Fraction of inputs lost on the way to the server, 0 to 1.
    pub const fn loss(&self) -> f64 {
        self.loss.rate()
    }

    /// The target margin.
    pub fn target(&self) -> f64 {
        self.target_without_loss() + self.loss.extra_datagrams() * self.datagram_ticks
    }

    fn target_without_loss(&self) -> f64 {
        let wanted = MARGIN_BASE * self.tick_rate + JITTERS * self.jitter;
        wanted.clamp(MARGIN_MIN * self.tick_rate, MARGIN_MAX * self.tick_rate)
    }

    /// The wanted clock offset, once it is measured.
    pub fn clock_offset_wanted(&self) -> Option<f64> {
        self.base_offset.map(|base_offset| base_offset + self.target())
    }

    fn take_feedback(&mut self, tick: Tick, feedback: &Feedback) {
        self.loss.note_replaced(feedback.replaced);
        // Feedback on an input is repeated until a newer one arrives.
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

    /// Starts from the first sample, or from one so far off that smoothing would not help.
    fn begin_at(&mut self, sample: f64) {
        (self.base_offset, self.samples, self.outliers) = (Some(sample), 1, 0);
    }

    fn follow(&mut self, base_offset: f64, error: f64, gain: f64) {
        self.samples += 1;
        // The first samples have equal weight.
        self.base_offset = Some(base_offset + gain.max(1.0 / f64::from(self.samples)) * error);
        self.jitter += JITTER_GAIN * (DEVIATION * error.abs() - self.jitter);
        self.is_jitter_measured = true;
    }

    /// Counts inputs as lost that should be at the server by the tick of the newest frame and are not.
    fn judge(&mut self, newest: Tick, acknowledged: Tick, base_offset: f64) {
        let patience = self.target_without_loss() - MARGIN_BASE * self.tick_rate / 2.0;
        let first = self.sent.partition_point(|sent| sent.tick < self.judged);
        for sent in self.sent.iter().skip(first) {
            // The margin of the message: its first input waited for it.
            let margin = sent.clock_offset - base_offset + (self.datagram_ticks - 1.0);
            if f64::from(sent.tick.0) - margin + patience > f64::from(newest.0) {
                break;
            }
            self.judged = sent.tick.plus(1);
            self.loss.judge(sent.tick >= acknowledged);
        }
    }
}

/// The error beyond which the time jumps instead of slewing, in ticks: 250 ms.
pub(super) fn jump_ticks(tick_rate: f64) -> f64 {
    0.25 * tick_rate
}

#[cfg(test)]
mod tests;

//! The three times of a match, in ticks since its first tick began; they are negative in the countdown.
//!
//! ```text
//! room time    the time in the room now                      pings.rs: from pings alone
//! input time   the tick that an input is made for now        lead.rs: room time + lead, so that inputs arrive in time
//! view time    the tick that is shown now                    delay.rs: input time - input delay
//! ```
//!
//! The code is free of I/O: it is fed with times, pings, pongs and the headers of frames. None of the three times ever
//! goes back within a match: inputs have been sent, and the picture must not jump back.

mod delay;
mod lead;
mod loss;
mod pings;
mod slewed_clock;

use std::time::Duration;

use framehouse_shared::{
    protocol::datagram::{FramesHeader, Ping, Pong},
    tick::Tick,
};

use delay::InputDelay;
use lead::{LeadController, jump_ticks};
use pings::Pings;
use slewed_clock::{Slew, SlewedClock};

/// Gain of the room time, per second: fast, since the player does not notice. At 30 Hz one tick corrects the whole
/// error.
const ROOM_GAIN: f64 = 30.0;
/// The largest change of the room time's speed, as a fraction.
const ROOM_SLEW: f64 = 0.05;
/// The error of the room time beyond which it jumps instead of slewing, in seconds.
const ROOM_JUMP_SECONDS: f64 = 10.0 / 30.0;
/// Gain of the input time, per second: 10 % of the error in a tick at 30 Hz. The measured offset is smooth already:
/// this only softens its steps.
const INPUT_GAIN: f64 = 3.0;
/// The largest change of the input time's speed, as a fraction.
const INPUT_SLEW: f64 = 0.05;
/// The largest change of speed while the error is larger than [`LARGE_ERROR_SECONDS`].
const INPUT_SLEW_LARGE: f64 = 0.10;
/// See [`INPUT_SLEW_LARGE`].
const LARGE_ERROR_SECONDS: f64 = 2.0 / 30.0;
/// Added to the first guess of the lead, half a round trip plus the target, in seconds: the two directions may differ.
const FIRST_SPARE_SECONDS: f64 = 1.0 / 30.0;
/// Without an update for this long, the program has slept, unless its updates are always that rare.
const SLEEP_MIN: Duration = Duration::from_secs(1);

/// Room time, input time and view time.
#[derive(Clone, Debug)]
pub struct Clock {
    tick_rate: f64,
    /// Ticks from one datagram of inputs or frames to the next.
    datagram_ticks: f64,
    now: Duration,
    /// Time between the last two advances.
    last_step: Duration,
    pings: Pings,
    room: SlewedClock,
    lead: LeadController,
    input: SlewedClock,
    /// The newest frame that arrived since the last advance.
    newest_frame: Option<Tick>,
    delay: InputDelay,
}

impl Clock {
    /// A clock without measurements; it begins with quick pings.
    pub fn new(tick_rate: u16, now: Duration) -> Self {
        let tick_rate = f64::from(tick_rate);
        Self {
            tick_rate,
            datagram_ticks: 1.0,
            now,
            last_step: Duration::ZERO,
            pings: Pings::new(tick_rate, now),
            room: SlewedClock::default(),
            lead: LeadController::new(tick_rate),
            input: SlewedClock::default(),
            newest_frame: None,
            delay: InputDelay::new(tick_rate, 1.0),
        }
    }

    /// Starts a new match: its times begin anew, the measured distance to the room is kept. Datagrams of inputs and of
    /// frames are `datagram_ticks` ticks apart.
    pub fn start_match(&mut self, now: Duration, datagram_ticks: u32) {
        self.datagram_ticks = datagram_ticks.into();
        self.pings.set_datagram_ticks(datagram_ticks);
        self.pings.forget_room_time(now);
        self.lead.start_match(self.datagram_ticks);
        self.room.forget();
        self.input.forget();
        self.newest_frame = None;
        self.delay = InputDelay::new(self.tick_rate, self.datagram_ticks);
    }

    /// The ping that is due, if one is.
    pub fn due_ping(&mut self, now: Duration) -> Option<Ping> {
        self.pings.due(now)
    }

    /// Takes a pong and returns its round-trip time; nothing if it answers no pending ping.
    pub fn take_pong(&mut self, now: Duration, pong: &Pong) -> Option<Duration> {
        let rtt = self.pings.take(now, pong);
        self.lead.expect_jitter(self.ticks(self.pings.jitter()));
        rtt
    }

    /// Notes that an `Inputs` message is sent whose newest input is for this tick.
    pub fn note_sent(&mut self, newest: Tick) {
        if let Some(clock_offset) = self.clock_offset() {
            self.lead.note_sent(newest, clock_offset);
        }
    }

    /// Takes a `Frames` header of the current match: feedback on our inputs, and the age of its newest frame.
    pub fn take_frames_header(&mut self, header: &FramesHeader) {
        self.lead.take_frames_header(header);
        self.newest_frame = self.newest_frame.max(Some(header.newest));
    }

    /// Advances the times to `now`, a little faster or slower than the wall clock so that they approach the
    /// measurements.
    pub fn advance(&mut self, now: Duration) {
        let step = now.saturating_sub(self.now);
        let has_slept = now < self.now || (step > SLEEP_MIN && step > 4 * self.last_step);
        (self.now, self.last_step) = (now, step);
        if has_slept {
            return self.wake();
        }
        let Some(measured) = self.pings.room_time(now) else { return };
        let elapsed = self.ticks(step);
        let (gain, jump_ticks) = (ROOM_GAIN / self.tick_rate, ROOM_JUMP_SECONDS * self.tick_rate);
        self.room.advance(elapsed, measured, Slew { gain, slew_max: ROOM_SLEW, jump_ticks });
        self.advance_input(elapsed, measured);
    }

    /// The room's time now, in ticks.
    pub const fn room_time(&self) -> Option<f64> {
        self.room.time()
    }

    /// The median round-trip time.
    pub const fn rtt(&self) -> Option<Duration> {
        self.pings.rtt()
    }

    /// Jitter: the median difference of round-trip times from their median.
    pub const fn jitter(&self) -> Duration {
        self.pings.jitter()
    }

    /// The lead: how many ticks ahead of the room inputs are made.
    pub fn lead_ticks(&self) -> f64 {
        self.input.time().zip(self.room.time()).map_or(0.0, |(input, room)| input - room)
    }

    /// The margin that the lead is steered to: how many ticks before its tick closes an input should arrive.
    pub fn target_margin_ticks(&self) -> f64 {
        self.lead.target()
    }

    /// The margin of the newest input with feedback, in ticks; negative if the input was late.
    pub const fn margin_ticks(&self) -> Option<f64> {
        self.lead.last()
    }

    /// Fraction of inputs lost on the way to the server, 0 to 1, over about the last 900 inputs.
    pub const fn loss(&self) -> f64 {
        self.lead.loss()
    }

    /// The input delay: how many ticks after it was made an input is shown, 0 to half a second (15 ticks at 30 Hz).
    pub fn delay_ticks(&self) -> f64 {
        self.delay.ticks()
    }

    /// The tick that an input is made for now: room time plus lead.
    pub const fn input_time(&self) -> Option<f64> {
        self.input.time()
    }

    /// The newest tick that needs an input.
    pub fn input_tick(&self) -> Option<Tick> {
        whole_tick(self.input_time()?)
    }

    /// The moment of the match that is shown now: input time minus input delay.
    pub fn view_time(&self) -> Option<f64> {
        self.input.time().map(|time| time - self.delay.ticks())
    }

    /// One past the newest tick that is shown.
    pub fn view_end(&self) -> Tick {
        self.view_time().and_then(whole_tick).map_or(Tick(0), |tick| tick.plus(1))
    }

    /// After a sleep it is unknown whether our own clock counted the time: the times stand still until the room's time
    /// is measured again.
    fn wake(&mut self) {
        self.pings.forget_room_time(self.now);
        self.lead.forget_offset();
        self.newest_frame = None;
    }

    fn advance_input(&mut self, elapsed: f64, room_time: f64) {
        let Some(rtt) = self.rtt().filter(|_| self.pings.is_enough()).map(|rtt| self.ticks(rtt)) else { return };
        let goal = self.input_goal(room_time, rtt);
        let before = self.input.time();
        let error = before.map_or(0.0, |before| goal - before - elapsed);
        let slew_max = if error.abs() > LARGE_ERROR_SECONDS * self.tick_rate { INPUT_SLEW_LARGE } else { INPUT_SLEW };
        let jump_ticks = jump_ticks(self.tick_rate);
        self.input.advance(elapsed, goal, Slew { gain: INPUT_GAIN / self.tick_rate, slew_max, jump_ticks });
        let after = self.input.time().unwrap_or(goal);
        match self.newest_frame.take() {
            Some(newest) => self.delay.note_prediction_depth(after - f64::from(newest.0)),
            None => self.delay.expect_prediction_depth(after - room_time + rtt / 2.0),
        }
        self.delay.advance(self.now, after - before.unwrap_or(after));
    }

    /// The target of the input time: from the server's feedback, or a guess from pings before there is any.
    fn input_goal(&mut self, room_time: f64, rtt: f64) -> f64 {
        let target = self.lead.target();
        // The first input of a datagram waits for the last one, and has to be in time as well.
        let waits = self.datagram_ticks - 1.0;
        let guess = room_time + rtt / 2.0 + target + waits + FIRST_SPARE_SECONDS * self.tick_rate;
        let Some(clock_offset) = self.lead.clock_offset_wanted() else { return guess };
        let goal = self.ticks(self.now) + clock_offset;
        // A one-way delay is between zero and a round trip. Anything else was measured before the room lost time.
        let base_offset = goal - target - room_time;
        if base_offset.abs() > rtt + jump_ticks(self.tick_rate) {
            self.lead.forget_offset();
            return guess;
        }
        goal
    }

    /// The clock offset: how far the input time is ahead of our own clock, in ticks.
    fn clock_offset(&self) -> Option<f64> {
        self.input.time().map(|time| time - self.ticks(self.now))
    }

    fn ticks(&self, time: Duration) -> f64 {
        time.as_secs_f64() * self.tick_rate
    }
}

/// The tick that contains a time; nothing before the first.
fn whole_tick(time: f64) -> Option<Tick> {
    let whole = time.floor();
    (0.0..f64::from(u32::MAX)).contains(&whole).then_some(Tick(whole as u32))
}

#[cfg(test)]
mod tests;

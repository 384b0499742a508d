//! The three times of a match, in its ticks, counted since its first tick began; they are negative in the countdown.
//!
//! ```text
//! room time    what time it is in the room now               pings.rs: pings alone
//! input time   for which tick an input is made now           lead.rs: room time + lead, so that inputs come in time
//! view time    which tick is shown now                       delay.rs: input time - input delay
//! ```
//!
//! Plain: fed with times, pings, pongs and the headers of frames. None of the three ever goes back inside a match: inputs
//! are sent, and the picture must not rewind.

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

/// How much of an error of room time one second corrects: as fast as one does not notice.
const ROOM_GAIN: f64 = 30.0;
/// How much faster or slower than the wall room time may run.
const ROOM_SLEW: f64 = 0.05;
/// An error of the room time of more seconds than this is not slewed away.
const ROOM_JUMP_SECONDS: f64 = 10.0 / 30.0;
/// How much of an error of the input time one second corrects. The measured way is smooth already: this only takes the edge
/// off its steps, 10 % of an error with every feedback.
const INPUT_GAIN: f64 = 3.0;
/// How much faster or slower than the wall the input time may run.
const INPUT_SLEW: f64 = 0.05;
/// The same while the error is larger than [`LARGE_ERROR_SECONDS`].
const INPUT_SLEW_LARGE: f64 = 0.10;
/// See [`INPUT_SLEW_LARGE`].
const LARGE_ERROR_SECONDS: f64 = 2.0 / 30.0;
/// What the first guess of the lead has more than half a round trip and the target, in seconds: ways differ.
const FIRST_SPARE_SECONDS: f64 = 1.0 / 30.0;
/// No update for so long is a sleep, unless updates are as rare as that anyway.
const SLEEP_MIN: Duration = Duration::from_secs(1);

/// Room time, input time and view time.
#[derive(Clone, Debug)]
pub struct Clock {
    tick_rate: f64,
    now: Duration,
    /// How long before the last advance the one before it was.
    last_step: Duration,
    pings: Pings,
    room: SlewedClock,
    lead: LeadController,
    input: SlewedClock,
    /// The newest frame that came since the last advance.
    newest_frame: Option<Tick>,
    delay: InputDelay,
}

impl Clock {
    /// A clock that knows nothing yet and begins with quick pings.
    pub fn new(tick_rate: u16, now: Duration) -> Self {
        let tick_rate = f64::from(tick_rate);
        Self {
            tick_rate,
            now,
            last_step: Duration::ZERO,
            pings: Pings::new(tick_rate, now),
            room: SlewedClock::default(),
            lead: LeadController::new(tick_rate),
            input: SlewedClock::default(),
            newest_frame: None,
            delay: InputDelay::new(tick_rate),
        }
    }

    /// A new match: its times begin anew, the distance to the room stays known.
    pub fn start_match(&mut self, now: Duration) {
        self.pings.forget_room_time(now);
        self.lead.start_match();
        self.room.forget();
        self.input.forget();
        self.newest_frame = None;
        self.delay = InputDelay::new(self.tick_rate);
    }

    /// The ping that is due, if one is.
    pub fn due_ping(&mut self, now: Duration) -> Option<Ping> {
        self.pings.due(now)
    }

    /// Takes an answer and returns its round-trip time; nothing when it answers no open question.
    pub fn take_pong(&mut self, now: Duration, pong: &Pong) -> Option<Duration> {
        let rtt = self.pings.take(now, pong);
        self.lead.expect_jitter(self.ticks(self.pings.jitter()));
        rtt
    }

    /// An `Inputs` message leaves with the input of this tick as its newest.
    pub fn note_sent(&mut self, newest: Tick) {
        if let Some(clock_offset) = self.clock_offset() {
            self.lead.note_sent(newest, clock_offset);
        }
    }

    /// Takes what a `Frames` message of the current match says of our inputs, and how old its newest frame is.
    pub fn take_frames_header(&mut self, header: &FramesHeader) {
        self.lead.take_frames_header(header);
        self.newest_frame = self.newest_frame.max(Some(header.newest));
    }

    /// Lets the times run up to `now`, a little faster or slower than the wall so that they near what was measured.
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

    /// How much round-trip times differ from their median: the median difference.
    pub const fn jitter(&self) -> Duration {
        self.pings.jitter()
    }

    /// How many ticks ahead of the room inputs are made.
    pub fn lead_ticks(&self) -> f64 {
        self.input.time().zip(self.room.time()).map_or(0.0, |(input, room)| input - room)
    }

    /// How many ticks before its tick closes an input should arrive: what the lead is steered by.
    pub fn target_margin_ticks(&self) -> f64 {
        self.lead.target()
    }

    /// How many ticks before its tick closed the newest input came that the server told of; negative when it was late.
    pub const fn margin_ticks(&self) -> Option<f64> {
        self.lead.last()
    }

    /// The part of inputs that are lost on the way to the server, 0 to 1, of the last 900 or so.
    pub const fn loss(&self) -> f64 {
        self.lead.loss()
    }

    /// How many ticks after it was made an input is shown: up to half a second.
    pub fn delay_ticks(&self) -> f64 {
        self.delay.ticks()
    }

    /// For which tick an input is made now: the room's time plus the lead.
    pub const fn input_time(&self) -> Option<f64> {
        self.input.time()
    }

    /// The newest tick that an input is due for.
    pub fn input_tick(&self) -> Option<Tick> {
        whole_tick(self.input_time()?)
    }

    /// Which moment of the match is shown now: the input time less the delay.
    pub fn view_time(&self) -> Option<f64> {
        self.input.time().map(|time| time - self.delay.ticks())
    }

    /// One past the newest tick that is shown.
    pub fn view_end(&self) -> Tick {
        self.view_time().and_then(whole_tick).map_or(Tick(0), |tick| tick.plus(1))
    }

    /// Nobody knows whether our own clock counted the time we slept, or jumped without a sleep: the times stand still until
    /// the room has said what time it is.
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

    /// Where the input time should be now: as the server's feedback says, or a guess from pings before there is any.
    fn input_goal(&mut self, room_time: f64, rtt: f64) -> f64 {
        let target = self.lead.target();
        let guess = room_time + rtt / 2.0 + target + FIRST_SPARE_SECONDS * self.tick_rate;
        let Some(clock_offset) = self.lead.clock_offset_wanted() else { return guess };
        let goal = self.ticks(self.now) + clock_offset;
        // No way is longer than a round trip, or negative. Such a one was measured before the room lost time: it waited, or
        // stood still.
        let base_offset = goal - target - room_time;
        if base_offset.abs() > rtt + jump_ticks(self.tick_rate) {
            self.lead.forget_offset();
            return guess;
        }
        goal
    }

    /// How far the input time is ahead of our own clock, in ticks.
    fn clock_offset(&self) -> Option<f64> {
        self.input.time().map(|time| time - self.ticks(self.now))
    }

    fn ticks(&self, time: Duration) -> f64 {
        time.as_secs_f64() * self.tick_rate
    }
}

/// The tick that a time lies in; nothing before the first.
fn whole_tick(time: f64) -> Option<Tick> {
    let whole = time.floor();
    (0.0..f64::from(u32::MAX)).contains(&whole).then_some(Tick(whole as u32))
}

#[cfg(test)]
mod tests;

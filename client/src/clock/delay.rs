//! The input delay: how far the view is behind the inputs that are made.
//!
//! An input is made for a tick that lies *prediction depth* ticks ahead of the newest confirmed one. This gap is filled
//! in three steps: the first 33 ms are delay (the view waits for the input), the next 0.2 s are predicted, and the rest
//! is delay again.
//!
//! Only the view is delayed: inputs are made one a tick by the input time alone, so that no change of the delay loses
//! or doubles an input. Delay costs the player time: an input is seen `delay` ticks after it was made. In exchange,
//! fewer ticks are guessed, and other players are shown correctly more often. Up to about 195 ms of round trip,
//! prediction alone fills the gap and the player's own craft answers within 100 ms; beyond, predicting more would cost
//! more in corrections than the wait does.

use std::time::Duration;

/// The first part of the gap, filled with delay, in seconds: it costs little and shows players with a short round trip
/// exactly.
const DELAY_FIRST: f64 = 1.0 / 30.0;
/// Maximum time that is predicted before the delay grows, in seconds.
const PREDICTED: f64 = 0.2;
/// The largest delay, in seconds.
const DELAY_MAX: f64 = 0.5;
/// The smallest difference to the wanted delay that changes the delay, in seconds.
const CHANGE_SECONDS: f64 = 1.0 / 30.0;
/// The time that the wanted delay must differ before the delay changes.
const CHANGE_TIME: Duration = Duration::from_secs(2);
/// The largest change of the view's speed because of a change of the delay, as a fraction.
const SLEW_MAX: f64 = 0.05;
/// Smoothing time of the measured prediction depth, in seconds: 16 frames at 30 Hz.
const PREDICTION_DEPTH_TIME: f64 = 16.0 / 30.0;
/// Seconds of frames needed to know the prediction depth of a match; until then the delay follows without waiting.
const SAMPLES_SECONDS_MIN: f64 = 3.0;

/// The input delay of one match, in ticks.
#[derive(Clone, Debug)]
pub(super) struct InputDelay {
    tick_rate: f64,
    /// Ticks from one datagram with frames to the next.
    datagram_ticks: f64,
    prediction_depth: Option<f64>,
    samples: u32,
    /// The delay that is approached.
    goal: f64,
    current: Option<f64>,
    differs_since: Option<Duration>,
}

impl InputDelay {
    /// A delay of 0 without measurements.
    pub const fn new(tick_rate: f64, datagram_ticks: f64) -> Self {
        Self {
            tick_rate,
            datagram_ticks,
            prediction_depth: None,
            samples: 0,
            goal: 0.0,
            current: None,
            differs_since: None,
        }
    }

    /// Takes a measurement: a frame arrived while inputs were made for `prediction_depth` ticks after it.
    pub fn note_prediction_depth(&mut self, prediction_depth: f64) {
        self.samples = self.samples.saturating_add(1);
        let gain = (PREDICTION_DEPTH_TIME * self.samples_per_s()).max(1.0).recip().max(1.0 / f64::from(self.samples));
        // The first frame replaces the guess from before it.
        self.prediction_depth = Some(
            self.prediction_depth
                .filter(|_| self.samples > 1)
                .map_or(prediction_depth, |known| known + gain * (prediction_depth - known)),
        );
    }

    /// Sets a guess of the prediction depth, used until the first frame.
    pub fn expect_prediction_depth(&mut self, prediction_depth: f64) {
        if self.samples == 0 {
            self.prediction_depth = Some(prediction_depth);
        }
    }

    /// Moves the delay towards its goal while the input time advances by `step` ticks.
    pub fn advance(&mut self, now: Duration, step: f64) {
        let Some(prediction_depth) = self.prediction_depth else { return };
        self.choose(now, prediction_depth);
        // A delay beyond the prediction depth would show frames before their time.
        let goal = self.goal.min(prediction_depth.max(0.0));
        let current = self.current.unwrap_or(goal);
        // Slower than the input time, so that the view never goes back; and not at all while the input time stands
        // still.
        let change_max = SLEW_MAX * step;
        self.current = Some(current + (goal - current).clamp(-change_max, change_max));
    }

    /// The present delay.
    pub fn ticks(&self) -> f64 {
        self.current.unwrap_or_default()
    }

    fn choose(&mut self, now: Duration, prediction_depth: f64) {
        let wanted = self.delay_for(prediction_depth);
        let differs = (wanted - self.goal).abs() >= CHANGE_SECONDS * self.tick_rate;
        self.differs_since = self.differs_since.or(Some(now)).filter(|_| differs);
        let has_differed = self.differs_since.is_some_and(|since| now.saturating_sub(since) >= CHANGE_TIME);
        if has_differed || f64::from(self.samples) < SAMPLES_SECONDS_MIN * self.samples_per_s() {
            self.goal = wanted;
        }
    }

    /// The part of a gap of `prediction_depth` ticks that is filled with delay, in ticks.
    fn delay_for(&self, prediction_depth: f64) -> f64 {
        let first = prediction_depth.clamp(0.0, DELAY_FIRST * self.tick_rate);
        // The average age of the newest frame: at 30 Hz, six predicted ticks reach five and a half beyond it.
        let frame_age = self.datagram_ticks / 2.0;
        (prediction_depth - (PREDICTED * self.tick_rate - frame_age)).clamp(first, DELAY_MAX * self.tick_rate)
    }

    /// Datagrams with frames a second.
    const fn samples_per_s(&self) -> f64 {
        self.tick_rate / self.datagram_ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs this many seconds at 30 Hz with a prediction depth; returns the delay after each tick.
    fn run(delay: &mut InputDelay, from: u64, seconds: u64, prediction_depth: f64) -> Vec<f64> {
        let ticks = from * 30..(from + seconds) * 30;
        let mut delay_after = |tick| {
            delay.note_prediction_depth(prediction_depth);
            delay.advance(Duration::from_secs(1) * tick as u32 / 30, 1.0);
            delay.ticks()
        };
        ticks.map(&mut delay_after).collect()
    }

    #[test]
    fn first_a_tick_of_delay_then_six_predicted_ones_then_delay_again() {
        for (prediction_depth, expected) in
            [(0.4, 0.4), (1.0, 1.0), (4.0, 1.0), (6.5, 1.0), (8.0, 2.5), (12.5, 7.0), (40.0, 15.0)]
        {
            let mut delay = InputDelay::new(30.0, 1.0);
            let after = run(&mut delay, 0, 60, prediction_depth);
            assert!(
                (after.last().expect("many") - expected).abs() < 1e-6,
                "need {prediction_depth}: {:?}",
                after.last()
            );
        }
    }

    #[test]
    fn it_changes_for_a_whole_tick_that_lasts_and_for_nothing_less() {
        let mut delay = InputDelay::new(30.0, 1.0);
        let settled = *run(&mut delay, 0, 20, 9.0).last().expect("many");
        assert_eq!(run(&mut delay, 20, 20, 9.8).last(), Some(&settled), "less than a tick");
        assert_eq!(run(&mut delay, 40, 1, 12.0).last(), Some(&settled), "only for a second");
        assert_eq!(run(&mut delay, 41, 10, 9.0).last(), Some(&settled));
        let changed = run(&mut delay, 51, 20, 12.0);
        assert!((changed.last().expect("many") - 6.5).abs() < 0.1, "{:?}", changed.last());
        let steps = changed.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        assert!(steps.fold(0.0, f64::max) <= SLEW_MAX + 1e-9, "the view may only run a little slower");
    }

    #[test]
    fn it_is_never_more_than_the_need() {
        let mut delay = InputDelay::new(30.0, 1.0);
        run(&mut delay, 0, 20, 1.6);
        for (from, prediction_depth, expected) in [(20, 0.5, 0.5), (40, 1.4, 1.0)] {
            let after = run(&mut delay, from, 20, prediction_depth);
            assert!(
                (after.last().expect("many") - expected).abs() < 0.02,
                "need {prediction_depth}: {:?}",
                after.last()
            );
        }
    }

    #[test]
    fn it_stands_still_while_the_input_time_does() {
        let mut delay = InputDelay::new(30.0, 1.0);
        let settled = *run(&mut delay, 0, 20, 9.0).last().expect("many");
        for tick in 600..900 {
            delay.note_prediction_depth(30.0);
            delay.advance(Duration::from_secs(1) * tick / 30, 0.0);
            assert_eq!(delay.ticks(), settled);
        }
    }
}

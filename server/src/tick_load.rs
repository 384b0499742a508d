//! How busy the tick thread is: the share of its time that it uses, and that it will use soon.

use std::time::Duration;

use bevy::prelude::*;

/// Time over which the share is smoothed, in seconds.
const SMOOTHING_S: f64 = 2.0;
/// Seconds until the match of a player who joins has begun and is felt in the share.
const UNFELT_SECONDS: usize = 10;
/// A smaller share has little to do with the number of players.
const PLAYED_SHARE_MIN: f64 = 0.3;

/// Share of its time that the tick thread uses.
#[derive(Resource, Clone, Copy, Debug)]
pub struct TickLoad {
    /// Clock of the tick thread's processor time.
    clock: fn() -> Duration,
    /// Processor time and time since the start of the server at the last reading.
    read: (Duration, Duration),
    share: f64,
    /// Number of sessions and share at the end of each of the last seconds, oldest first.
    past: [(usize, f64); UNFELT_SECONDS],
    second: Duration,
}

impl Default for TickLoad {
    /// Without a clock only late ticks count.
    fn default() -> Self {
        Self::new(|| Duration::ZERO)
    }
}

impl TickLoad {
    /// Measures from now on with a clock of the tick thread's processor time.
    pub fn new(clock: fn() -> Duration) -> Self {
        let read = (clock(), Duration::ZERO);
        Self { clock, read, share: 0.0, past: [(0, 0.0); UNFELT_SECONDS], second: Duration::ZERO }
    }

    /// Share of its time, 0 to 1, that the tick thread is busy.
    pub const fn share(&self) -> f64 {
        self.share
    }

    /// Processor time of the tick thread at the last reading.
    pub const fn cpu_time(&self) -> Duration {
        self.read.0
    }

    /// The share when all of so many sessions play: those of the last seconds wait in lobbies, so they are not felt yet.
    pub fn expected_share(&self, sessions: usize) -> f64 {
        let (felt, share) = self.past[0];
        if felt == 0 || share < PLAYED_SHARE_MIN {
            return self.share;
        }
        self.share.max(share * sessions as f64 / felt as f64)
    }

    /// Reads the clock at `elapsed` since the start. `late` is how late the last tick started, in ticks.
    pub fn read_clock(&mut self, elapsed: Duration, late: f64, sessions: usize) {
        let now = ((self.clock)(), elapsed);
        let (busy, passed) = (now.0.saturating_sub(self.read.0), now.1.saturating_sub(self.read.1));
        self.read = now;
        self.note(busy, passed, late, sessions);
    }

    /// Notes that the thread was busy for `busy` of the last `passed`. A thread whose tick starts a whole tick late has no
    /// time left, whatever it used: other processes may have had the processor.
    pub fn note(&mut self, busy: Duration, passed: Duration, late: f64, sessions: usize) {
        let passed_s = passed.as_secs_f64();
        if passed_s > 0.0 {
            let share = if late >= 1.0 { 1.0 } else { (busy.as_secs_f64() / passed_s).min(1.0) };
            self.share += (share - self.share) * passed_s / (passed_s + SMOOTHING_S);
        }
        self.second += passed;
        if self.second >= Duration::from_secs(1) {
            self.second = Duration::ZERO;
            self.past.rotate_left(1);
            self.past[UNFELT_SECONDS - 1] = (sessions, self.share);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    fn after_ticks(mut load: TickLoad, ticks: u32, busy_ms: u64, late: f64) -> TickLoad {
        (0..ticks).for_each(|_| load.note(Duration::from_millis(busy_ms), TICK, late, 0));
        load
    }

    #[test]
    fn one_long_tick_is_no_load_and_seconds_of_them_are() {
        let calm = after_ticks(TickLoad::default(), 200, 20, 0.0);
        assert!((calm.share() - 0.2).abs() < 0.01, "{calm:?}");
        assert!(after_ticks(calm, 1, 100, 0.0).share() < 0.25);
        assert!((0.6..0.8).contains(&after_ticks(calm, 20, 100, 0.0).share()));
        assert!(after_ticks(after_ticks(calm, 100, 100, 0.0), 50, 20, 0.0).share() < 0.3, "and it passes");
    }

    #[test]
    fn ticks_that_start_late_are_load_without_processor_time() {
        let starved = after_ticks(TickLoad::default(), 100, 10, 3.0);
        assert!(starved.share() > 0.95 && starved.share() <= 1.0, "{starved:?}");
        assert!(after_ticks(TickLoad::default(), 100, 10, 0.9).share() < 0.11, "a little late is nothing");
    }

    #[test]
    fn a_reading_counts_what_the_thread_used_since_the_last_one() {
        static CLOCK: AtomicU64 = AtomicU64::new(500);
        let mut load = TickLoad::new(|| Duration::from_millis(CLOCK.load(Ordering::Relaxed)));
        for tick in 1..=200 {
            CLOCK.fetch_add(50, Ordering::Relaxed);
            load.read_clock(TICK * tick, 0.0, 0);
        }
        assert!((load.share() - 0.5).abs() < 0.01, "{load:?}");
        load.read_clock(TICK * 200, 0.0, 0);
        assert!(load.share().is_finite(), "no time has passed");
    }

    #[test]
    fn players_of_the_last_seconds_are_expected_to_play() {
        let mut load = TickLoad::default();
        let mut seconds = |count: u32, busy_ms: u64, sessions: usize| {
            (0..10 * count).for_each(|_| load.note(Duration::from_millis(busy_ms), TICK, 0.0, sessions));
            load
        };
        let steady = seconds(30, 50, 100);
        assert!((steady.expected_share(100) - 0.5).abs() < 0.01, "{steady:?}");
        assert!((steady.expected_share(180) - 0.9).abs() < 0.01, "80 more are on their way");
        assert_eq!(steady.expected_share(10), steady.share(), "that many have left is not felt at once, either");
        let felt = seconds(UNFELT_SECONDS as u32, 90, 180);
        assert_eq!(felt.expected_share(180), felt.share());
        let idle = seconds(30, 10, 1);
        assert_eq!(idle.expected_share(100), idle.share(), "an idle thread says nothing about its players");
    }
}

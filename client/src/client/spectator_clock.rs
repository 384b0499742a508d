//! The spectator clock: decides when a spectator sees a frame.
//!
//! Frames arrive unevenly, and a picture that follows them at once jerks. The spectator clock therefore runs evenly, a
//! little behind the newest frame that has arrived, and a frame is confirmed when the clock reaches it. Only the frames
//! steer it: pings and the room's clock do not matter, and a room that loses time is simply followed.

use std::time::Duration;

use framehouse_shared::tick::Tick;

/// Distance to the newest frame, in seconds: about the jitter of frames. The average age of the newest frame is added:
/// half a tick, or a whole one in economy mode.
const BEHIND_SECONDS: f64 = 0.05;
/// Change of speed for each second of error.
const CORRECTION: f64 = 3.0;
/// The largest change of speed, as a fraction.
const CORRECTION_MAX: f64 = 0.25;
/// A larger error is not caught up with, in seconds: the clock jumps.
const JUMP_SECONDS: f64 = 10.0 / 30.0;

/// A spectator's clock, in ticks of the match.
#[derive(Debug)]
pub struct SpectatorClock {
    /// Ticks from one datagram with frames to the next.
    datagram_ticks: f64,
    time: Option<f64>,
    advanced_to: Duration,
}

impl SpectatorClock {
    /// A clock without a time, for frames that come in datagrams this many ticks apart.
    pub fn new(datagram_ticks: u32) -> Self {
        Self { datagram_ticks: datagram_ticks.into(), time: None, advanced_to: Duration::ZERO }
    }

    /// Advances the clock to `now`. `frames_end` is one past the newest frame that has arrived without a gap;
    /// `is_complete` means that no more will come.
    pub fn advance(&mut self, now: Duration, tick_rate: u16, frames_end: Tick, is_complete: bool) {
        let tick_rate = f64::from(tick_rate);
        let elapsed = now.saturating_sub(self.advanced_to).as_secs_f64() * tick_rate;
        self.advanced_to = now;
        let end = f64::from(frames_end.0);
        let target = if is_complete { end } else { end - (BEHIND_SECONDS * tick_rate + self.datagram_ticks / 2.0) };
        let time = self.time.filter(|time| target - time <= JUMP_SECONDS * tick_rate).map_or(target, |time| {
            let correction = CORRECTION * (target - time) / tick_rate;
            time + elapsed * (1.0 + correction.clamp(-CORRECTION_MAX, CORRECTION_MAX))
        });
        self.time = Some(time.min(end));
    }

    /// The displayed time; its whole part is the newest tick that is due.
    pub const fn time(&self) -> Option<f64> {
        self.time
    }

    /// One past the newest tick that is due.
    pub fn due_end(&self) -> Tick {
        // A negative number becomes 0.
        self.time.map_or(Tick(0), |time| Tick((time.floor() + 1.0) as u32))
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::rng::SimRng;

    use super::*;

    const RATE: u16 = 30;
    const STEPS_PER_TICK: u32 = 4;

    /// Runs one tick in steps while frames before `frames_end` are available; returns the time after each step.
    fn run(spectator_clock: &mut SpectatorClock, tick: u32, frames_end: u32) -> Vec<f64> {
        let step = |n: u32| Duration::from_secs(1) * (tick * STEPS_PER_TICK + n) / (u32::from(RATE) * STEPS_PER_TICK);
        let mut times = Vec::new();
        for n in 0..STEPS_PER_TICK {
            spectator_clock.advance(step(n), RATE, Tick(frames_end), false);
            times.extend(spectator_clock.time());
        }
        times
    }

    #[test]
    fn uneven_frames_are_shown_evenly() {
        let mut rng = SimRng::new(5);
        let mut spectator_clock = SpectatorClock::new(1);
        let mut frames_end = 0;
        let mut times = Vec::new();
        for tick in 0..900 {
            // Each frame is up to two ticks late, and none overtakes another.
            frames_end = frames_end.max(tick - rng.below(3).min(tick));
            times.extend(run(&mut spectator_clock, tick, frames_end));
        }
        let settled = &times[400..];
        let step = 1.0 / f64::from(STEPS_PER_TICK);
        let is_even = |pair: &[f64]| ((pair[1] - pair[0]) / step - 1.0).abs() <= CORRECTION_MAX;
        assert!(settled.windows(2).all(is_even), "as even as the correction allows");
        let lag = 899.0 - times[times.len() - 1];
        assert!((1.0..5.0).contains(&lag), "{lag} ticks behind the room");
    }

    #[test]
    fn a_silent_server_is_waited_for_and_caught_up_with() {
        let mut spectator_clock = SpectatorClock::new(1);
        (0..100).for_each(|tick| drop(run(&mut spectator_clock, tick, tick)));
        (100..110).for_each(|tick| drop(run(&mut spectator_clock, tick, 99)));
        assert_eq!((spectator_clock.time(), spectator_clock.due_end()), (Some(99.0), Tick(100)));
        let caught_up = (110..200).flat_map(|tick| run(&mut spectator_clock, tick, tick)).collect::<Vec<_>>();
        assert!(caught_up.is_sorted(), "time never runs backwards");
        let lag = 199.0 - caught_up[caught_up.len() - 1];
        assert!((1.0..3.0).contains(&lag), "{lag} ticks behind the newest frame");
    }

    #[test]
    fn whoever_comes_late_jumps_to_the_present() {
        let mut spectator_clock = SpectatorClock::new(1);
        spectator_clock.advance(Duration::ZERO, RATE, Tick(100), false);
        spectator_clock.advance(Duration::from_millis(10), RATE, Tick(500), false);
        assert_eq!(spectator_clock.time(), Some(498.0));
    }

    #[test]
    fn the_last_frames_are_shown_to_the_end() {
        let mut spectator_clock = SpectatorClock::new(1);
        (0..50).for_each(|tick| drop(run(&mut spectator_clock, tick, tick)));
        for ms in (1..200).step_by(5) {
            spectator_clock.advance(Duration::from_secs(50) / 30 + Duration::from_millis(ms), RATE, Tick(50), true);
        }
        assert_eq!(spectator_clock.time(), Some(50.0));
    }

    #[test]
    fn nothing_is_due_before_the_first_frame_is_there() {
        let mut spectator_clock = SpectatorClock::new(1);
        assert_eq!(spectator_clock.due_end(), Tick(0));
        spectator_clock.advance(Duration::from_secs(9), RATE, Tick(0), false);
        assert_eq!(spectator_clock.due_end(), Tick(0));
    }
}

//! A clock that approaches a goal without ever going back.

/// A time in ticks that runs with the wall clock, approaches a goal by running a little faster or slower, and never
/// goes back.
#[derive(Clone, Debug, Default)]
pub(super) struct SlewedClock {
    time: Option<f64>,
    /// Whether it is so far ahead of its goal that it stands still until the goal has caught up.
    is_waiting: bool,
}

/// Parameters of a [`SlewedClock`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Slew {
    /// The part of the error that is corrected in every tick that passes, 0 to 1.
    pub gain: f64,
    /// The largest change of speed, as a fraction.
    pub slew_max: f64,
    /// The error beyond which it does not slew, in ticks: forwards it jumps, backwards it waits.
    pub jump_ticks: f64,
}

impl SlewedClock {
    /// Advances by `elapsed` ticks towards `goal`, the wanted time after them.
    pub fn advance(&mut self, elapsed: f64, goal: f64, slew: Slew) {
        let Some(current) = self.time else {
            self.time = Some(goal);
            return;
        };
        let error = goal - (current + elapsed);
        self.is_waiting = goal < current && (self.is_waiting || error < -slew.jump_ticks);
        let correction = error * (slew.gain * elapsed).min(1.0);
        let correction_max = slew.slew_max * elapsed;
        self.time = Some(if self.is_waiting {
            current
        } else if error > slew.jump_ticks {
            goal
        } else {
            current + elapsed + correction.clamp(-correction_max, correction_max)
        });
    }

    /// The time, once there was a goal.
    pub const fn time(&self) -> Option<f64> {
        self.time
    }

    /// Forgets the time: it starts at the next goal.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLEW: Slew = Slew { gain: 0.1, slew_max: 0.05, jump_ticks: 10.0 };

    fn at(time: f64) -> SlewedClock {
        SlewedClock { time: Some(time), is_waiting: false }
    }

    #[test]
    fn a_small_error_is_corrected_in_parts_and_a_larger_one_at_the_allowed_speed() {
        for (goal, expected) in [(101.2, 101.02), (100.8, 100.98), (104.0, 101.05), (97.0, 100.95)] {
            let mut running = at(100.0);
            running.advance(1.0, goal, SLEW);
            assert!((running.time().expect("known") - expected).abs() < 1e-9, "{goal}: {running:?}");
        }
    }

    #[test]
    fn far_ahead_it_waits_until_the_goal_has_caught_up_and_far_behind_it_jumps() {
        let mut running = at(100.0);
        running.advance(1.0, 120.0, SLEW);
        assert_eq!(running.time(), Some(120.0));
        for goal in 90..120 {
            running.advance(1.0, f64::from(goal), SLEW);
            assert_eq!(running.time(), Some(120.0), "waiting for {goal}");
        }
        running.advance(1.0, 121.0, SLEW);
        assert_eq!(running.time(), Some(121.0));
    }
}

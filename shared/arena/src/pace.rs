//! Division of a tick into steps of physics, and the effect of drag in one step.
//!
//! A tick of more than 1/20 s is divided into steps of at most that length, so that crafts, sparks and walls do not pass
//! through each other at a low tick rate. A craft takes the gems that it touches at the end of a step: with rules that let
//! it fly farther in a step than twice the sum of both radii, it can jump over one. The numbers of the rules are tuned for steps of 1/30 s; in other steps drag and thrust are scaled, so
//! that speeds are equal at all rates.

use framehouse_shared::tick::SimRate;

/// Step rate for which the numbers of the rules are tuned, in steps a second.
const TUNED_HZ: f32 = 30.0;
/// Lowest step rate, in steps a second. A step is most of what a tick costs.
const STEP_HZ_MIN: u16 = 20;
/// Length of the longest step, in seconds.
pub const DT_MAX: f32 = 1.0 / STEP_HZ_MIN as f32;
/// Length of a tuned step, in seconds.
const TUNED_DT: f32 = 1.0 / TUNED_HZ;

/// Steps of a room's ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Number of steps in a tick.
    pub steps: u32,
    /// Length of a step, in seconds.
    pub dt: f32,
    /// Length of a step, in tuned steps; at most 1.5.
    share: f32,
}

/// Effect of drag and thrust on a speed in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drag {
    /// Fraction of the speed that is left.
    pub kept: f32,
    /// Effective time of the thrust, in seconds, before drag is applied.
    pub push_s: f32,
}

impl Pace {
    /// Steps at this tick rate.
    pub fn of(rate: SimRate) -> Self {
        let steps = STEP_HZ_MIN.div_ceil(rate.hz());
        let hz = f32::from(rate.hz() * steps);
        Self { steps: steps.into(), dt: 1.0 / hz, share: TUNED_HZ / hz }
    }

    /// Drag for one step, from the drag of a tuned step: `drag * TUNED_DT` of the speed, `drag` from 0 to 20.
    pub fn drag(self, drag: f32) -> Drag {
        let kept = 1.0 - drag * TUNED_DT;
        // Exactly the value of the rules: the formula below is only an approximation of it.
        if self.share == 1.0 {
            return Drag { kept, push_s: TUNED_DT };
        }
        let tuned = f64::from(kept);
        let own = power(tuned, f64::from(self.share));
        // The steps that together are as long as a tuned one give the same push as it.
        let push_s = match 1.0 - tuned {
            lost if lost > 0.0 => f64::from(TUNED_DT) * (tuned / own) * ((1.0 - own) / lost),
            _ => f64::from(self.dt),
        };
        Drag { kept: own as f32, push_s: push_s as f32 }
    }
}

/// `base` to the power of `share` (0 to 2), by square roots only: they have the same result on every machine.
fn power(base: f64, share: f64) -> f64 {
    let (mut root, mut left, mut product) = (base, share, 1.0);
    if left >= 1.0 {
        (product, left) = (base, left - 1.0);
    }
    for _ in 0..f32::MANTISSA_DIGITS {
        if left == 0.0 {
            break;
        }
        (root, left) = (root.sqrt(), left * 2.0);
        if left >= 1.0 {
            (product, left) = (product * root, left - 1.0);
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(hz: u16) -> Pace {
        Pace::of(SimRate::new(hz).expect("in range"))
    }

    #[test]
    fn a_step_is_never_longer_than_a_twentieth_of_a_second() {
        for hz in SimRate::HZ_MIN..=SimRate::HZ_MAX {
            let Pace { steps, dt, share } = pace(hz);
            assert!(share <= 1.5 && dt <= 0.05, "{hz} Hz");
            assert!((steps as f32 * dt * f32::from(hz) - 1.0).abs() < 1e-6, "the steps at {hz} Hz are a tick");
        }
        assert_eq!(pace(30), Pace { steps: 1, dt: TUNED_DT, share: 1.0 });
        assert_eq!([10, 19, 20, 29, 120].map(|hz| pace(hz).steps), [2, 2, 1, 1, 1]);
    }

    #[test]
    fn a_second_of_thrust_and_drag_gives_the_same_speed_at_every_rate() {
        for drag in [0.0, 0.01, 4.2, 20.0] {
            let speed = |hz: u16| {
                let pace = pace(hz);
                let Drag { kept, push_s } = pace.drag(drag);
                (0..u32::from(hz) * pace.steps).fold(500.0, |speed: f32, _| (speed + 1750.0 * push_s) * kept)
            };
            for hz in [10, 15, 20, 25, 45, 60, 97, 120] {
                let (own, tuned) = (speed(hz), speed(30));
                assert!((own - tuned).abs() < 0.002 * tuned, "drag {drag} at {hz} Hz: {own} and {tuned}");
            }
        }
    }
}

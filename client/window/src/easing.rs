//! Easing: numbers that change smoothly, by plain arithmetic.

use std::f32::consts::TAU;

use bevy::math::Vec2;

/// A smaller correction, in units, is invisible and not eased: bounces cause many of them.
const JUMP_MIN: f32 = 2.0;
/// A larger correction, in units, is a change of position, not an error: nothing must glide across the field.
const JUMP_MAX: f32 = 260.0;
/// The highest speed at which a corrected body glides to its position, in units per second: a few units in a frame.
const SLIP_SPEED_MAX: f32 = 300.0;

/// The fraction that is left after `seconds` of a quantity that fades at `rate` (1/s).
#[expect(clippy::disallowed_methods, reason = "only eyes see it: the last bit may differ between machines")]
pub fn decay(rate: f32, seconds: f32) -> f32 {
    (-rate * seconds).exp()
}

/// A smooth oscillation between -1 and 1; a phase of one is a whole period, and 0 is the middle.
#[expect(clippy::disallowed_methods, reason = "only eyes see it: the last bit may differ between machines")]
pub fn swing(phase: f32) -> f32 {
    (phase.fract() * TAU).sin()
}

/// Approaches `target` from `current` at `rate` (1/s), independent of the frame rate.
pub fn approach(current: f32, target: f32, rate: f32, seconds: f32) -> f32 {
    target + (current - target) * decay(rate, seconds)
}

/// Approaches an angle (radians) on the shorter way.
pub fn approach_angle(current: f32, target: f32, rate: f32, seconds: f32) -> f32 {
    let turn = Vec2::from_angle(target - current).to_angle();
    current + turn * (1.0 - decay(rate, seconds))
}

/// Easing that is fast at first and slow at the end; argument and result are 0 to 1.
pub fn ease_out(part: f32) -> f32 {
    let left = 1.0 - part.clamp(0.0, 1.0);
    1.0 - left * left * left
}

/// Easing from 0 to 1 with an overshoot of a tenth, for elements that pop up.
pub fn spring_out(part: f32) -> f32 {
    let left = 1.0 - part.clamp(0.0, 1.0);
    1.0 - left * left * (2.7 * left - 1.7)
}

/// Hides position jumps of a body after a wrong prediction: it is drawn with an offset that fades.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glide {
    offset: Vec2,
    last: Option<Vec2>,
    slip: f32,
}

/// Time that passed for a [`Glide`], in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passed {
    /// Time of the match.
    pub game: f32,
    /// Real time.
    pub real: f32,
}

impl Glide {
    /// The position to draw for a body at `target` that moves at `velocity`; the offset fades at `rate` (1/s).
    pub fn draw_at(&mut self, target: Vec2, velocity: Vec2, passed: Passed, rate: f32) -> Vec2 {
        let expected = self.last.map_or(target, |last| last + velocity * passed.game);
        let jump = (target - expected).length();
        if jump > JUMP_MAX {
            self.offset = Vec2::ZERO;
        } else if jump > JUMP_MIN {
            self.offset += expected - target;
        }
        let fading = self.offset * (1.0 - decay(rate, passed.real));
        let slip = fading.clamp_length_max(SLIP_SPEED_MAX * passed.real);
        self.offset -= slip;
        self.slip = if jump > JUMP_MAX { jump } else { slip.length() };
        self.last = Some(target);
        target + self.offset
    }

    /// The distance by which the last call drew the body away from its own motion, in units.
    pub const fn slip(&self) -> f32 {
        self.slip
    }

    /// Forgets the body: the next one starts without an offset.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The time left, as `1:07`; a second that has begun counts.
pub fn clock_text(ticks_left: u32, tick_rate: u16) -> String {
    let seconds = ticks_left.div_ceil(u32::from(tick_rate.max(1)));
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A number with spaces between thousands.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Passed = Passed { game: 1.0 / 60.0, real: 1.0 / 60.0 };

    #[test]
    fn approach_does_not_depend_on_the_frame_rate() {
        let once = approach(0.0, 10.0, 5.0, 0.2);
        let in_steps = (0..20).fold(0.0, |value, _| approach(value, 10.0, 5.0, 0.01));
        assert!((once - in_steps).abs() < 1e-3 && (0.0..10.0).contains(&once));
    }

    #[test]
    fn an_angle_takes_the_shorter_way() {
        let turned = approach_angle(3.0, -3.0, 1000.0, 1.0);
        assert!((turned - (TAU - 3.0)).abs() < 1e-3, "{turned}");
    }

    #[test]
    fn a_steady_body_is_drawn_where_it_is() {
        let (mut glide, velocity) = (Glide::default(), Vec2::new(400.0, 0.0));
        for frame in 0..60 {
            let target = velocity * (frame as f32 / 60.0);
            assert!(glide.draw_at(target, velocity, FRAME, 12.0).distance(target) < 0.01);
        }
    }

    #[test]
    fn a_correction_fades_instead_of_jumping() {
        let mut glide = Glide::default();
        glide.draw_at(Vec2::ZERO, Vec2::ZERO, FRAME, 12.0);
        let target = Vec2::new(30.0, 0.0);
        let first = glide.draw_at(target, Vec2::ZERO, FRAME, 12.0);
        assert!(first.x < 10.0, "{first}");
        let later = (0..60).map(|_| glide.draw_at(target, Vec2::ZERO, FRAME, 12.0)).last().expect("sixty frames");
        assert!(later.distance(target) < 0.1, "{later}");
        let far = Vec2::new(-700.0, 0.0);
        assert_eq!(glide.draw_at(far, Vec2::ZERO, FRAME, 12.0), far);
        assert!(glide.slip() > 700.0, "it was seen");
    }

    #[test]
    fn no_frame_slips_by_more_than_a_few_units() {
        let mut glide = Glide::default();
        let mut last = glide.draw_at(Vec2::ZERO, Vec2::ZERO, FRAME, 30.0);
        for target in [Vec2::new(120.0, 0.0), Vec2::new(-90.0, 40.0), Vec2::new(60.0, 60.0)] {
            for _ in 0..7 {
                let drawn = glide.draw_at(target, Vec2::ZERO, FRAME, 30.0);
                assert!((drawn.distance(last) - glide.slip()).abs() < 0.01 && glide.slip() <= 5.1, "{}", glide.slip());
                last = drawn;
            }
        }
    }

    #[test]
    fn the_clock_rounds_up() {
        assert_eq!(clock_text(3600, 30), "2:00");
        assert_eq!(clock_text(2011, 30), "1:08");
        assert_eq!(clock_text(1, 30), "0:01");
        assert_eq!(clock_text(0, 0), "0:00");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(-1_234_567), "-1\u{2009}234\u{2009}567");
    }
}

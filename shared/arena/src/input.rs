//! Typed input of a player for one tick.

use bevy::math::Vec2;
use framehouse_shared::input::Input;

use super::directions;

/// Byte of each field on the wire. One field a byte, so that a change of input changes few bytes.
const MOVE: usize = 0;
const THROTTLE: usize = 1;
const AIM: usize = 2;
const BUTTONS: usize = 3;

const FIRE: u8 = 1;
const DASH: u8 = 2;

/// Input of a player for one tick. Any eight bytes are valid: unknown bits and bytes are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaInput {
    /// Direction of movement, in 1/256 turns counter-clockwise from +x.
    pub direction: u8,
    /// Throttle, 0 to 255 (full). Keys give 0 or 255, a stick also values in between.
    pub throttle: u8,
    /// Direction of aim, in 1/256 turns counter-clockwise from +x.
    pub aim: u8,
    /// Whether the fire key is held.
    pub fire: bool,
    /// Whether the dash key was pressed in this tick.
    pub dash: bool,
}

impl ArenaInput {
    /// Sets direction and throttle from a vector; its length of 0 to 1 is the throttle.
    pub fn steer(&mut self, push: Vec2) {
        self.throttle = (push.length().clamp(0.0, 1.0) * 255.0).round() as u8;
        // Without a push the direction stays: an unchanged byte costs nothing on the wire.
        self.direction = directions::nearest(push).unwrap_or(self.direction);
    }

    /// Aims along `line`; no effect if it is too short to have a direction.
    pub fn aim_along(&mut self, line: Vec2) {
        self.aim = directions::nearest(line).unwrap_or(self.aim);
    }

    /// Thrust on the craft: a vector of length 0 to 1.
    pub fn push(self) -> Vec2 {
        directions::unit(self.direction) * (f32::from(self.throttle) / 255.0)
    }
}

impl From<Input> for ArenaInput {
    fn from(Input(bytes): Input) -> Self {
        Self {
            direction: bytes[MOVE],
            throttle: bytes[THROTTLE],
            aim: bytes[AIM],
            fire: bytes[BUTTONS] & FIRE != 0,
            dash: bytes[BUTTONS] & DASH != 0,
        }
    }
}

impl From<ArenaInput> for Input {
    fn from(input: ArenaInput) -> Self {
        let mut bytes = Self::NEUTRAL.0;
        bytes[MOVE] = input.direction;
        bytes[THROTTLE] = input.throttle;
        bytes[AIM] = input.aim;
        bytes[BUTTONS] = u8::from(input.fire) * FIRE + u8::from(input.dash) * DASH;
        Self(bytes)
    }
}

/// Replacement for an input that did not arrive: held keys stay held, a dash is not repeated.
pub fn missing_input(last: Input) -> Input {
    ArenaInput { dash: false, ..last.into() }.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_lost_packet_keeps_fire_held_and_forgets_the_dash() {
        let held = ArenaInput { throttle: 255, aim: 9, fire: true, dash: true, ..Default::default() };
        assert_eq!(ArenaInput::from(missing_input(held.into())), ArenaInput { dash: false, ..held });
    }

    #[test]
    fn a_stick_at_rest_keeps_its_direction() {
        let mut input = ArenaInput { direction: 77, throttle: 255, ..Default::default() };
        input.steer(Vec2::ZERO);
        assert_eq!((input.direction, input.throttle), (77, 0));
        input.steer(Vec2::new(0.0, 5.0));
        assert_eq!((input.direction, input.throttle), (64, 255));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_input(bytes: [u8; 8]) {
            let input = ArenaInput::from(Input(bytes));
            prop_assert!(input.push().length() <= 1.0 + 1e-6);
            prop_assert_eq!(ArenaInput::from(Input::from(input)), input);
        }
    }
}

//! What a player does in one tick, typed.

use bevy::math::Vec2;
use framehouse_shared::input::Input;

use super::directions;

/// The wire layout, one field a byte so that a change touches few of them: where to move, how hard, where to aim, buttons.
const MOVE: usize = 0;
const THROTTLE: usize = 1;
const AIM: usize = 2;
const BUTTONS: usize = 3;

const FIRE: u8 = 1;
const DASH: u8 = 2;

/// One player's input for one tick. Every eight bytes are one: unknown bits and bytes are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaInput {
    /// Where to move, in 1/256 turns counter-clockwise from +x.
    pub direction: u8,
    /// How hard to push, 255 is full; a key gives all or nothing, a stick what lies between.
    pub throttle: u8,
    /// Where to aim, in 1/256 turns counter-clockwise from +x.
    pub aim: u8,
    /// Whether fire is held.
    pub fire: bool,
    /// Whether dash was pressed in this tick: an edge.
    pub dash: bool,
}

impl ArenaInput {
    /// Steers along `push`, whose length of 0 to 1 is the throttle.
    pub fn steer(&mut self, push: Vec2) {
        self.throttle = (push.length().clamp(0.0, 1.0) * 255.0).round() as u8;
        // The direction of a still stick is kept: a byte that does not change costs nothing on the wire.
        self.direction = directions::nearest(push).unwrap_or(self.direction);
    }

    /// Aims along `line`; a line too short to have a direction changes nothing.
    pub fn aim_along(&mut self, line: Vec2) {
        self.aim = directions::nearest(line).unwrap_or(self.aim);
    }

    /// The push on the craft: a vector of length 0 to 1.
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

/// What a player sends whose input did not arrive: keys stay held, a dash is not repeated.
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

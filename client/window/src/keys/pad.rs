//! State of the gamepads, as plain values: tests need no gamepad.

use bevy::prelude::*;

/// The dead zone of a stick, 0 to 1: worn sticks do not return to the middle.
const DEAD_ZONE: f32 = 0.25;
/// The component of a stick that counts for a direction: the sine of 22.5 degrees gives eight equal sectors.
const SECTOR: f32 = 0.382_683_4;

/// A gamepad input for an action. The right stick aims: see [`Pad::aim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadInput {
    /// The left stick, pushed up.
    StickUp,
    /// The left stick, pulled down.
    StickDown,
    /// The left stick, to the left.
    StickLeft,
    /// The left stick, to the right.
    StickRight,
    /// The lower of the four buttons.
    South,
    /// The right of the four buttons.
    East,
    /// The left of the four buttons.
    West,
    /// The upper of the four buttons.
    North,
    /// The left shoulder button.
    LeftShoulder,
    /// The right shoulder button.
    RightShoulder,
    /// The left trigger.
    LeftTrigger,
    /// The right trigger.
    RightTrigger,
    /// The directional pad, up.
    CrossUp,
    /// The directional pad, down.
    CrossDown,
    /// The directional pad, left.
    CrossLeft,
    /// The directional pad, right.
    CrossRight,
}

/// The combined state of all gamepads in a frame.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Pad {
    /// The left stick, y up, each component -1 to 1.
    pub push: Vec2,
    /// The right stick, y up, each component -1 to 1.
    pub aim: Vec2,
    /// The held buttons.
    pub held: Vec<PadInput>,
}

impl Pad {
    /// Whether an input is active: its button is held, or the left stick is pushed in that direction.
    pub fn gives(&self, input: PadInput) -> bool {
        let along = |direction: Vec2| self.push.length() > DEAD_ZONE && self.push.normalize().dot(direction) > SECTOR;
        match input {
            PadInput::StickUp => along(Vec2::Y),
            PadInput::StickDown => along(Vec2::NEG_Y),
            PadInput::StickLeft => along(Vec2::NEG_X),
            PadInput::StickRight => along(Vec2::X),
            button => self.held.contains(&button),
        }
    }

    /// The point that the right stick aims at, `reach` units from the player's position `from`; nothing while the stick
    /// is at rest.
    pub fn pointer(&self, from: Vec2, reach: f32) -> Option<Vec2> {
        (self.aim.length() > DEAD_ZONE).then(|| from + self.aim.normalize() * reach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_left_stick_has_eight_directions_and_a_dead_middle() {
        let given = |x, y| {
            let pad = Pad { push: Vec2::new(x, y), ..default() };
            let all = [PadInput::StickUp, PadInput::StickDown, PadInput::StickLeft, PadInput::StickRight];
            all.into_iter().filter(|input| pad.gives(*input)).collect::<Vec<_>>()
        };
        assert_eq!(given(0.0, 0.9), [PadInput::StickUp]);
        assert_eq!(given(0.6, 0.6), [PadInput::StickUp, PadInput::StickRight]);
        assert_eq!(given(-0.9, 0.1), [PadInput::StickLeft]);
        assert_eq!(given(0.2, 0.1), [], "a worn stick");
    }

    #[test]
    fn a_button_is_given_while_it_is_held() {
        let pad = Pad { held: vec![PadInput::South], ..default() };
        assert_eq!([PadInput::South, PadInput::East].map(|input| pad.gives(input)), [true, false]);
    }

    #[test]
    fn the_right_stick_aims_from_the_player() {
        let aim = |x, y| Pad { aim: Vec2::new(x, y), ..default() }.pointer(Vec2::new(10.0, 20.0), 200.0);
        assert_eq!(aim(0.0, -0.5), Some(Vec2::new(10.0, -180.0)));
        assert_eq!(aim(0.1, 0.1), None);
    }
}

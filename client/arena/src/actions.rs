//! The arena's actions, and the hints for a player's first match.

use bevy::prelude::*;
use framehouse_window::{
    keys::{InputAction, PadInput},
    texts::Words,
    view::Hint,
};

/// Thrust upwards.
pub const UP: InputAction = InputAction::new("up", Words::translated("Up", &[("chinese", "向上")]))
    .key(KeyCode::KeyW)
    .key(KeyCode::ArrowUp)
    .pad(PadInput::StickUp);
/// Thrust downwards.
pub const DOWN: InputAction = InputAction::new("down", Words::translated("Down", &[("chinese", "向下")]))
    .key(KeyCode::KeyS)
    .key(KeyCode::ArrowDown)
    .pad(PadInput::StickDown);
/// Thrust to the left.
pub const LEFT: InputAction = InputAction::new("left", Words::translated("Left", &[("chinese", "向左")]))
    .key(KeyCode::KeyA)
    .key(KeyCode::ArrowLeft)
    .pad(PadInput::StickLeft);
/// Thrust to the right.
pub const RIGHT: InputAction = InputAction::new("right", Words::translated("Right", &[("chinese", "向右")]))
    .key(KeyCode::KeyD)
    .key(KeyCode::ArrowRight)
    .pad(PadInput::StickRight);
/// Fire a spark.
pub const FIRE: InputAction = InputAction::new("fire", Words::translated("Fire", &[("chinese", "开火")]))
    .mouse(MouseButton::Left)
    .key(KeyCode::Space)
    .pad(PadInput::RightTrigger)
    .pad(PadInput::RightShoulder)
    .pad(PadInput::South);
/// Dash.
pub const DASH: InputAction = InputAction::new("dash", Words::translated("Dash", &[("chinese", "冲刺")]))
    .mouse(MouseButton::Right)
    .key(KeyCode::ShiftLeft)
    .pad(PadInput::LeftTrigger)
    .pad(PadInput::LeftShoulder)
    .pad(PadInput::East);

/// Show a smile to everybody.
pub const SMILE: InputAction =
    InputAction::new("emote1", Words::translated("Emote: smile", &[("chinese", "表情：微笑")])).key(KeyCode::Digit1);
/// Show tears to everybody.
pub const TEARS: InputAction =
    InputAction::new("emote2", Words::translated("Emote: tears", &[("chinese", "表情：哭泣")])).key(KeyCode::Digit2);
/// Show anger to everybody.
pub const ANGER: InputAction =
    InputAction::new("emote3", Words::translated("Emote: anger", &[("chinese", "表情：生气")])).key(KeyCode::Digit3);
/// Show a heart to everybody.
pub const HEART: InputAction =
    InputAction::new("emote4", Words::translated("Emote: heart", &[("chinese", "表情：爱心")])).key(KeyCode::Digit4);

/// All actions, in the order of the settings screen.
pub const ALL: [InputAction; 10] = [UP, DOWN, LEFT, RIGHT, FIRE, DASH, SMILE, TEARS, ANGER, HEART];

/// Hints for a player's first match. The one on firing is optional: a match can be played well without a shot.
pub const HINTS: [Hint; 4] = [
    Hint::act(Words::translated("{}: move", &[("chinese", "{}：移动")]), &[UP, LEFT, DOWN, RIGHT]),
    Hint::point(Words::translated("Mouse: aim", &[("chinese", "鼠标：瞄准")])),
    Hint::act(Words::translated("{}: fire", &[("chinese", "{}：开火")]), &[FIRE]).optional(),
    Hint::act(Words::translated("{}: dash", &[("chinese", "{}：冲刺")]), &[DASH]),
];

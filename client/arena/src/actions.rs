//! What a player of the arena can do, and what a newcomer is taught of it.

use bevy::prelude::*;
use framehouse_window::{
    keys::{InputAction, PadInput},
    texts::Words,
    view::Hint,
};

/// Pushes upwards.
pub const UP: InputAction = InputAction::new("up", Words::translated("Up", &[("chinese", "向上")]))
    .key(KeyCode::KeyW)
    .key(KeyCode::ArrowUp)
    .pad(PadInput::StickUp);
/// Pushes downwards.
pub const DOWN: InputAction = InputAction::new("down", Words::translated("Down", &[("chinese", "向下")]))
    .key(KeyCode::KeyS)
    .key(KeyCode::ArrowDown)
    .pad(PadInput::StickDown);
/// Pushes to the left.
pub const LEFT: InputAction = InputAction::new("left", Words::translated("Left", &[("chinese", "向左")]))
    .key(KeyCode::KeyA)
    .key(KeyCode::ArrowLeft)
    .pad(PadInput::StickLeft);
/// Pushes to the right.
pub const RIGHT: InputAction = InputAction::new("right", Words::translated("Right", &[("chinese", "向右")]))
    .key(KeyCode::KeyD)
    .key(KeyCode::ArrowRight)
    .pad(PadInput::StickRight);
/// Fires a spark.
pub const FIRE: InputAction = InputAction::new("fire", Words::translated("Fire", &[("chinese", "开火")]))
    .mouse(MouseButton::Left)
    .key(KeyCode::Space)
    .pad(PadInput::RightTrigger)
    .pad(PadInput::RightShoulder)
    .pad(PadInput::South);
/// Dashes.
pub const DASH: InputAction = InputAction::new("dash", Words::translated("Dash", &[("chinese", "冲刺")]))
    .mouse(MouseButton::Right)
    .key(KeyCode::ShiftLeft)
    .pad(PadInput::LeftTrigger)
    .pad(PadInput::LeftShoulder)
    .pad(PadInput::East);

/// Shows a smile to everybody.
pub const SMILE: InputAction =
    InputAction::new("emote1", Words::translated("Emote: smile", &[("chinese", "表情：微笑")])).key(KeyCode::Digit1);
/// Shows tears to everybody.
pub const TEARS: InputAction =
    InputAction::new("emote2", Words::translated("Emote: tears", &[("chinese", "表情：哭泣")])).key(KeyCode::Digit2);
/// Shows anger to everybody.
pub const ANGER: InputAction =
    InputAction::new("emote3", Words::translated("Emote: anger", &[("chinese", "表情：生气")])).key(KeyCode::Digit3);
/// Shows a heart to everybody.
pub const HEART: InputAction =
    InputAction::new("emote4", Words::translated("Emote: heart", &[("chinese", "表情：爱心")])).key(KeyCode::Digit4);

/// All of them, in the order of the settings.
pub const ALL: [InputAction; 10] = [UP, DOWN, LEFT, RIGHT, FIRE, DASH, SMILE, TEARS, ANGER, HEART];

/// What a newcomer is taught. A match can be played well without a shot.
pub const HINTS: [Hint; 4] = [
    Hint::act(Words::translated("{}: move", &[("chinese", "{}：移动")]), &[UP, LEFT, DOWN, RIGHT]),
    Hint::point(Words::translated("Mouse: aim", &[("chinese", "鼠标：瞄准")])),
    Hint::act(Words::translated("{}: fire", &[("chinese", "{}：开火")]), &[FIRE]).optional(),
    Hint::act(Words::translated("{}: dash", &[("chinese", "{}：冲刺")]), &[DASH]),
];

//! An action: something that a player does in a match, as the game names it.

use bevy::prelude::*;

use super::{PRESSES_MAX, PadInput, Press};
use crate::texts::Words;

/// How many inputs of a gamepad may do the same action.
const PAD_PLACES: usize = 3;

/// Something that a player does in a match, with the keys, mouse buttons and gamepad inputs that do it unless the player
/// has chosen others.
///
/// Games keep theirs as constants and list them in [`View::actions`](super::super::view::View::actions):
///
/// ```
/// use bevy::prelude::*;
/// use framehouse_client::window::{keys::{InputAction, PadInput}, texts::Words};
///
/// const JUMP: InputAction =
///     InputAction::new("jump", Words::new("Jump")).key(KeyCode::Space).pad(PadInput::South);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputAction {
    id: &'static str,
    label: Words,
    presses: [Option<Press>; PRESSES_MAX],
    pad: [Option<PadInput>; PAD_PLACES],
}

impl InputAction {
    /// An action that nothing does yet. The id names it in the settings' file: it is unique in the game, and stays the same
    /// when the label changes.
    pub const fn new(id: &'static str, label: Words) -> Self {
        Self { id, label, presses: [None; PRESSES_MAX], pad: [None; PAD_PLACES] }
    }

    /// Does it with a key, too.
    ///
    /// # Panics
    /// When two keys or mouse buttons do it already.
    #[must_use]
    pub const fn key(self, key: KeyCode) -> Self {
        self.press(Press::Key(key))
    }

    /// Does it with a mouse button, too.
    ///
    /// # Panics
    /// When two keys or mouse buttons do it already.
    #[must_use]
    pub const fn mouse(self, button: MouseButton) -> Self {
        self.press(Press::Mouse(button))
    }

    /// Does it with an input of a gamepad, too. No choice of keys changes that.
    ///
    /// # Panics
    /// When three inputs of a gamepad do it already.
    #[must_use]
    pub const fn pad(mut self, input: PadInput) -> Self {
        let mut index = 0;
        while self.pad[index].is_some() {
            index += 1;
        }
        self.pad[index] = Some(input);
        self
    }

    const fn press(mut self, press: Press) -> Self {
        let mut index = 0;
        while self.presses[index].is_some() {
            index += 1;
        }
        self.presses[index] = Some(press);
        self
    }

    /// The name in the settings' file.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The name on the screen.
    pub const fn label(&self) -> Words {
        self.label
    }

    /// The usual keys and mouse buttons.
    pub const fn presses(&self) -> [Option<Press>; PRESSES_MAX] {
        self.presses
    }

    /// The inputs of a gamepad.
    pub fn pad_inputs(&self) -> impl Iterator<Item = PadInput> {
        self.pad.into_iter().flatten()
    }
}

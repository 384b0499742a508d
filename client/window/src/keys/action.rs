//! Input actions: a player's actions in a match, as the game names them.

use bevy::prelude::*;

use super::{PRESSES_MAX, PadInput, Press};
use crate::texts::Words;

/// Maximum number of gamepad inputs for one action.
const PAD_PLACES: usize = 3;

/// An action of the player in a match, with its default keys and mouse buttons and its gamepad inputs.
///
/// Games define theirs as constants and list them in [`View::actions`](super::super::view::View::actions):
///
/// ```
/// use bevy::prelude::*;
/// use framehouse_window::{keys::{InputAction, PadInput}, texts::Words};
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
    /// An action without any keys. `id` names it in the settings file: it must be unique in the game, and stay the same
    /// when the label changes.
    pub const fn new(id: &'static str, label: Words) -> Self {
        Self { id, label, presses: [None; PRESSES_MAX], pad: [None; PAD_PLACES] }
    }

    /// Adds a default key.
    ///
    /// # Panics
    /// When the action already has two keys or mouse buttons.
    #[must_use]
    pub const fn key(self, key: KeyCode) -> Self {
        self.press(Press::Key(key))
    }

    /// Adds a default mouse button.
    ///
    /// # Panics
    /// When the action already has two keys or mouse buttons.
    #[must_use]
    pub const fn mouse(self, button: MouseButton) -> Self {
        self.press(Press::Mouse(button))
    }

    /// Adds a gamepad input. The player cannot change it.
    ///
    /// # Panics
    /// When the action already has three gamepad inputs.
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

    /// The id in the settings file.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The label on the screen.
    pub const fn label(&self) -> Words {
        self.label
    }

    /// The default keys and mouse buttons.
    pub const fn presses(&self) -> [Option<Press>; PRESSES_MAX] {
        self.presses
    }

    /// The gamepad inputs.
    pub fn pad_inputs(&self) -> impl Iterator<Item = PadInput> {
        self.pad.into_iter().flatten()
    }
}

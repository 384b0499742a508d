//! Hints in the player's first match.

use crate::{keys::InputAction, texts::Words};

/// A hint: a text, and the task that completes it.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    words: Words,
    pub(crate) task: Task,
    pub(crate) is_optional: bool,
}

/// A task that completes a hint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// Do one of these actions.
    Act(&'static [InputAction]),
    /// Move the mouse.
    Point,
}

impl Hint {
    /// A hint on one action, or on several that belong together. `{}` in the text stands for the keys: all keys of a
    /// single action, or the first key of each of several.
    pub const fn act(words: Words, actions: &'static [InputAction]) -> Self {
        Self { words, task: Task::Act(actions), is_optional: false }
    }

    /// A hint on pointing with the mouse.
    pub const fn point(words: Words) -> Self {
        Self { words, task: Task::Point, is_optional: false }
    }

    /// The text.
    pub const fn words(&self) -> Words {
        self.words
    }

    /// Makes the hint optional: the hints end without it.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }
}

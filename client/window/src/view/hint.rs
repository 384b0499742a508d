//! What a newcomer is taught.

use crate::{keys::InputAction, texts::Words};

/// One thing that a newcomer is taught: words, and what has to be done for it to be learned.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    words: Words,
    pub(crate) task: Task,
    pub(crate) is_optional: bool,
}

/// What has to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// One of these actions.
    Act(&'static [InputAction]),
    /// The mouse has to be moved.
    Point,
}

impl Hint {
    /// Teaches an action, or several that belong together. `{}` in the words stands for the keys: all keys of a single
    /// action, or the first key of each of several.
    pub const fn act(words: Words, actions: &'static [InputAction]) -> Self {
        Self { words, task: Task::Act(actions), is_optional: false }
    }

    /// Teaches to point with the mouse.
    pub const fn point(words: Words) -> Self {
        Self { words, task: Task::Point, is_optional: false }
    }

    /// The words.
    pub const fn words(&self) -> Words {
        self.words
    }

    /// The lesson is over without it.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }
}

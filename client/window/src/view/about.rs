//! Names and words of a game.

use crate::texts::{Phrase, T, Words};

/// What a game is called, and what its menu and its command line say of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct About {
    /// Stable name, unique among games: the settings' file keeps the keys of every game by it.
    pub id: &'static str,
    /// The title on the menu.
    pub title: Words,
    /// The title of the operating system's window.
    pub window_title: &'static str,
    /// One line below the title: how the game is played.
    pub how_to_play: Words,
    /// What points are called: the heading of their curves in the results.
    pub points: Phrase,
    /// The program, as `--help` and `--version` name it.
    pub program: &'static str,
    /// The program's version, as `--version` names it.
    pub version: &'static str,
    /// The sentence at the head of `--help`.
    pub help: &'static str,
    /// What `--help` says below the flags.
    pub help_end: &'static str,
}

impl About {
    /// A game with this stable name (a lower-case word) and title, whose points are called points.
    pub fn new(id: &'static str, title: &'static str) -> Self {
        Self {
            id,
            title: Words::new(title),
            window_title: title,
            how_to_play: Words::default(),
            points: T::Points.into(),
            program: id,
            version: env!("CARGO_PKG_VERSION"),
            help: title,
            help_end: "",
        }
    }

    /// The title on the menu, where it differs between languages.
    #[must_use]
    pub fn title(self, title: impl Into<Words>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// The title of the operating system's window, where it is another one than that of the menu.
    #[must_use]
    pub const fn window_title(self, window_title: &'static str) -> Self {
        Self { window_title, ..self }
    }

    /// One line that says how the game is played.
    #[must_use]
    pub fn how_to_play(self, how_to_play: impl Into<Words>) -> Self {
        Self { how_to_play: how_to_play.into(), ..self }
    }

    /// Another name for points.
    #[must_use]
    pub fn points(self, points: impl Into<Words>) -> Self {
        Self { points: Phrase::Game(points.into()), ..self }
    }

    /// The program's name and version: `env!("CARGO_BIN_NAME")` or the like, and `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub const fn program(self, program: &'static str, version: &'static str) -> Self {
        Self { program, version, ..self }
    }

    /// What `--help` says above and below the flags.
    #[must_use]
    pub const fn help(self, help: &'static str, help_end: &'static str) -> Self {
        Self { help, help_end, ..self }
    }
}

//! Name and texts of a game.

use crate::texts::{Phrase, T, Words};

/// A game's name, and its texts for the menu and the command line.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct About {
    /// Stable id, unique among games: the settings file keeps the game's keys under it.
    pub id: &'static str,
    /// The title in the menu.
    pub title: Words,
    /// The title of the operating system's window.
    pub window_title: &'static str,
    /// One line below the title about how the game is played.
    pub how_to_play: Words,
    /// The game's word for points: the heading of the score curves in the results.
    pub points: Phrase,
    /// The program's name in `--help` and `--version`.
    pub program: &'static str,
    /// The program's version in `--version`.
    pub version: &'static str,
    /// The sentence at the head of `--help`.
    pub help: &'static str,
    /// The text of `--help` below the flags.
    pub help_end: &'static str,
}

impl About {
    /// A game with this stable id (a lower-case word) and title, whose points are called points.
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

    /// Sets the title in the menu, if it differs between languages.
    #[must_use]
    pub fn title(self, title: impl Into<Words>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// Sets the title of the operating system's window, if it differs from the menu's.
    #[must_use]
    pub const fn window_title(self, window_title: &'static str) -> Self {
        Self { window_title, ..self }
    }

    /// Sets the line about how the game is played.
    #[must_use]
    pub fn how_to_play(self, how_to_play: impl Into<Words>) -> Self {
        Self { how_to_play: how_to_play.into(), ..self }
    }

    /// Sets the game's word for points.
    #[must_use]
    pub fn points(self, points: impl Into<Words>) -> Self {
        Self { points: Phrase::Game(points.into()), ..self }
    }

    /// Sets the program's name and version, for example `env!("CARGO_BIN_NAME")` and `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub const fn program(self, program: &'static str, version: &'static str) -> Self {
        Self { program, version, ..self }
    }

    /// Sets the texts of `--help` above and below the flags.
    #[must_use]
    pub const fn help(self, help: &'static str, help_end: &'static str) -> Self {
        Self { help, help_end, ..self }
    }
}

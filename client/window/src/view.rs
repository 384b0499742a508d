//! The interface between the window and a game's view: the window knows no game, and a view changes no match.
//!
//! A game implements [`View`]: its name, the player's actions, the input that they make, and the systems that draw a
//! match, in the set [`Draw`] of [`Update`], as `fn(MatchView, ..)`. Everything else has a default. To send a game
//! command, a view writes a [`SendCommand`] message.
//!
//! A view can only read the match: it gets a room as an [`EntityRef`], which has no write access.
//!
//! ```
//! use bevy::prelude::*;
//! use framehouse_client::client::InputRequest;
//! use framehouse_shared::input::Input;
//! use framehouse_window::{
//!     controls::Controls,
//!     keys::InputAction,
//!     texts::Words,
//!     view::{About, Draw, MatchView, View},
//! };
//!
//! struct CoinView;
//!
//! const TOSS: InputAction = InputAction::new("toss", Words::new("Toss")).key(KeyCode::Space);
//!
//! impl View for CoinView {
//!     fn about(&self) -> About {
//!         About::new("coins", "Coins").how_to_play(Words::translated("Toss!", &[("chinese", "抛！")]))
//!     }
//!
//!     fn field(&self) -> Vec2 {
//!         Vec2::new(16.0, 9.0)
//!     }
//!
//!     fn actions(&self) -> Vec<InputAction> {
//!         vec![TOSS]
//!     }
//!
//!     fn input(&self, controls: &Controls, _: &InputRequest<'_>) -> Input {
//!         Input([u8::from(controls.was_pressed(&TOSS, 1)), 0, 0, 0, 0, 0, 0, 0])
//!     }
//!
//!     fn build(&self, app: &mut App) {
//!         app.add_systems(Update, draw.in_set(Draw));
//!     }
//! }
//!
//! fn draw(seen: MatchView) {
//!     let _tick = seen.next_tick();
//! }
//! ```

mod about;
mod backdrop;
mod hint;
mod seen;

use std::sync::Arc;

use bevy::prelude::*;
use framehouse_client::client::InputRequest;
use framehouse_shared::{
    input::{CommandBytes, Input},
    score::ScoreFrame,
};

use super::{controls::Controls, keys::InputAction, palette::Colors, settings::Settings, texts::Language};

pub use about::About;
pub use backdrop::Backdrop;
pub use hint::Hint;
pub(super) use hint::Task;
pub use seen::MatchView;

/// The set in [`Update`] that draws the match, on the screens that show one.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Draw;

/// A game command to send for the player before the next input. It is dropped while the player takes no part in a
/// running match.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct SendCommand(pub CommandBytes);

/// A game's view: all that the window needs to know of the game, and the systems that draw it.
///
/// The values are read at start and must not change while the program runs.
pub trait View: Send + Sync + 'static {
    /// The game's name and texts.
    fn about(&self) -> About;

    /// Size of the visible world around its origin, in the game's units.
    fn field(&self) -> Vec2;

    /// The player's input for one tick, from the controls, the last input, and the predicted room.
    fn input(&self, controls: &Controls, request: &InputRequest<'_>) -> Input;

    /// Adds resources and systems that draw a match. The window's own resources and sets already exist.
    fn build(&self, app: &mut App);

    /// The player's actions in a match, in the order of the settings screen.
    fn actions(&self) -> Vec<InputAction> {
        Vec::new()
    }

    /// Hints in the player's first match, from left to right.
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }

    /// Languages besides the window's own, [`Language::ALL`]. A language with the id of one of these replaces it.
    fn languages(&self) -> Vec<Language> {
        Vec::new()
    }

    /// The accent of buttons and marks, and the players' colours.
    fn colors(&self) -> Colors {
        Colors::default()
    }

    /// The backdrop behind every screen except the match.
    fn backdrop(&self) -> Backdrop {
        Backdrop::default()
    }

    /// Number of ticks that the match has left; `None` for a game without a clock.
    fn ticks_left(&self, _room: EntityRef<'_>) -> Option<u32> {
        None
    }

    /// Details of a score, in the player's language: the second line of a player in the results.
    fn detail(&self, _score: &ScoreFrame, _settings: &Settings) -> String {
        String::new()
    }
}

/// The view of the game, shared by the window's systems.
#[derive(Resource, Clone, Deref)]
pub struct GameView(Arc<dyn View>);

impl GameView {
    /// Wraps a view.
    pub fn new(view: impl View) -> Self {
        Self(Arc::new(view))
    }

    /// All languages that can be chosen, the window's own first.
    pub fn all_languages(&self) -> Vec<Language> {
        let added = self.languages();
        let of_game = |own: Language| added.iter().find(|language| **language == own).copied();
        let own = Language::ALL.map(|own| of_game(own).unwrap_or(own));
        let new = added.iter().filter(|language| !Language::ALL.contains(language));
        own.into_iter().chain(new.copied()).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use framehouse_shared::ids::Slot;

    use super::*;
    use crate::{keys::PadInput, texts::Words};

    pub const JUMP: InputAction = InputAction::new("jump", Words::translated("Jump", &[("chinese", "\u{8df3}")]))
        .key(KeyCode::Space)
        .key(KeyCode::KeyW)
        .pad(PadInput::South);
    pub const KICK: InputAction = InputAction::new("kick", Words::new("Kick")).mouse(MouseButton::Left);

    /// A view without a game.
    pub struct PlainView;

    impl View for PlainView {
        fn about(&self) -> About {
            About::new("plain", "Plain")
        }

        fn field(&self) -> Vec2 {
            Vec2::ONE
        }

        fn input(&self, _: &Controls, _: &InputRequest<'_>) -> Input {
            Input::NEUTRAL
        }

        fn build(&self, _: &mut App) {}

        fn actions(&self) -> Vec<InputAction> {
            vec![JUMP, KICK]
        }
    }

    pub fn slot(number: u8) -> Slot {
        Slot::new(number).expect("in range")
    }
}

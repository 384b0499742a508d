//! Which keys and mouse buttons do what in a match, and how they are called in the settings' file and on the screen.

mod press;

use std::collections::BTreeMap;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

pub use press::Press;

/// What a player does in a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Push upwards.
    Up,
    /// Push downwards.
    Down,
    /// Push to the left.
    Left,
    /// Push to the right.
    Right,
    /// Fire a spark.
    Fire,
    /// Dash.
    Dash,
    /// Show the first emote.
    Emote1,
    /// Show the second emote.
    Emote2,
    /// Show the third emote.
    Emote3,
    /// Show the fourth emote.
    Emote4,
}

impl Deed {
    /// All of them, in the order of the screen.
    pub const ALL: [Self; 10] = [
        Self::Up,
        Self::Down,
        Self::Left,
        Self::Right,
        Self::Fire,
        Self::Dash,
        Self::Emote1,
        Self::Emote2,
        Self::Emote3,
        Self::Emote4,
    ];

    const fn id(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Left => "left",
            Self::Right => "right",
            Self::Fire => "fire",
            Self::Dash => "dash",
            Self::Emote1 => "emote1",
            Self::Emote2 => "emote2",
            Self::Emote3 => "emote3",
            Self::Emote4 => "emote4",
        }
    }
}

/// How many presses may do the same.
pub const PLACES: usize = 2;

/// What does what: two presses for every deed, each used once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Vec<String>>", into = "BTreeMap<String, Vec<String>>")]
pub struct Bindings([[Option<Press>; PLACES]; Deed::ALL.len()]);

impl Default for Bindings {
    fn default() -> Self {
        let key = |key| Some(Press::Key(key));
        let mouse = |button| Some(Press::Mouse(button));
        Self([
            [key(KeyCode::KeyW), key(KeyCode::ArrowUp)],
            [key(KeyCode::KeyS), key(KeyCode::ArrowDown)],
            [key(KeyCode::KeyA), key(KeyCode::ArrowLeft)],
            [key(KeyCode::KeyD), key(KeyCode::ArrowRight)],
            [mouse(MouseButton::Left), key(KeyCode::Space)],
            [mouse(MouseButton::Right), key(KeyCode::ShiftLeft)],
            [key(KeyCode::Digit1), None],
            [key(KeyCode::Digit2), None],
            [key(KeyCode::Digit3), None],
            [key(KeyCode::Digit4), None],
        ])
    }
}

impl Bindings {
    /// What does this deed.
    pub const fn of(&self, deed: Deed) -> [Option<Press>; PLACES] {
        self.0[deed as usize]
    }

    /// Whether something that does this is held.
    pub fn is_held(&self, deed: Deed, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        self.of(deed).iter().flatten().any(|press| press.is_held(keys, buttons))
    }

    /// Whether something that does this was pressed since the last frame.
    pub fn is_new(&self, deed: Deed, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        self.of(deed).iter().flatten().any(|press| press.is_new(keys, buttons))
    }

    /// Makes a press do this deed, and nothing else.
    pub fn bind(&mut self, deed: Deed, place: usize, press: Press) {
        self.0.iter_mut().flatten().filter(|other| **other == Some(press)).for_each(|other| *other = None);
        self.0[deed as usize][place.min(PLACES - 1)] = Some(press);
    }

    /// What does the deed, for people: `W / Arrow up`.
    pub fn label(&self, deed: Deed) -> String {
        let labels: Vec<String> = self.of(deed).iter().flatten().map(|press| press.label()).collect();
        labels.join(" / ")
    }
}

/// A deed that the file does not name keeps its presses, as far as nothing else has them.
impl From<BTreeMap<String, Vec<String>>> for Bindings {
    fn from(file: BTreeMap<String, Vec<String>>) -> Self {
        let mut bindings = Self::default();
        for deed in Deed::ALL {
            let Some(ids) = file.get(deed.id()) else { continue };
            bindings.0[deed as usize] = [None; PLACES];
            let presses = ids.iter().filter_map(|id| Press::of_id(id)).take(PLACES);
            presses.enumerate().for_each(|(place, press)| bindings.bind(deed, place, press));
        }
        bindings
    }
}

impl From<Bindings> for BTreeMap<String, Vec<String>> {
    fn from(bindings: Bindings) -> Self {
        let ids = |deed| bindings.of(deed).iter().flatten().map(|press| press.id()).collect();
        Deed::ALL.map(|deed| (deed.id().to_owned(), ids(deed))).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_does_one_thing() {
        let mut bindings = Bindings::default();
        bindings.bind(Deed::Dash, 0, Press::Key(KeyCode::KeyW));
        assert_eq!(bindings.of(Deed::Up), [None, Some(Press::Key(KeyCode::ArrowUp))]);
        assert_eq!(bindings.label(Deed::Dash), "W / Shift left");
    }

    #[test]
    fn bindings_survive_the_file() {
        let mut bindings = Bindings::default();
        bindings.bind(Deed::Fire, 1, Press::Mouse(MouseButton::Back));
        let file = BTreeMap::from(bindings.clone());
        assert_eq!(Bindings::from(file), bindings);
        let unknown = BTreeMap::from([("fire".to_owned(), vec!["Nonsense".to_owned(), "KeyF".to_owned()])]);
        let read = Bindings::from(unknown);
        assert_eq!(read.label(Deed::Fire), "F");
        assert_eq!(read.label(Deed::Up), "W / Arrow up");
    }
}

//! Keys and mouse buttons: which can be bound, and their names in files and on the screen.

use bevy::prelude::*;

/// A key or mouse button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key, by its position on the keyboard.
    Key(KeyCode),
    /// A mouse button.
    Mouse(MouseButton),
}

/// Keys that can be bound. The others have a fixed use (Escape, Tab, F3) or no name.
// One key a line would fill a page.
#[rustfmt::skip]
const KEYS: &[KeyCode] = {
    use KeyCode::*;
    &[
        KeyA, KeyB, KeyC, KeyD, KeyE, KeyF, KeyG, KeyH, KeyI, KeyJ, KeyK, KeyL, KeyM, KeyN, KeyO, KeyP, KeyQ, KeyR,
        KeyS, KeyT, KeyU, KeyV, KeyW, KeyX, KeyY, KeyZ, Digit0, Digit1, Digit2, Digit3, Digit4, Digit5, Digit6,
        Digit7, Digit8, Digit9, ArrowUp, ArrowDown, ArrowLeft, ArrowRight, Space, Enter, Backspace, ShiftLeft,
        ShiftRight, ControlLeft, ControlRight, AltLeft, AltRight, CapsLock, Comma, Period, Slash, Semicolon, Quote,
        BracketLeft, BracketRight, Backslash, Minus, Equal, Backquote, Insert, Delete, Home, End, PageUp, PageDown,
        Numpad0, Numpad1, Numpad2, Numpad3, Numpad4, Numpad5, Numpad6, Numpad7, Numpad8, Numpad9, NumpadEnter,
        NumpadAdd, NumpadSubtract,
    ]
};

const BUTTONS: [(MouseButton, &str); 5] = [
    (MouseButton::Left, "MouseLeft"),
    (MouseButton::Right, "MouseRight"),
    (MouseButton::Middle, "MouseMiddle"),
    (MouseButton::Back, "MouseBack"),
    (MouseButton::Forward, "MouseForward"),
];

impl Press {
    /// A key, if it can be bound.
    pub fn key(key: KeyCode) -> Option<Self> {
        KEYS.contains(&key).then_some(Self::Key(key))
    }

    /// A mouse button, if it can be bound.
    pub fn button(button: MouseButton) -> Option<Self> {
        BUTTONS.iter().any(|(known, _)| *known == button).then_some(Self::Mouse(button))
    }

    /// The name in the settings file.
    pub fn id(self) -> String {
        match self {
            Self::Key(key) => format!("{key:?}"),
            Self::Mouse(button) => {
                let named = BUTTONS.iter().find(|(known, _)| *known == button);
                named.map_or_else(String::new, |(_, name)| (*name).to_owned())
            }
        }
    }

    /// The label on a key cap.
    pub fn label(self) -> String {
        let id = self.id();
        let short = id.strip_prefix("Key").or_else(|| id.strip_prefix("Digit")).unwrap_or(&id);
        let words = short.char_indices().map(|(index, letter)| {
            if index > 0 && letter.is_uppercase() { format!(" {}", letter.to_lowercase()) } else { letter.to_string() }
        });
        words.collect()
    }

    pub(super) fn of_id(id: &str) -> Option<Self> {
        let button = BUTTONS.iter().find(|(_, name)| *name == id).map(|(button, _)| Self::Mouse(*button));
        button.or_else(|| KEYS.iter().map(|key| Self::Key(*key)).find(|press| press.id() == id))
    }

    pub(super) fn is_held(self, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        match self {
            Self::Key(key) => keys.pressed(key),
            Self::Mouse(button) => buttons.pressed(button),
        }
    }

    pub(super) fn is_new(self, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        match self {
            Self::Key(key) => keys.just_pressed(key),
            Self::Mouse(button) => buttons.just_pressed(button),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_press_is_found_by_its_name() {
        let presses = KEYS.iter().map(|key| Press::Key(*key)).chain(BUTTONS.map(|(button, _)| Press::Mouse(button)));
        for press in presses {
            assert_eq!(Press::of_id(&press.id()), Some(press));
            assert!(!press.label().is_empty());
        }
        assert_eq!(Press::Key(KeyCode::KeyW).label(), "W");
        assert_eq!(Press::Key(KeyCode::ArrowUp).label(), "Arrow up");
        assert_eq!(Press::Mouse(MouseButton::Left).label(), "Mouse left");
        assert_eq!(Press::key(KeyCode::Escape), None);
    }
}

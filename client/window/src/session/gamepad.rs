//! Gamepads, behind the `gamepad` feature: in a match they do the actions bound to their inputs
//! ([`Pad`](crate::keys::Pad)), and the right stick points; in menus a gamepad acts as a small keyboard.
//!
//! The logic is tested without a gamepad; only [`driver`] uses Bevy's API.

use bevy::prelude::*;

use crate::screens::Screen;

/// Gamepad buttons for menus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuButton {
    /// Directional pad, up.
    Up,
    /// Directional pad, down.
    Down,
    /// Directional pad, left.
    Left,
    /// Directional pad, right.
    Right,
    /// The lower button.
    Yes,
    /// The right button.
    No,
    /// The middle button.
    Menu,
}

impl MenuButton {
    /// The key with the same effect: all screens can be used with the keyboard alone. In a match the directional pad
    /// and the four buttons belong to the game.
    pub const fn key(self, screen: Screen, has_dialog: bool) -> Option<KeyCode> {
        match self {
            Self::Menu => Some(KeyCode::Escape),
            _ if matches!(screen, Screen::Match) && !has_dialog => None,
            Self::Up => Some(KeyCode::ArrowUp),
            Self::Down => Some(KeyCode::ArrowDown),
            Self::Left => Some(KeyCode::ArrowLeft),
            Self::Right => Some(KeyCode::ArrowRight),
            Self::Yes => Some(KeyCode::Enter),
            Self::No => Some(KeyCode::Escape),
        }
    }
}

#[cfg(feature = "gamepad")]
pub mod driver {
    //! Reads gamepads.

    use bevy::{
        input::{
            ButtonState, InputSystems,
            keyboard::{Key, KeyboardInput},
        },
        prelude::*,
        window::PrimaryWindow,
    };

    use super::MenuButton;
    use crate::{
        controls::{Controls, gather},
        keys::{Pad, PadInput},
        screens::{Dialog, Screen},
        session::{Session, drive},
        view::GameView,
    };

    /// Distance of the right stick's pointer from the player, as a fraction of the field's smaller side. Only its
    /// direction matters.
    const REACH: f32 = 0.2;

    const BUTTONS: [(GamepadButton, PadInput); 12] = [
        (GamepadButton::South, PadInput::South),
        (GamepadButton::East, PadInput::East),
        (GamepadButton::West, PadInput::West),
        (GamepadButton::North, PadInput::North),
        (GamepadButton::LeftTrigger, PadInput::LeftShoulder),
        (GamepadButton::RightTrigger, PadInput::RightShoulder),
        (GamepadButton::LeftTrigger2, PadInput::LeftTrigger),
        (GamepadButton::RightTrigger2, PadInput::RightTrigger),
        (GamepadButton::DPadUp, PadInput::CrossUp),
        (GamepadButton::DPadDown, PadInput::CrossDown),
        (GamepadButton::DPadLeft, PadInput::CrossLeft),
        (GamepadButton::DPadRight, PadInput::CrossRight),
    ];

    const MENU_BUTTONS: [(GamepadButton, MenuButton); 7] = [
        (GamepadButton::DPadUp, MenuButton::Up),
        (GamepadButton::DPadDown, MenuButton::Down),
        (GamepadButton::DPadLeft, MenuButton::Left),
        (GamepadButton::DPadRight, MenuButton::Right),
        (GamepadButton::South, MenuButton::Yes),
        (GamepadButton::East, MenuButton::No),
        (GamepadButton::Start, MenuButton::Menu),
    ];

    /// Reads every gamepad before the net core asks for inputs.
    pub fn plugin(app: &mut App) {
        app.add_systems(PreUpdate, strike_keys.before(InputSystems));
        app.add_systems(PreUpdate, (read.before(gather), aim.after(gather).before(drive)).after(InputSystems));
    }

    fn read(gamepads: Query<&Gamepad>, mut pad: ResMut<Pad>) {
        let sum = |stick: fn(&Gamepad) -> Vec2| gamepads.iter().map(stick).fold(Vec2::ZERO, |sum, stick| sum + stick);
        let is_held = |button| gamepads.iter().any(|gamepad| gamepad.pressed(button));
        let held = BUTTONS.into_iter().filter(|(button, _)| is_held(*button)).map(|(_, input)| input);
        *pad = Pad { push: sum(Gamepad::left_stick), aim: sum(Gamepad::right_stick), held: held.collect() };
    }

    fn aim(pad: Res<Pad>, session: Res<Session>, view: Res<GameView>, mut controls: ResMut<Controls>) {
        let place = session.slot().and_then(|slot| session.simulation()?.view_position(slot));
        let reach = REACH * view.field().min_element();
        if let Some(pointer) = place.and_then(|place| pad.pointer(place, reach)) {
            controls.pointer = Some(pointer);
        }
    }

    /// Turns buttons pressed in the last frame into keys of this one.
    fn strike_keys(
        pads: Query<&Gamepad>,
        screen: Res<State<Screen>>,
        dialog: Res<Dialog>,
        window: Single<Entity, With<PrimaryWindow>>,
        mut keys: MessageWriter<KeyboardInput>,
    ) {
        let has_dialog = *dialog != Dialog::None;
        for (pad, (button, menu_button)) in
            pads.iter().flat_map(|pad| MENU_BUTTONS.map(|menu_button| (pad, menu_button)))
        {
            let Some(key_code) = menu_button.key(*screen.get(), has_dialog).filter(|_| pad.just_pressed(button)) else {
                continue;
            };
            for state in [ButtonState::Pressed, ButtonState::Released] {
                let logical_key = logical(key_code);
                keys.write(KeyboardInput { key_code, logical_key, state, text: None, repeat: false, window: *window });
            }
        }
    }

    const fn logical(key: KeyCode) -> Key {
        match key {
            KeyCode::ArrowUp => Key::ArrowUp,
            KeyCode::ArrowDown => Key::ArrowDown,
            KeyCode::ArrowLeft => Key::ArrowLeft,
            KeyCode::ArrowRight => Key::ArrowRight,
            KeyCode::Enter => Key::Enter,
            _ => Key::Escape,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cross_leads_through_menus_and_not_through_a_match() {
        let keys = [
            MenuButton::Up,
            MenuButton::Down,
            MenuButton::Left,
            MenuButton::Right,
            MenuButton::Yes,
            MenuButton::No,
            MenuButton::Menu,
        ]
        .map(|menu_button| menu_button.key(Screen::Menu, false).expect("each does something in a menu"));
        let arrows = [KeyCode::ArrowUp, KeyCode::ArrowDown, KeyCode::ArrowLeft, KeyCode::ArrowRight];
        assert_eq!((&keys[..4], &keys[4..]), (&arrows[..], &[KeyCode::Enter, KeyCode::Escape, KeyCode::Escape][..]));
        assert_eq!(MenuButton::Down.key(Screen::Match, false), None);
        assert_eq!(MenuButton::Down.key(Screen::Match, true), Some(KeyCode::ArrowDown));
        assert_eq!(MenuButton::Yes.key(Screen::Lobby, false), Some(KeyCode::Enter));
        assert_eq!(MenuButton::Menu.key(Screen::Match, false), Some(KeyCode::Escape));
    }
}

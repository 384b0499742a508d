//! A gamepad, behind the feature of that name: the left stick pushes, the right one aims, triggers fire and dash; in menus
//! it is a small keyboard.
//!
//! A pad presses the keys that do the same, so nothing else has to know of it. The mapping is plain and tested without a
//! gamepad; only [`driver`] knows Bevy's.

use bevy::prelude::*;

use crate::window::{keys::Deed, screens::Screen};

/// How far a stick has to be moved before it counts, 0 to 1: worn sticks do not come back to the middle.
const DEAD_ZONE: f32 = 0.25;
/// The part of a stick's way that counts for a direction: the sine of 22.5 degrees makes eight equal sectors.
const SECTOR: f32 = 0.382_683_4;
/// How far in front of the craft the right stick points, in the game's units: any distance is the same direction.
const AIM_UNITS: f32 = 200.0;

/// What a gamepad says in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pad {
    /// The left stick, y up.
    pub push: Vec2,
    /// The right stick, y up.
    pub aim: Vec2,
    /// Whether fire is held.
    pub fire: bool,
    /// Whether dash is held.
    pub dash: bool,
}

/// The buttons that lead through menus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// The cross.
    Up,
    /// The cross.
    Down,
    /// The cross.
    Left,
    /// The cross.
    Right,
    /// The lower button.
    Yes,
    /// The right button.
    No,
    /// The one in the middle.
    Menu,
}

impl Pad {
    /// Whether the pad does this.
    pub fn does(self, deed: Deed) -> bool {
        let along = |direction: Vec2| self.push.length() > DEAD_ZONE && self.push.normalize().dot(direction) > SECTOR;
        match deed {
            Deed::Up => along(Vec2::Y),
            Deed::Down => along(Vec2::NEG_Y),
            Deed::Left => along(Vec2::NEG_X),
            Deed::Right => along(Vec2::X),
            Deed::Fire => self.fire,
            Deed::Dash => self.dash,
            // A pad's buttons are used up.
            Deed::Emote1 | Deed::Emote2 | Deed::Emote3 | Deed::Emote4 => false,
        }
    }

    /// Where a craft there is to aim at; nothing while the stick is left alone.
    pub fn pointer(self, craft: Vec2) -> Option<Vec2> {
        (self.aim.length() > DEAD_ZONE).then(|| craft + self.aim.normalize() * AIM_UNITS)
    }
}

impl Knob {
    /// The key that does the same: all screens are used with the keyboard alone. In front of the arena the cross and its
    /// neighbours are for the craft.
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

    use super::{Knob, Pad};
    use crate::window::{
        controls::{Controls, gather},
        keys::{Deed, Press},
        screens::{Dialog, Screen},
        session::{Session, drive},
        settings::Settings,
    };

    const KNOBS: [(GamepadButton, Knob); 7] = [
        (GamepadButton::DPadUp, Knob::Up),
        (GamepadButton::DPadDown, Knob::Down),
        (GamepadButton::DPadLeft, Knob::Left),
        (GamepadButton::DPadRight, Knob::Right),
        (GamepadButton::South, Knob::Yes),
        (GamepadButton::East, Knob::No),
        (GamepadButton::Start, Knob::Menu),
    ];

    /// Makes keys and a pointer of every gamepad, before the net core asks for inputs.
    pub fn plugin(app: &mut App) {
        app.add_systems(PreUpdate, strike_keys.before(InputSystems));
        app.add_systems(PreUpdate, (hold_keys.before(gather), aim.after(gather).before(drive)).after(InputSystems));
    }

    fn pads(pads: &Query<&Gamepad>) -> Pad {
        let stick = |read: fn(&Gamepad) -> Vec2| pads.iter().map(read).fold(Vec2::ZERO, |sum, stick| sum + stick);
        let is_held = |buttons: [GamepadButton; 3]| pads.iter().any(|pad| pad.any_pressed(buttons));
        Pad {
            push: stick(Gamepad::left_stick),
            aim: stick(Gamepad::right_stick),
            fire: is_held([GamepadButton::RightTrigger2, GamepadButton::RightTrigger, GamepadButton::South]),
            dash: is_held([GamepadButton::LeftTrigger2, GamepadButton::LeftTrigger, GamepadButton::East]),
        }
    }

    /// Only what the pad pressed is let go of for it.
    fn hold_keys(
        gamepads: Query<&Gamepad>,
        settings: Res<Settings>,
        screen: Res<State<Screen>>,
        mut keys: ResMut<ButtonInput<KeyCode>>,
        mut buttons: ResMut<ButtonInput<MouseButton>>,
        mut held: Local<[Option<Press>; Deed::ALL.len()]>,
    ) {
        let pad = if *screen.get() == Screen::Match { pads(&gamepads) } else { Pad::default() };
        for (deed, held) in Deed::ALL.into_iter().zip(held.iter_mut()) {
            let wanted = settings.keys.of(deed).into_iter().flatten().next().filter(|_| pad.does(deed));
            match held.take().filter(|held| wanted != Some(*held)) {
                Some(Press::Key(key)) => keys.release(key),
                Some(Press::Mouse(button)) => buttons.release(button),
                None => {}
            }
            match wanted {
                Some(Press::Key(key)) => keys.press(key),
                Some(Press::Mouse(button)) => buttons.press(button),
                None => {}
            }
            *held = wanted;
        }
    }

    fn aim(gamepads: Query<&Gamepad>, session: Res<Session>, mut controls: ResMut<Controls>) {
        let craft = session.slot().and_then(|slot| session.simulation()?.view_position(slot));
        if let Some(pointer) = craft.and_then(|craft| pads(&gamepads).pointer(craft)) {
            controls.pointer = Some(pointer);
        }
    }

    /// What was pressed in the last frame is a key in this one.
    fn strike_keys(
        pads: Query<&Gamepad>,
        screen: Res<State<Screen>>,
        dialog: Res<Dialog>,
        window: Single<Entity, With<PrimaryWindow>>,
        mut keys: MessageWriter<KeyboardInput>,
    ) {
        let has_dialog = *dialog != Dialog::None;
        for (pad, (button, knob)) in pads.iter().flat_map(|pad| KNOBS.map(|knob| (pad, knob))) {
            let Some(key_code) = knob.key(*screen.get(), has_dialog).filter(|_| pad.just_pressed(button)) else {
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

    fn deeds(pad: Pad) -> Vec<Deed> {
        Deed::ALL.into_iter().filter(|deed| pad.does(*deed)).collect()
    }

    #[test]
    fn sticks_and_triggers_do_what_keys_do() {
        let push = |x, y| deeds(Pad { push: Vec2::new(x, y), ..default() });
        assert_eq!(push(0.0, 0.9), [Deed::Up]);
        assert_eq!(push(0.6, 0.6), [Deed::Up, Deed::Right]);
        assert_eq!(push(-0.9, 0.1), [Deed::Left]);
        assert_eq!(push(0.2, 0.1), [], "a worn stick");
        assert_eq!(deeds(Pad { fire: true, dash: true, ..default() }), [Deed::Fire, Deed::Dash]);
    }

    #[test]
    fn the_right_stick_aims_from_the_craft() {
        let aim = |x, y| Pad { aim: Vec2::new(x, y), ..default() }.pointer(Vec2::new(10.0, 20.0));
        assert_eq!(aim(0.0, -0.5), Some(Vec2::new(10.0, -180.0)));
        assert_eq!(aim(0.1, 0.1), None);
    }

    #[test]
    fn the_cross_leads_through_menus_and_not_through_a_match() {
        let keys = [Knob::Up, Knob::Down, Knob::Left, Knob::Right, Knob::Yes, Knob::No, Knob::Menu]
            .map(|knob| knob.key(Screen::Menu, false).expect("each does something in a menu"));
        let arrows = [KeyCode::ArrowUp, KeyCode::ArrowDown, KeyCode::ArrowLeft, KeyCode::ArrowRight];
        assert_eq!((&keys[..4], &keys[4..]), (&arrows[..], &[KeyCode::Enter, KeyCode::Escape, KeyCode::Escape][..]));
        assert_eq!(Knob::Down.key(Screen::Match, false), None);
        assert_eq!(Knob::Down.key(Screen::Match, true), Some(KeyCode::ArrowDown));
        assert_eq!(Knob::Yes.key(Screen::Lobby, false), Some(KeyCode::Enter));
        assert_eq!(Knob::Menu.key(Screen::Match, false), Some(KeyCode::Escape));
    }
}

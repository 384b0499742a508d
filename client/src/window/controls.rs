//! Keys and mouse as a game's view sees them: what is held, what was pressed, where the mouse points to.

use bevy::{prelude::*, window::PrimaryWindow};

use super::{
    keys::Deed,
    screens::{Dialog, Screen},
    settings::Settings,
};

/// What the player does, gathered once a frame, before the net core asks for inputs.
#[derive(Resource, Clone, Debug)]
pub struct Controls {
    /// Where the mouse is in the world, in the game's units, while it is in the window.
    pub pointer: Option<Vec2>,
    /// The same in the window, in its logical pixels: it stands still when the camera moves.
    pub cursor: Option<Vec2>,
    held: [bool; Deed::ALL.len()],
    /// For every deed, how many inputs were made since it was last pressed.
    since: [u8; Deed::ALL.len()],
}

impl Default for Controls {
    fn default() -> Self {
        Self { pointer: None, cursor: None, held: Default::default(), since: [u8::MAX; Deed::ALL.len()] }
    }
}

impl Controls {
    /// Whether a deed's key is held, or was in the time since the last input: a quick tap counts.
    pub const fn is_held(&self, deed: Deed) -> bool {
        self.held[deed as usize] || self.was_pressed(deed, 1)
    }

    /// Whether this is one of the first so many inputs since the deed's key was pressed. A press that goes out in a few
    /// inputs counts where the first of them came too late at the server, or a moment too early for the game.
    pub const fn was_pressed(&self, deed: Deed, inputs: u8) -> bool {
        self.since[deed as usize] < inputs
    }

    /// Where the four directions push: each of x and y is -1, 0 or 1, y up; opposite keys cancel each other.
    pub fn push(&self) -> Vec2 {
        let axis = |more, less| f32::from(u8::from(self.is_held(more))) - f32::from(u8::from(self.is_held(less)));
        Vec2::new(axis(Deed::Right, Deed::Left), axis(Deed::Up, Deed::Down))
    }

    /// An input was made of this.
    pub(super) fn note_input(&mut self) {
        self.since.iter_mut().for_each(|inputs| *inputs = inputs.saturating_add(1));
    }
}

/// Reads keyboard and mouse. Runs in [`PreUpdate`], before the net core. In front of a dialog nothing is held.
pub(super) fn gather(
    keys: Res<ButtonInput<KeyCode>>,
    buttons: Res<ButtonInput<MouseButton>>,
    settings: Res<Settings>,
    screen: Res<State<Screen>>,
    dialog: Res<Dialog>,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    camera: Option<Single<(&Camera, &GlobalTransform)>>,
    mut controls: ResMut<Controls>,
) {
    let is_playing = *screen.get() == Screen::Match && *dialog == Dialog::None;
    if !is_playing {
        *controls = Controls::default();
        return;
    }
    for deed in Deed::ALL {
        controls.held[deed as usize] = settings.keys.is_held(deed, &keys, &buttons);
        if settings.keys.is_new(deed, &keys, &buttons) {
            controls.since[deed as usize] = 0;
        }
    }
    let cursor = window.and_then(|window| window.cursor_position());
    controls.cursor = cursor;
    controls.pointer = cursor.zip(camera).and_then(|(cursor, camera)| {
        let (camera, place) = *camera;
        camera.viewport_to_world_2d(place, cursor).ok()
    });
}

#[cfg(test)]
impl Controls {
    /// The mouse over a point of the world, for tests of views.
    pub fn pointing_at(point: Vec2) -> Self {
        Self { pointer: Some(point), cursor: Some(point), ..Self::default() }
    }

    /// Hands on some keys that were just pressed, for tests of views.
    pub fn pressing(deeds: &[Deed]) -> Self {
        let mut controls = Self::default();
        for deed in deeds {
            controls.held[*deed as usize] = true;
            controls.since[*deed as usize] = 0;
        }
        controls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_directions_and_opposites_cancel() {
        assert_eq!(Controls::pressing(&[Deed::Up, Deed::Right]).push(), Vec2::ONE);
        assert_eq!(Controls::pressing(&[Deed::Left, Deed::Right, Deed::Down]).push(), Vec2::NEG_Y);
        assert_eq!(Controls::default().push(), Vec2::ZERO);
    }

    #[test]
    fn a_press_is_in_the_first_inputs_and_a_tap_in_one() {
        let mut controls = Controls { held: Default::default(), ..Controls::pressing(&[Deed::Dash]) };
        assert!(controls.is_held(Deed::Dash), "let go of before any input was made of it");
        let presses = (0..9).filter(|_| {
            let is_pressed = controls.was_pressed(Deed::Dash, 4);
            controls.note_input();
            is_pressed
        });
        assert_eq!(presses.count(), 4);
        assert!(!controls.is_held(Deed::Dash));
    }
}

//! Controls: actions and pointer for a game's view, with held and newly pressed actions and the mouse position.

use bevy::{prelude::*, window::PrimaryWindow};

use super::{
    keys::{InputAction, Pad},
    screens::{Dialog, Screen},
    settings::Settings,
};

/// The player's controls, updated once a frame, before the net core asks for inputs.
///
/// A test of a view's `input` builds its own:
///
/// ```
/// use bevy::prelude::*;
/// use framehouse_window::{controls::Controls, keys::InputAction, texts::Words};
///
/// const JUMP: InputAction = InputAction::new("jump", Words::new("Jump")).key(KeyCode::Space);
///
/// let controls = Controls::default().pressing(&JUMP).pointing_at(Vec2::new(3.0, 4.0));
/// assert!(controls.is_held(&JUMP) && controls.was_pressed(&JUMP, 1));
/// ```
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Controls {
    /// The mouse position in the world, in the game's units, while the mouse is in the window. The right stick of a
    /// gamepad moves it, too.
    pub pointer: Option<Vec2>,
    /// The mouse position in the window, in logical pixels; independent of the camera.
    pub cursor: Option<Vec2>,
    actions: Vec<ActionState>,
}

/// The state of one action, from its first use on.
#[derive(Clone, Debug, PartialEq)]
struct ActionState {
    id: &'static str,
    is_held: bool,
    is_held_by_pad: bool,
    /// Number of inputs made since it was last pressed.
    inputs_since: u8,
}

impl Controls {
    /// Adds an action that has been held for long.
    #[must_use]
    pub fn holding(mut self, action: &InputAction) -> Self {
        self.state(action.id()).is_held = true;
        self
    }

    /// Adds an action that was pressed just now and is still held.
    #[must_use]
    pub fn pressing(mut self, action: &InputAction) -> Self {
        self.state(action.id()).inputs_since = 0;
        self.holding(action)
    }

    /// Adds an action that was pressed and released since the last input.
    #[must_use]
    pub fn tapping(mut self, action: &InputAction) -> Self {
        self.state(action.id()).inputs_since = 0;
        self
    }

    /// Puts the mouse over a point of the world, in the game's units.
    #[must_use]
    pub fn pointing_at(self, point: Vec2) -> Self {
        Self { pointer: Some(point), cursor: Some(point), ..self }
    }

    /// Whether an action is held, or was held since the last input: a quick tap counts.
    pub fn is_held(&self, action: &InputAction) -> bool {
        self.find(action.id()).is_some_and(|state| state.is_held || state.inputs_since == 0)
    }

    /// Whether this is one of the first `inputs` inputs since the action was pressed. A press that is repeated in a few
    /// inputs still counts if the first of them was late at the server, or too early for the game.
    pub fn was_pressed(&self, action: &InputAction, inputs: u8) -> bool {
        self.find(action.id()).is_some_and(|state| state.inputs_since < inputs)
    }

    /// 1 while `more` is held, -1 while `less` is, and 0 while both are or neither is.
    pub fn axis(&self, less: &InputAction, more: &InputAction) -> f32 {
        f32::from(u8::from(self.is_held(more))) - f32::from(u8::from(self.is_held(less)))
    }

    /// Counts one input made of these controls. The window calls it after each input; so must a test that makes
    /// several.
    pub fn note_input(&mut self) {
        self.actions.iter_mut().for_each(|state| state.inputs_since = state.inputs_since.saturating_add(1));
    }

    /// Takes the state of keys, mouse and gamepad in this frame. Each device presses an action independently.
    fn read(
        &mut self,
        settings: &Settings,
        keys: &ButtonInput<KeyCode>,
        buttons: &ButtonInput<MouseButton>,
        pad: &Pad,
    ) {
        for action in settings.keys.actions() {
            let is_held_by_pad = action.pad_inputs().any(|input| pad.gives(input));
            let is_new = settings.keys.is_new(action.id(), keys, buttons);
            let state = self.state(action.id());
            if is_new || is_held_by_pad && !state.is_held_by_pad {
                state.inputs_since = 0;
            }
            state.is_held = is_held_by_pad || settings.keys.is_held(action.id(), keys, buttons);
            state.is_held_by_pad = is_held_by_pad;
        }
    }

    fn find(&self, id: &str) -> Option<&ActionState> {
        self.actions.iter().find(|state| state.id == id)
    }

    fn state(&mut self, id: &'static str) -> &mut ActionState {
        let place = self.actions.iter().position(|state| state.id == id).unwrap_or_else(|| {
            self.actions.push(ActionState { id, is_held: false, is_held_by_pad: false, inputs_since: u8::MAX });
            self.actions.len() - 1
        });
        &mut self.actions[place]
    }
}

/// Reads keyboard, mouse and gamepad. Runs in [`PreUpdate`], before the net core. While a dialog is open nothing is
/// held.
pub(super) fn gather(
    (keys, buttons, pad): (Res<ButtonInput<KeyCode>>, Res<ButtonInput<MouseButton>>, Res<Pad>),
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
    controls.read(&settings, &keys, &buttons, &pad);
    let cursor = window.and_then(|window| window.cursor_position());
    controls.cursor = cursor;
    controls.pointer = cursor.zip(camera).and_then(|(cursor, camera)| {
        let (camera, place) = *camera;
        camera.viewport_to_world_2d(place, cursor).ok()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::{Bindings, PadInput, Press},
        texts::Words,
    };

    const LEFT: InputAction = InputAction::new("left", Words::new("Left")).key(KeyCode::KeyA);
    const RIGHT: InputAction = InputAction::new("right", Words::new("Right")).key(KeyCode::KeyD);
    const JUMP: InputAction = InputAction::new("jump", Words::new("Jump")).key(KeyCode::Space).pad(PadInput::South);

    #[test]
    fn opposites_cancel() {
        let controls = Controls::default().holding(&RIGHT);
        assert_eq!(controls.axis(&LEFT, &RIGHT), 1.0);
        assert_eq!(controls.holding(&LEFT).axis(&LEFT, &RIGHT), 0.0);
        assert_eq!(Controls::default().axis(&LEFT, &RIGHT), 0.0);
    }

    #[test]
    fn a_press_is_in_the_first_inputs_and_a_tap_in_one() {
        let mut controls = Controls::default().tapping(&JUMP);
        assert!(controls.is_held(&JUMP), "let go of before any input was made of it");
        let presses = (0..9).filter(|_| {
            let is_pressed = controls.was_pressed(&JUMP, 4);
            controls.note_input();
            is_pressed
        });
        assert_eq!(presses.count(), 4);
        assert!(!controls.is_held(&JUMP));
        assert!(!Controls::default().holding(&JUMP).was_pressed(&JUMP, 4), "that was long ago");
    }

    /// Controls after a frame in which a gamepad's lower button and a key may be held.
    fn read(settings: &Settings, key: Option<KeyCode>, pad: &Pad, controls: &mut Controls) {
        let mut keys = ButtonInput::default();
        key.into_iter().for_each(|key| keys.press(key));
        controls.read(settings, &keys, &ButtonInput::default(), pad);
    }

    #[test]
    fn no_choice_of_keys_takes_an_action_from_the_gamepad() {
        let mut settings = Settings { keys: Bindings::usual("game", [LEFT, RIGHT, JUMP]), ..default() };
        let pad = Pad { held: vec![PadInput::South], ..default() };
        let does_jump = |settings: &Settings| {
            let mut controls = Controls::default();
            read(settings, None, &pad, &mut controls);
            controls.is_held(&JUMP) && controls.was_pressed(&JUMP, 1)
        };
        assert!(does_jump(&settings));
        settings.keys.bind("jump", 0, Press::Key(KeyCode::KeyJ));
        assert!(does_jump(&settings), "with another key");
        settings.keys.bind("left", 0, Press::Key(KeyCode::KeyJ));
        assert_eq!(settings.keys.label("jump"), "");
        assert!(does_jump(&settings), "with no key at all");
    }

    #[test]
    fn a_gamepad_presses_once_and_lets_go() {
        let settings = Settings { keys: Bindings::usual("game", [JUMP]), ..default() };
        let pad = Pad { held: vec![PadInput::South], ..default() };
        let mut controls = Controls::default();
        read(&settings, None, &pad, &mut controls);
        controls.note_input();
        read(&settings, None, &pad, &mut controls);
        assert!(controls.is_held(&JUMP) && !controls.was_pressed(&JUMP, 1));
        read(&settings, Some(KeyCode::Space), &pad, &mut controls);
        assert!(controls.was_pressed(&JUMP, 1), "the key presses for itself");
        controls.note_input();
        read(&settings, None, &Pad::default(), &mut controls);
        assert!(!controls.is_held(&JUMP));
    }
}

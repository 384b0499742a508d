//! Keys and mouse, made into the player's input.

use bevy::{prelude::*, window::PrimaryWindow};
use framehouse_shared::arena::input::ArenaInput;

use super::{
    keys::{Bindings, Deed},
    screens::{Dialog, Screen},
    settings::Settings,
};

/// In how many inputs a press of dash goes out. A second one does nothing after the first, but it counts where the first
/// came too late at the server, or a moment before the last dash had cooled down.
const DASH_TICKS: u8 = 4;

/// What the player holds and points at, gathered once a frame, before the net core asks for inputs.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Controls {
    /// Where to push: each of x and y is -1, 0 or 1.
    pub push: Vec2,
    /// Where the mouse is in the arena, while it is in the window.
    pub pointer: Option<Vec2>,
    /// Whether fire is held.
    pub fire: bool,
    /// In how many more inputs dash is pressed.
    pub dash_ticks: u8,
    last: ArenaInput,
}

/// The keys of one frame, apart from any keyboard.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Each direction.
    pub up: bool,
    /// Each direction.
    pub down: bool,
    /// Each direction.
    pub left: bool,
    /// Each direction.
    pub right: bool,
}

impl Held {
    fn of(bindings: &Bindings, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> Self {
        let is_held = |deed| bindings.is_held(deed, keys, buttons);
        Self {
            up: is_held(Deed::Up),
            down: is_held(Deed::Down),
            left: is_held(Deed::Left),
            right: is_held(Deed::Right),
        }
    }

    /// Where the keys push; opposite keys cancel each other.
    pub fn push(self) -> Vec2 {
        let axis = |more: bool, less: bool| f32::from(u8::from(more)) - f32::from(u8::from(less));
        Vec2::new(axis(self.right, self.left), axis(self.up, self.down))
    }
}

impl Controls {
    /// The input of a tick for a craft that is at `position`.
    pub fn take_input(&mut self, position: Option<Vec2>) -> ArenaInput {
        let mut input = ArenaInput { fire: self.fire, dash: self.dash_ticks > 0, ..self.last };
        self.dash_ticks = self.dash_ticks.saturating_sub(1);
        input.steer(self.push.normalize_or_zero());
        if let (Some(pointer), Some(position)) = (self.pointer, position) {
            input.aim_along(pointer - position);
        }
        self.last = input;
        input
    }
}

/// Reads keyboard and mouse. Runs in [`PreUpdate`], before the net core. In front of a dialog the craft stands still.
pub fn gather(
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
        *controls = Controls { last: controls.last, ..default() };
        return;
    }
    controls.push = Held::of(&settings.keys, &keys, &buttons).push();
    controls.fire = settings.keys.is_held(Deed::Fire, &keys, &buttons);
    if settings.keys.is_new(Deed::Dash, &keys, &buttons) {
        controls.dash_ticks = DASH_TICKS;
    }
    let cursor = window.and_then(|window| window.cursor_position());
    controls.pointer = cursor.zip(camera).and_then(|(cursor, camera)| {
        let (camera, place) = *camera;
        camera.viewport_to_world_2d(place, cursor).ok()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_directions_have_full_throttle_and_opposites_cancel() {
        let mut controls = Controls { push: Held { up: true, right: true, ..Held::default() }.push(), ..default() };
        let input = controls.take_input(None);
        assert_eq!((input.direction, input.throttle), (32, 255));
        let both = Held { left: true, right: true, down: true, ..Held::default() };
        controls.push = both.push();
        let input = controls.take_input(None);
        assert_eq!((input.direction, input.throttle), (192, 255));
        controls.push = Vec2::ZERO;
        assert_eq!(controls.take_input(None).throttle, 0);
    }

    #[test]
    fn a_dash_is_in_a_few_inputs_and_fire_in_all() {
        let mut controls = Controls { dash_ticks: DASH_TICKS, fire: true, ..default() };
        let dashes = (0..9).filter(|_| controls.take_input(None).dash).count();
        assert_eq!(dashes, usize::from(DASH_TICKS));
        assert!(controls.take_input(None).fire);
    }

    #[test]
    fn the_aim_stays_when_the_mouse_leaves() {
        let mut controls = Controls { pointer: Some(Vec2::new(10.0, 50.0)), ..default() };
        assert_eq!(controls.take_input(Some(Vec2::new(10.0, 0.0))).aim, 64);
        controls.pointer = None;
        assert_eq!(controls.take_input(Some(Vec2::ZERO)).aim, 64);
    }
}

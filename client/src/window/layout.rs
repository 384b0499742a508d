//! Where everything is: the stage of 1280 x 720 px that the HUD is drawn on, and the arena's place in it.
//!
//! The stage is scaled to the largest size that fits the window, and stays in its middle. The camera shows the arena in
//! the same place at every window size, so panels beside it never cover the game.

use bevy::{camera::ScalingMode, prelude::*, window::PrimaryWindow};
use framehouse_shared::arena::map::ARENA_SIZE;

/// The stage's size, in its own pixels.
pub const STAGE: Vec2 = Vec2::new(1280.0, 720.0);
/// The arena's left upper corner on the stage.
pub const ARENA_CORNER: Vec2 = Vec2::new(14.0, 58.0);
/// How wide the arena is on the stage; its height follows.
pub const ARENA_WIDTH: f32 = 1056.0;
/// How high the arena is on the stage.
pub const ARENA_HEIGHT: f32 = ARENA_WIDTH * ARENA_SIZE.y / ARENA_SIZE.x;
/// Units of the arena in one pixel of the stage.
pub const UNITS_PER_PX: f32 = ARENA_SIZE.x / ARENA_WIDTH;

/// Depths of what is drawn in the arena; more is nearer.
pub mod depth {
    /// The arena's floor.
    pub const FLOOR: f32 = 0.0;
    /// Lines and light on it.
    pub const MARKS: f32 = 1.0;
    /// What stands on it.
    pub const OBSTACLES: f32 = 2.0;
    /// Gems.
    pub const GEMS: f32 = 4.0;
    /// Trails of sparks and dashes.
    pub const TRAILS: f32 = 5.0;
    /// Sparks.
    pub const SPARKS: f32 = 6.0;
    /// Crafts; each slot has a thousandth of its own.
    pub const CRAFTS: f32 = 8.0;
    /// Bursts and flashes.
    pub const PARTICLES: f32 = 10.0;
    /// Names, and points that float away.
    pub const TEXTS: f32 = 12.0;
}

/// How large the stage is in the window.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct Screen {
    /// Logical pixels of the window in one pixel of the stage.
    pub scale: f32,
}

impl Default for Screen {
    fn default() -> Self {
        Self { scale: 1.0 }
    }
}

impl Screen {
    /// What scales a text of the arena so that each of its pixels is one of the window's.
    pub fn text_scale(self) -> Vec3 {
        Vec2::splat(UNITS_PER_PX / self.scale).extend(1.0)
    }

    /// The point nearest to this one where a pixel of the window begins: letters in between would be blurred.
    pub fn to_whole_pixel(self, point: Vec2) -> Vec2 {
        let pixel = UNITS_PER_PX / self.scale;
        let center = camera_center();
        center + ((point - center) / pixel).round() * pixel
    }

    /// A text size of the stage in the window's pixels, a whole one, so that resizing makes few sets of glyphs.
    pub fn font_size(self, stage_px: f32) -> f32 {
        (stage_px * self.scale).round().max(6.0)
    }
}

/// The camera, and the HUD's scale.
pub struct LayoutPlugin;

impl Plugin for LayoutPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Screen>();
        app.add_systems(Startup, spawn_camera);
        app.add_systems(First, fit_stage);
    }
}

fn spawn_camera(mut commands: Commands) {
    let view = STAGE * UNITS_PER_PX;
    commands.spawn((
        Camera2d,
        IsDefaultUiCamera,
        Msaa::Off,
        Transform::from_translation(camera_center().extend(100.0)),
        Projection::Orthographic(OrthographicProjection {
            scaling_mode: ScalingMode::AutoMin { min_width: view.x, min_height: view.y },
            ..OrthographicProjection::default_2d()
        }),
    ));
}

fn fit_stage(
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    mut screen: ResMut<Screen>,
    mut ui: ResMut<UiScale>,
) {
    let Some(window) = window else { return };
    let scale = stage_scale(Vec2::new(window.width(), window.height()));
    screen.set_if_neq(Screen { scale });
    if ui.0 != scale {
        ui.0 = scale;
    }
}

/// How large the stage is in a window of this size, in logical pixels.
pub fn stage_scale(window: Vec2) -> f32 {
    (window / STAGE).min_element().max(0.1)
}

/// The point of the arena that the middle of the stage shows.
pub fn camera_center() -> Vec2 {
    let arena_middle = ARENA_CORNER + Vec2::new(ARENA_WIDTH, ARENA_HEIGHT) / 2.0;
    let offset = (STAGE / 2.0 - arena_middle) * UNITS_PER_PX;
    Vec2::new(offset.x, -offset.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arena_fits_the_stage() {
        let end = ARENA_CORNER + Vec2::new(ARENA_WIDTH, ARENA_HEIGHT);
        assert!(end.x < STAGE.x && end.y < STAGE.y, "{end}");
    }

    #[test]
    fn the_stage_fits_every_window() {
        assert_eq!(stage_scale(STAGE), 1.0);
        assert_eq!(stage_scale(Vec2::new(2560.0, 720.0)), 1.0);
        assert_eq!(stage_scale(Vec2::new(640.0, 720.0)), 0.5);
        assert!(stage_scale(Vec2::ZERO) > 0.0);
    }

    #[test]
    fn the_camera_shows_the_arena_in_its_place() {
        let corner = -STAGE / 2.0 * UNITS_PER_PX + camera_center() * Vec2::new(1.0, -1.0);
        let arena_corner = -ARENA_SIZE / 2.0;
        assert!(((arena_corner - corner) / UNITS_PER_PX).distance(ARENA_CORNER) < 0.01);
    }
}

//! Where everything is: the HUD's stage, which fills the window, and the part of the world that the camera shows.
//!
//! The stage has its own pixels: the window's, scaled so that 1280 x 720 of them always fit. Panels lie at its edges; the
//! camera shows the game's field between them, as large as it can be.

use bevy::{camera::ScalingMode, prelude::*, window::PrimaryWindow};

use super::view::GameView;

/// The smallest stage, in its own pixels.
pub const STAGE: Vec2 = Vec2::new(1280.0, 720.0);
/// What panels take at each edge, in pixels of the stage: the field lies between them.
pub const EDGE: BorderRect = BorderRect { min_inset: Vec2::new(14.0, 58.0), max_inset: Vec2::new(210.0, 70.0) };

/// Which part of the world is where in the window.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Logical pixels of the window in one pixel of the stage.
    pub scale: f32,
    /// The stage's size, in its own pixels.
    pub stage: Vec2,
    /// The point of the world in the middle of the window.
    pub center: Vec2,
    /// Units of the world in one pixel of the stage.
    pub units_per_px: f32,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { scale: 1.0, stage: STAGE, center: Vec2::ZERO, units_per_px: 1.0 }
    }
}

impl Viewport {
    /// How a window of this size, in logical pixels, shows this part of the world between the panels.
    pub fn showing(part: Rect, window: Vec2) -> Self {
        let scale = stage_scale(window);
        let stage = (window / scale).max(STAGE * 0.1);
        let area = Rect::from_corners(EDGE.min_inset, stage - EDGE.max_inset);
        let units_per_px = (part.size() / area.size().max(Vec2::ONE)).max_element().max(1e-3);
        let off = (area.center() - stage / 2.0) * Vec2::new(1.0, -1.0);
        Self { scale, stage, center: part.center() - off * units_per_px, units_per_px }
    }

    /// What scales a text of the world so that each of its pixels is one of the window's.
    pub fn text_scale(&self) -> Vec3 {
        Vec2::splat(self.units_per_px / self.scale).extend(1.0)
    }

    /// The point nearest to this one where a pixel of the window begins: letters in between would be blurred.
    pub fn to_whole_pixel(&self, point: Vec2) -> Vec2 {
        let pixel = self.units_per_px / self.scale;
        self.center + ((point - self.center) / pixel).round() * pixel
    }

    /// A text size of the stage in the window's pixels, a whole one, so that resizing makes few sets of glyphs.
    pub fn font_size(&self, stage_px: f32) -> f32 {
        (stage_px * self.scale).round().max(6.0)
    }
}

/// The camera, and the HUD's scale.
pub struct LayoutPlugin;

impl Plugin for LayoutPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Viewport>();
        app.add_systems(Startup, spawn_camera);
        app.add_systems(First, (fit_stage, move_camera).chain());
    }
}

fn spawn_camera(mut commands: Commands) {
    commands.spawn((
        Camera2d,
        IsDefaultUiCamera,
        Msaa::Off,
        Transform::from_xyz(0.0, 0.0, 100.0),
        Projection::Orthographic(OrthographicProjection {
            scaling_mode: ScalingMode::WindowSize,
            ..OrthographicProjection::default_2d()
        }),
    ));
}

fn fit_stage(
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    view: Res<GameView>,
    mut viewport: ResMut<Viewport>,
    mut ui: ResMut<UiScale>,
) {
    let Some(window) = window else { return };
    let field = Rect::from_center_size(Vec2::ZERO, view.field);
    viewport.set_if_neq(Viewport::showing(field, Vec2::new(window.width(), window.height())));
    if ui.0 != viewport.scale {
        ui.0 = viewport.scale;
    }
}

fn move_camera(viewport: Res<Viewport>, mut camera: Single<(&mut Transform, &mut Projection), With<Camera2d>>) {
    if !viewport.is_changed() {
        return;
    }
    let (transform, projection) = &mut *camera;
    transform.translation = viewport.center.extend(transform.translation.z);
    if let Projection::Orthographic(projection) = &mut **projection {
        projection.scale = viewport.text_scale().x;
    }
}

/// How large the stage is in a window of this size, in logical pixels.
pub fn stage_scale(window: Vec2) -> f32 {
    (window / STAGE).min_element().max(0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a point of the world is on the stage.
    fn on_stage(viewport: &Viewport, point: Vec2) -> Vec2 {
        viewport.stage / 2.0 + (point - viewport.center) * Vec2::new(1.0, -1.0) / viewport.units_per_px
    }

    #[test]
    fn the_stage_fits_every_window() {
        assert_eq!(stage_scale(STAGE), 1.0);
        assert_eq!(stage_scale(Vec2::new(2560.0, 720.0)), 1.0);
        assert_eq!(stage_scale(Vec2::new(640.0, 720.0)), 0.5);
        assert!(stage_scale(Vec2::ZERO) > 0.0);
    }

    #[test]
    fn the_field_lies_between_the_panels_in_every_window() {
        let field = Rect::from_center_size(Vec2::ZERO, Vec2::new(1600.0, 900.0));
        for window in [(800.0, 600.0), (1280.0, 720.0), (2560.0, 1080.0), (3840.0, 2160.0), (400.0, 1000.0)] {
            let viewport = Viewport::showing(field, window.into());
            let corners = [on_stage(&viewport, field.min), on_stage(&viewport, field.max)];
            let (low, high) = (corners[0].min(corners[1]), corners[0].max(corners[1]));
            let room = [low - EDGE.min_inset, viewport.stage - EDGE.max_inset - high];
            assert!(room[0].min_element() > -0.1 && room[1].min_element() > -0.1, "{window:?}: {room:?}");
            let slack = room[0].min_element();
            assert!(slack < 0.1, "{window:?}: the field is as large as it can be, not {slack} smaller");
        }
        let nowhere = Viewport::showing(field, Vec2::ZERO);
        assert!(nowhere.center.is_finite() && nowhere.units_per_px.is_finite());
    }
}

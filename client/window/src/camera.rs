//! The camera: shows the part of the world that the game's view asks for, moves smoothly, and never loses the player.

use bevy::{camera::ScalingMode, prelude::*, window::PrimaryWindow};

use super::{
    easing::approach,
    layout::{Viewport, match_scale, stage_scale},
    screens::Screen,
    settings::Settings,
    view::GameView,
};

/// Rate at which the camera follows the wanted part, in 1/s: slow, so that the mouse keeps its aim.
const FOLLOW_RATE: f32 = 1.7;

/// The part of the world to show, set by the game's view. By default the whole field is shown.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Focus {
    /// The best part to show now, in units of the world.
    pub part: Option<Rect>,
    /// The part that must always be visible, in units of the world.
    pub keep: Option<Rect>,
    /// Offset of the picture while it shakes, in pixels of the stage.
    pub shake: Vec2,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Viewport>().init_resource::<Focus>();
    app.add_systems(Startup, spawn);
    app.add_systems(First, (fit, follow).chain());
}

fn spawn(mut commands: Commands) {
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

fn fit(
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    time: Res<Time<Real>>,
    screen: Res<State<Screen>>,
    (view, focus, settings): (Res<GameView>, Res<Focus>, Res<Settings>),
    mut shown: Local<Option<Rect>>,
    mut viewport: ResMut<Viewport>,
    mut ui: ResMut<UiScale>,
) {
    let Some(window) = window.map(|window| Vec2::new(window.width(), window.height())) else { return };
    let field = Rect::from_center_size(Vec2::ZERO, view.field());
    let is_match = *screen.get() == Screen::Match;
    let focus = if is_match && !settings.reduced_motion { *focus } else { Focus::default() };
    let before = shown.filter(|_| is_match).unwrap_or(field);
    let part = next_part(before, &focus, field, time.delta_secs().min(0.25));
    *shown = Some(part);
    let scale = if is_match { match_scale(window) } else { stage_scale(window) };
    let mut next = Viewport::showing(part, field, window, scale);
    next.center += focus.shake * next.units_per_px;
    viewport.set_if_neq(next);
    if ui.0 != scale {
        ui.0 = scale;
    }
}

fn next_part(before: Rect, focus: &Focus, field: Rect, seconds: f32) -> Rect {
    let wanted = focus.part.unwrap_or(field);
    let go = |from: Vec2, to: Vec2| {
        Vec2::new(approach(from.x, to.x, FOLLOW_RATE, seconds), approach(from.y, to.y, FOLLOW_RATE, seconds))
    };
    let part = Rect { min: go(before.min, wanted.min), max: go(before.max, wanted.max) };
    focus.keep.map_or(part, |keep| part.union(keep))
}

fn follow(viewport: Res<Viewport>, mut camera: Single<(&mut Transform, &mut Projection), With<Camera2d>>) {
    if !viewport.is_changed() {
        return;
    }
    let (transform, projection) = &mut *camera;
    transform.translation = viewport.center.extend(transform.translation.z);
    if let Projection::Orthographic(projection) = &mut **projection {
        projection.scale = viewport.units_per_window_px();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Rect = Rect { min: Vec2::new(-800.0, -450.0), max: Vec2::new(800.0, 450.0) };

    #[test]
    fn the_picture_goes_softly_and_never_loses_what_it_must_keep() {
        let corner = Rect::from_center_size(Vec2::new(-700.0, -350.0), Vec2::splat(150.0));
        let keep = Rect::from_center_size(Vec2::new(700.0, 350.0), Vec2::splat(100.0));
        let focus = Focus { part: Some(corner), keep: Some(keep), ..default() };
        let first = next_part(FIELD, &focus, FIELD, 1.0 / 60.0);
        assert!(first.min.distance(FIELD.min) < 30.0, "not at once: {first:?}");
        let last = (0..600).fold(FIELD, |part, _| next_part(part, &focus, FIELD, 1.0 / 60.0));
        assert!(last.contains(keep.min) && last.contains(keep.max) && last.contains(corner.center()), "{last:?}");
        let free = Focus { keep: None, ..focus };
        let last = (0..600).fold(FIELD, |part, _| next_part(part, &free, FIELD, 1.0 / 60.0));
        assert!(last.center().distance(corner.center()) < 1.0 && last.width() < 160.0, "{last:?}");
    }
}

//! Animations of UI elements: colours under the mouse, pressed buttons, rising panels.

use bevy::{
    input_focus::{InputFocus, InputFocusVisible, tab_navigation::TabIndex},
    picking::hover::Hovered,
    prelude::*,
    text::EditableText,
    ui::Pressed,
};

use crate::{
    easing::{approach, ease_out},
    palette::{Colors, PANEL_RIM},
};

/// Rate at which colours and pressed buttons change, in 1/s.
const WARM_RATE: f32 = 16.0;
const PRESS_RATE: f32 = 30.0;
/// Duration of a new panel's rise, in seconds, and its distance, in pixels of the stage.
const RISE_SECONDS: f32 = 0.32;
const RISE_PX: f32 = 18.0;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PostUpdate, (warm, ring, light_fields, rise).before(bevy::ui::UiSystems::Layout));
}

/// A button's colours, and the state of its animation.
#[derive(Component, Clone, Copy, Debug)]
pub struct ButtonAnimation {
    /// Colour at rest.
    pub rest: Color,
    /// Colour under the mouse.
    pub over: Color,
    /// Colour of the rim.
    pub rim: Color,
    warmth: f32,
    depth: f32,
}

impl ButtonAnimation {
    /// A button at rest.
    pub const fn new(rest: Color, over: Color, rim: Color) -> Self {
        Self { rest, over, rim, warmth: 0.0, depth: 0.0 }
    }
}

/// Progress of a new panel's rise, 0 to 1.
#[derive(Component, Clone, Copy, Debug, Default)]
pub struct Rise(f32);

fn warm(
    time: Res<Time<Real>>,
    mut buttons: Query<(&Hovered, Has<Pressed>, &mut ButtonAnimation, &mut BackgroundColor, &mut UiTransform)>,
) {
    let seconds = time.delta_secs().min(0.1);
    for (hovered, is_pressed, mut animation, mut background, mut transform) in &mut buttons {
        let target = f32::from(u8::from(hovered.0));
        animation.warmth = approach(animation.warmth, target, WARM_RATE, seconds);
        animation.depth = approach(animation.depth, f32::from(u8::from(is_pressed)), PRESS_RATE, seconds);
        background.set_if_neq(BackgroundColor(animation.rest.mix(&animation.over, animation.warmth)));
        let scale = Vec2::splat(1.0 - 0.03 * animation.depth);
        if transform.scale != scale {
            transform.scale = scale;
        }
    }
}

/// Outlines the focused element while the keyboard is used.
fn ring(
    focus: Res<InputFocus>,
    visible: Res<InputFocusVisible>,
    mut outlines: Query<(Entity, &mut Outline), (With<TabIndex>, Without<EditableText>)>,
) {
    for (entity, mut outline) in &mut outlines {
        let color = if visible.0 && focus.get() == Some(entity) { Color::WHITE } else { Color::NONE };
        if outline.color != color {
            outline.color = color;
        }
    }
}

fn light_fields(
    (focus, colors): (Res<InputFocus>, Res<Colors>),
    mut fields: Query<(Entity, &Hovered, &mut BorderColor, &mut Outline), With<EditableText>>,
) {
    for (entity, hovered, mut border, mut outline) in &mut fields {
        let has_focus = focus.get() == Some(entity);
        let rim = if hovered.0 { PANEL_RIM.mix(&colors.accent, 0.4) } else { PANEL_RIM };
        border.set_if_neq(BorderColor::all(if has_focus { colors.accent } else { rim }));
        let color = if has_focus { colors.accent } else { Color::NONE };
        if outline.color != color {
            outline.color = color;
        }
    }
}

fn rise(time: Res<Time<Real>>, mut panels: Query<(&mut Rise, &mut UiTransform)>) {
    for (mut rise, mut transform) in panels.iter_mut().filter(|(rise, _)| rise.0 < 1.0) {
        rise.0 = (rise.0 + time.delta_secs().min(0.05) / RISE_SECONDS).min(1.0);
        let part = ease_out(rise.0);
        transform.translation = Val2::px(0.0, RISE_PX * (1.0 - part));
        transform.scale = Vec2::splat(0.97 + 0.03 * part);
    }
}

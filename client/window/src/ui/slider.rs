//! Sliders: a value that is dragged, clicked, or changed with the arrow keys.

use std::ops::RangeInclusive;

use bevy::{
    input_focus::tab_navigation::TabIndex,
    picking::hover::Hovered,
    prelude::*,
    ui_widgets::{Slider, SliderPrecision, SliderRange, SliderStep, SliderThumb, SliderValue, TrackClick},
};

use crate::palette::{Colors, GROOVE};

/// The thumb's size, in pixels.
const THUMB: f32 = 22.0;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, place_thumbs);
}

/// A slider that fills the rest of a row; changes arrive as [`ValueChange`](bevy::ui_widgets::ValueChange).
pub fn slider(value: f32, range: RangeInclusive<f32>, step: f32) -> impl Bundle {
    let track = Node { flex_grow: 1.0, height: px(30), align_items: AlignItems::Center, ..default() };
    let groove = Node {
        position_type: PositionType::Absolute,
        width: percent(100),
        height: px(8),
        border_radius: BorderRadius::MAX,
        ..default()
    };
    let thumb = Node {
        position_type: PositionType::Absolute,
        width: px(THUMB),
        height: px(THUMB),
        border_radius: BorderRadius::MAX,
        ..default()
    };
    (
        (Slider { track_click: TrackClick::Snap, ..default() }, SliderValue(value), SliderRange::from_range(range)),
        (SliderStep(step), SliderPrecision(1)),
        (track, Hovered::default(), TabIndex(0)),
        Outline::new(px(2), px(2), Color::NONE),
        children![
            (groove, BackgroundColor(GROOVE), Pickable::IGNORE),
            (SliderThumb, thumb, BackgroundColor(Color::NONE))
        ],
    )
}

fn place_thumbs(
    sliders: Query<(&SliderValue, &SliderRange, &ComputedNode, &Children)>,
    colors: Res<Colors>,
    mut thumbs: Query<(&mut Node, &mut BackgroundColor), With<SliderThumb>>,
) {
    for (value, range, node, children) in &sliders {
        let travel = (node.size().x * node.inverse_scale_factor() - THUMB).max(0.0);
        let mut thumbs = thumbs.iter_many_mut(children);
        while let Some((mut thumb, mut background)) = thumbs.fetch_next() {
            background.set_if_neq(BackgroundColor(colors.accent));
            let left = px(travel * range.thumb_position(value.0));
            if thumb.left != left {
                thumb.left = left;
            }
        }
    }
}

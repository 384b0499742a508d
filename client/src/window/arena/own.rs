//! The player's own panel below the arena: points, combo and the dash; and the keys, for the first seconds.

use bevy::prelude::*;
use framehouse_shared::arena::scoring::multiplier;

use super::scene::Scene;
use crate::window::{
    easing::{approach, grouped},
    fonts::Fonts,
    hud::{Stage, across_field, panel, panel_node, write},
    layout::EDGE,
    palette::{GOOD, GROOVE, OWN, TEXT, TEXT_MUTED, WARN},
    view::{Draw, MatchView},
};

/// The panel's width.
const WIDTH: f32 = 400.0;
/// How fast the points count, in 1/s.
const COUNT_RATE: f32 = 9.0;
/// How long the keys are shown in a match, in seconds, and how long they take to fade.
const HINT_SECONDS: f32 = 9.0;
const HINT_FADE_SECONDS: f32 = 1.5;
const HINT: &str = "WASD or arrows move   \u{b7}   mouse aims   \u{b7}   left button or space fires   \u{b7}   right button or shift dashes";

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, (spawn_panel, spawn_hint));
    app.add_systems(Update, (show_panel, count_points, write_combo, fill_dash, fade_hint).in_set(Draw));
}

#[derive(Component)]
struct Panel;

#[derive(Component)]
struct Points;

#[derive(Component)]
struct Combo;

#[derive(Component)]
struct DashBar;

#[derive(Component)]
struct DashWord;

#[derive(Component)]
struct Hint;

fn spawn_panel(mut commands: Commands, stage: Single<Entity, With<Stage>>, fonts: Res<Fonts>) {
    let node = Node {
        width: px(WIDTH),
        height: px(46),
        padding: UiRect::horizontal(px(16)),
        column_gap: px(14),
        ..panel_node()
    };
    let groove = Node {
        flex_grow: 1.0,
        height: px(12),
        border_radius: BorderRadius::MAX,
        overflow: Overflow::clip(),
        ..default()
    };
    let bar = Node { width: percent(100), height: percent(100), border_radius: BorderRadius::MAX, ..default() };
    let gradient = LinearGradient::to_right(vec![ColorStop::auto(GOOD), ColorStop::auto(OWN)]);
    let place = Node { bottom: px(12), ..across_field() };
    let row = commands.spawn((ChildOf(*stage), place, Pickable::IGNORE)).id();
    commands.entity(row).with_child((
        Panel,
        node,
        panel(),
        children![
            (Points, Text::default(), fonts.bold(26.0), TextColor(TEXT), Node { min_width: px(58), ..default() }),
            (Combo, Text::default(), fonts.bold(16.0), TextColor(WARN), Node { width: px(34), ..default() }),
            (groove, BackgroundColor(GROOVE), children![(DashBar, bar, BackgroundGradient::from(gradient))]),
            (DashWord, Text::new("DASH"), fonts.bold(14.0), TextColor(TEXT_MUTED)),
        ],
    ));
}

fn spawn_hint(mut commands: Commands, stage: Single<Entity, With<Stage>>) {
    let node = Node { bottom: px(EDGE.max_inset.y + 14.0), ..across_field() };
    let words = (Hint, Text::new(HINT), Fonts::regular(14.0), TextColor(Color::NONE), Pickable::IGNORE);
    commands.entity(*stage).with_child((node, Pickable::IGNORE, children![words]));
}

fn show_panel(scene: Res<Scene>, mut panel: Single<&mut Visibility, With<Panel>>) {
    let is_playing = scene.now.own_craft().is_some();
    panel.set_if_neq(if is_playing { Visibility::Inherited } else { Visibility::Hidden });
}

fn count_points(scene: Res<Scene>, mut shown: Local<f32>, mut text: Single<&mut Text, With<Points>>) {
    let points = scene.now.own.map_or(0, |own| scene.now.scores[own.index()].points) as f32;
    *shown = approach(*shown, points, COUNT_RATE, scene.passed.real);
    write(&mut text, &grouped(shown.round() as i64));
}

/// The multiplier; it pales as the time for the next gem runs out.
fn write_combo(scene: Res<Scene>, mut combo: Single<(&mut Text, &mut TextColor), With<Combo>>) {
    let (text, color) = &mut *combo;
    let Some((own, rules)) = scene.now.own.zip(scene.rules.as_ref()) else { return };
    let score = &scene.now.scores[own.index()];
    let times = multiplier(score.combo, &rules.numbers.combo);
    let left = score.combo_ends.since(scene.now.tick) as f32 / rules.numbers.combo.window_ticks as f32;
    write(text, &if score.combo > 0 && times > 1 { format!("\u{d7}{times}") } else { String::new() });
    color.set_if_neq(TextColor(WARN.with_alpha(0.3 + 0.7 * left.clamp(0.0, 1.0))));
}

fn fill_dash(
    scene: Res<Scene>,
    mut bar: Single<&mut Node, With<DashBar>>,
    mut word: Single<&mut TextColor, With<DashWord>>,
    mut glow: Local<f32>,
) {
    let Some((craft, rules)) = scene.now.own_craft().zip(scene.rules.as_ref()) else { return };
    // The drawn moment lies before the newest tick.
    let left = craft.dash_ready.since(scene.now.tick) as f32 + scene.seconds_back * 30.0;
    let ready = 1.0 - (left / rules.numbers.dash.cooldown_ticks as f32).clamp(0.0, 1.0);
    let is_ready = craft.dash_ready <= scene.now.tick;
    bar.width = percent(100.0 * if is_ready { 1.0 } else { ready });
    *glow = approach(*glow, f32::from(u8::from(is_ready)), 14.0, scene.passed.real);
    word.set_if_neq(TextColor(TEXT_MUTED.mix(&WARN, *glow)));
}

fn fade_hint(seen: MatchView, scene: Res<Scene>, mut shown: Local<f32>, mut hint: Single<&mut TextColor, With<Hint>>) {
    let is_playing = scene.now.tick.0 > 0 && scene.now.own_craft().is_some();
    if is_playing {
        *shown += scene.passed.real;
    }
    let fading = (HINT_SECONDS - *shown) / HINT_FADE_SECONDS;
    let alpha = if is_playing && !seen.is_autopilot() { fading.clamp(0.0, 1.0) } else { 0.0 };
    hint.set_if_neq(TextColor(TEXT.with_alpha(alpha * 0.85)));
}

//! The player's panel below the arena: points, combo and dash.

use bevy::prelude::*;
use framehouse_arena::scoring::multiplier;
use framehouse_window::{
    easing::{approach, grouped},
    fonts::Fonts,
    hud::{LocalizedText, Stage, across_field, letters, panel, panel_node, write},
    palette::{Colors, GOOD, GROOVE, TEXT, TEXT_MUTED, WARN},
    view::Draw,
};

use super::{scene::Scene, words};

/// The panel's width, in pixels of the stage.
const WIDTH: f32 = 400.0;
/// Rate at which the shown points approach the real ones, in 1/s.
const COUNT_RATE: f32 = 9.0;
/// Rate at which the flash of a ready dash fades, in 1/s.
const READY_RATE: f32 = 5.0;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_panel);
    app.add_systems(Update, (show_panel, count_points, write_combo, fill_dash).in_set(Draw));
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

fn spawn_panel(mut commands: Commands, stage: Single<Entity, With<Stage>>, (fonts, colors): (Res<Fonts>, Res<Colors>)) {
    let node = Node {
        width: px(WIDTH),
        height: px(46),
        padding: UiRect::horizontal(px(16)),
        column_gap: px(14),
        ..panel_node()
    };
    let groove = Node { flex_grow: 1.0, height: px(12), border_radius: BorderRadius::MAX, ..default() };
    let bar = Node { width: percent(100), height: percent(100), border_radius: BorderRadius::MAX, ..default() };
    let glow = BoxShadow::new(Color::WHITE.with_alpha(0.0), px(0), px(0), px(2), px(9));
    let gradient = LinearGradient::to_right(vec![ColorStop::auto(GOOD), ColorStop::auto(colors.accent)]);
    let place = Node { bottom: px(12), ..across_field() };
    let row = commands.spawn((ChildOf(*stage), place, Pickable::IGNORE)).id();
    commands.entity(row).with_child((
        Panel,
        node,
        panel(),
        children![
            (Points, Text::default(), letters(&fonts, 26.0), TextColor(TEXT), Node { min_width: px(58), ..default() }),
            (Combo, Text::default(), letters(&fonts, 16.0), TextColor(WARN), Node { width: px(34), ..default() }),
            (groove, BackgroundColor(GROOVE), children![(DashBar, bar, BackgroundGradient::from(gradient), glow)]),
            (
                DashWord,
                LocalizedText::new(words::DASH),
                letters(&fonts, 14.0),
                TextColor(TEXT_MUTED),
                UiTransform::default()
            ),
        ],
    ));
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

/// Writes the multiplier; it pales as the time for the next gem runs out.
fn write_combo(scene: Res<Scene>, mut combo: Single<(&mut Text, &mut TextColor), With<Combo>>) {
    let (text, color) = &mut *combo;
    let Some((own, rules)) = scene.now.own.zip(scene.rules.as_ref()) else { return };
    let score = &scene.now.scores[own.index()];
    let times = multiplier(score.combo, &rules.numbers.combo);
    let left = score.combo_ends.since(scene.now.tick) as f32 / rules.numbers.combo.window as f32;
    write(text, &if score.combo > 0 && times > 1 { format!("\u{d7}{times}") } else { String::new() });
    color.set_if_neq(TextColor(WARN.with_alpha(0.3 + 0.7 * left.clamp(0.0, 1.0))));
}

/// Whether the dash was ready in the last frame, and the rest of the flash, 0 to 1.
#[derive(Default)]
struct DashState {
    was_ready: bool,
    flash: f32,
}

/// Fills the bar while the dash cools down, and flashes it when the dash is ready.
fn fill_dash(
    scene: Res<Scene>,
    mut bar: Single<(&mut Node, &mut BoxShadow), With<DashBar>>,
    mut word: Single<(&mut TextColor, &mut UiTransform), With<DashWord>>,
    mut state: Local<DashState>,
) {
    let Some((craft, rules)) = scene.now.own_craft().zip(scene.rules.as_ref()) else { return };
    // The drawn moment is before the newest tick.
    let left = craft.dash_ready.since(scene.now.tick) as f32 + scene.seconds_back / scene.now.rate.dt();
    let is_ready = craft.dash_ready <= scene.now.tick;
    let filled = if is_ready { 1.0 } else { 1.0 - (left / rules.numbers.dash.cooldown as f32).clamp(0.0, 1.0) };
    if is_ready && !std::mem::replace(&mut state.was_ready, is_ready) {
        state.flash = 1.0;
    }
    state.was_ready = is_ready;
    state.flash = approach(state.flash, 0.0, READY_RATE, scene.passed.real);
    let (node, shadow) = &mut *bar;
    node.width = percent(100.0 * filled);
    shadow.0.iter_mut().for_each(|shadow| shadow.color.set_alpha(state.flash));
    let (color, transform) = &mut *word;
    let tone = if is_ready { WARN.mix(&Color::WHITE, state.flash) } else { TEXT_MUTED };
    color.set_if_neq(TextColor(tone));
    transform.scale = Vec2::splat(1.0 + 0.35 * state.flash);
}

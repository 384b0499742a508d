//! Words over the arena when there is no match to watch: connecting, the lobby, the countdown, the ranking, the end.
//!
//! What is to be said is a plain value ([`content()`]); the nodes are made anew when it changes.

mod content;

use bevy::{prelude::*, ui::UiTransform};

use super::{Stage, panel};
use crate::window::{
    easing::{approach, ease_out},
    fonts::Fonts,
    layout::{ARENA_CORNER, ARENA_HEIGHT, ARENA_WIDTH},
    palette::{GOOD, TEXT, TEXT_MUTED, accent},
    scene::{Draw, Scene},
    session::Session,
};
use content::{Content, Line, content};

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_cover);
    app.add_systems(Update, (tell, dim, swell).chain().in_set(Draw));
}

/// What lies over the arena.
#[derive(Component, Default)]
struct Cover {
    shown: Content,
}

/// Something that swells when it appears.
#[derive(Component)]
struct Swelling(f32);

fn spawn_cover(mut commands: Commands, stage: Single<Entity, With<Stage>>) {
    commands.entity(*stage).with_child((
        Cover::default(),
        Node {
            position_type: PositionType::Absolute,
            left: px(ARENA_CORNER.x),
            top: px(ARENA_CORNER.y),
            width: px(ARENA_WIDTH),
            height: px(ARENA_HEIGHT),
            align_items: AlignItems::Center,
            justify_content: JustifyContent::Center,
            border_radius: BorderRadius::all(px(12)),
            ..default()
        },
        BackgroundColor(Color::NONE),
        Pickable::IGNORE,
    ));
}

fn tell(
    mut commands: Commands,
    session: Res<Session>,
    fonts: Res<Fonts>,
    mut cover: Single<(Entity, &mut Cover, Option<&Children>)>,
) {
    let content = content(&session);
    let (entity, cover, children) = &mut *cover;
    if cover.shown == content {
        return;
    }
    // Whoever gets ready changes the card; only a new one swells.
    let is_new = cover.shown.title != content.title || cover.shown.big != content.big;
    children.iter().flat_map(|children| children.iter()).for_each(|child| commands.entity(child).despawn());
    if let Some(big) = &content.big {
        let words = (Text::new(big), fonts.bold(150.0), TextColor(TEXT), TextShadow::default(), Pickable::IGNORE);
        commands.entity(*entity).with_child((Swelling(0.0), UiTransform::default(), words));
    } else if !content.title.is_empty() {
        let age = if is_new { 0.0 } else { 1.0 };
        let card = commands.spawn((Swelling(age), ChildOf(*entity), card_node(), UiTransform::default(), panel())).id();
        fill_card(&mut commands, card, &content, &fonts);
    }
    cover.shown = content;
}

fn card_node() -> Node {
    Node {
        flex_direction: FlexDirection::Column,
        align_items: AlignItems::Stretch,
        min_width: px(470),
        max_width: px(720),
        padding: UiRect::axes(px(30), px(24)),
        row_gap: px(5),
        border: px(1).all(),
        border_radius: BorderRadius::all(px(16)),
        ..default()
    }
}

fn fill_card(commands: &mut Commands, card: Entity, content: &Content, fonts: &Fonts) {
    let middle = |words: &str, font: TextFont, color: Color, below: f32| {
        let node = Node { margin: UiRect::bottom(px(below)), ..default() };
        (Text::new(words), font, TextColor(color), TextLayout::justify(Justify::Center), node, Pickable::IGNORE)
    };
    commands.entity(card).with_child(middle(&content.title, fonts.bold(30.0), TEXT, 2.0));
    let below = if content.lines.is_empty() { 0.0 } else { 12.0 };
    commands.entity(card).with_child(middle(&content.subtitle, Fonts::regular(16.0), TEXT_MUTED, below));
    for line in &content.lines {
        spawn_line(commands, card, line, fonts);
    }
}

fn spawn_line(commands: &mut Commands, card: Entity, line: &Line, fonts: &Fonts) {
    let dot = Node { width: px(11), height: px(11), border_radius: BorderRadius::MAX, ..default() };
    let node = Node {
        height: px(30),
        padding: UiRect::horizontal(px(12)),
        column_gap: px(11),
        align_items: AlignItems::Center,
        border_radius: BorderRadius::all(px(7)),
        ..default()
    };
    let tint = if line.is_own { 0.12 } else { 0.035 };
    let mark_color = if line.is_good { GOOD } else { TEXT.mix(&TEXT_MUTED, 0.4) };
    let words = |words: &str, font: TextFont, color: Color| {
        (Text::new(words), font, TextColor(color), TextLayout::no_wrap(), Pickable::IGNORE)
    };
    commands.entity(card).with_child((
        node,
        BackgroundColor(accent(line.slot).with_alpha(tint)),
        children![
            words(&line.rank, fonts.bold(15.0), TEXT_MUTED),
            (dot, BackgroundColor(accent(line.slot))),
            (words(&line.name, fonts.bold(15.0), TEXT), Node { flex_grow: 1.0, ..default() }),
            words(&line.detail, Fonts::regular(13.0), TEXT_MUTED),
            words(&line.mark, fonts.bold(15.0), mark_color),
        ],
    ));
}

/// The arena darkens behind the words.
fn dim(scene: Res<Scene>, mut darkness: Local<f32>, mut cover: Single<(&Cover, &mut BackgroundColor)>) {
    let (cover, background) = &mut *cover;
    *darkness = approach(*darkness, cover.shown.darkness, 6.0, scene.passed.real);
    background.set_if_neq(BackgroundColor(Color::srgba(0.02, 0.03, 0.06, *darkness)));
}

fn swell(scene: Res<Scene>, mut swelling: Query<(&mut Swelling, &mut UiTransform)>) {
    for (mut swelling, mut transform) in swelling.iter_mut().filter(|(swelling, _)| swelling.0 < 1.0) {
        swelling.0 = (swelling.0 + scene.passed.real * 3.5).min(1.0);
        transform.scale = Vec2::splat(0.86 + 0.14 * ease_out(swelling.0));
    }
}

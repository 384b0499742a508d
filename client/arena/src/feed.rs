//! Hit feed: short fading lines at the lower right about hits that cost points.

use bevy::prelude::*;
use framehouse_shared::ids::Slot;
use framehouse_window::{
    fonts::Fonts,
    hud::{SIDE_GROWTH_MAX, SideColumn, letters},
    palette::{BAD, Colors, PANEL, TEXT_MUTED},
    view::{Draw, MatchView},
};

use super::{scene::Scene, visual_events::VisualEvent};

/// Maximum number of lines; the oldest are dropped first.
const LINES_MAX: usize = 5;
/// Duration of a line and of its fading, in seconds.
const STAY_SECONDS: f32 = 5.0;
const FADE_SECONDS: f32 = 0.8;
/// Font size, in pixels of the stage.
const LINE_PX: f32 = 12.5;

pub(super) fn plugin(app: &mut App) {
    // After the leaderboard is spawned, so that the feed is below it.
    app.add_systems(PostStartup, spawn_feed);
    app.add_systems(Update, (tell, fade).chain().in_set(Draw));
}

#[derive(Component)]
struct Feed;

#[derive(Component)]
struct Line {
    age: f32,
    is_own: bool,
}

/// Colour of a word before it fades.
#[derive(Component)]
struct Ink(Color);

fn spawn_feed(mut commands: Commands, column: Single<Entity, With<SideColumn>>) {
    // If a long leaderboard leaves little room, the oldest lines are cut off.
    let node = Node {
        flex_direction: FlexDirection::Column,
        flex_grow: 1.0,
        flex_basis: px(0),
        min_height: px(0),
        justify_content: JustifyContent::FlexEnd,
        overflow: Overflow::clip(),
        row_gap: px(3),
        ..default()
    };
    commands.entity(*column).with_child((Feed, node, Pickable::IGNORE));
}

/// Shooter, victim and lost points of a hit; nothing if nothing was lost.
fn line_of(visual_event: &VisualEvent) -> Option<(Slot, Slot, u32)> {
    match *visual_event {
        VisualEvent::Hit { shooter, victim, lost, .. } if lost > 0 => Some((shooter, victim, lost)),
        _ => None,
    }
}

fn tell(
    mut commands: Commands,
    mut visual_events: MessageReader<VisualEvent>,
    seen: MatchView,
    scene: Res<Scene>,
    (fonts, colors): (Res<Fonts>, Res<Colors>),
    feed: Single<(Entity, Option<&Children>), With<Feed>>,
    mut match_no: Local<Option<u32>>,
) {
    let (feed, children) = *feed;
    let old: Vec<Entity> = children.into_iter().flatten().copied().collect();
    let is_new_match = std::mem::replace(&mut *match_no, scene.now.match_no) != scene.now.match_no;
    let told: Vec<_> = visual_events.read().filter_map(line_of).collect();
    let told = &told[told.len().saturating_sub(LINES_MAX)..];
    let surplus = if is_new_match { old.len() } else { (old.len() + told.len()).saturating_sub(LINES_MAX) };
    old.iter().take(surplus).for_each(|line| commands.entity(*line).despawn());
    for &(shooter, victim, lost) in told {
        let is_own = scene.now.own.is_some_and(|own| own == shooter || own == victim);
        let word = |words: String, color: Color| {
            let (size, font) = letters(&fonts, LINE_PX);
            let size = size.at_most(SIDE_GROWTH_MAX);
            (Ink(color), Text::new(words), size, font, TextColor(color), TextLayout::no_wrap(), Pickable::IGNORE)
        };
        let name = |slot: Slot| {
            let node = Node { flex_shrink: 1.0, min_width: px(0), overflow: Overflow::clip_x(), ..default() };
            let words = seen.name_of(slot).unwrap_or("\u{2013}").to_owned();
            (node, Pickable::IGNORE, children![word(words, colors.player(slot))])
        };
        let node = Node {
            padding: UiRect::axes(px(9), px(2)),
            column_gap: px(6),
            align_items: AlignItems::Center,
            flex_shrink: 0.0,
            border_radius: BorderRadius::all(px(6)),
            ..default()
        };
        let firm = Node { flex_shrink: 0.0, ..default() };
        commands.entity(feed).with_child((
            Line { age: 0.0, is_own },
            node,
            BackgroundColor(Color::NONE),
            Pickable::IGNORE,
            children![
                name(shooter),
                (word("\u{203a}".to_owned(), TEXT_MUTED), firm.clone()),
                name(victim),
                (word(format!("\u{2212}{lost}"), BAD), Node { margin: UiRect::left(auto()), ..firm }),
            ],
        ));
    }
}

fn fade(
    mut commands: Commands,
    scene: Res<Scene>,
    mut lines: Query<(Entity, &mut Line, &mut BackgroundColor)>,
    children: Query<&Children>,
    mut inks: Query<(&Ink, &mut TextColor)>,
) {
    for (entity, mut line, mut background) in &mut lines {
        line.age += scene.passed.real;
        let left = ((STAY_SECONDS - line.age) / FADE_SECONDS).clamp(0.0, 1.0);
        if left <= 0.0 {
            commands.entity(entity).despawn();
            continue;
        }
        let tint = if line.is_own { PANEL.mix(&TEXT_MUTED, 0.22) } else { PANEL.with_alpha(0.7) };
        background.set_if_neq(BackgroundColor(tint.with_alpha(tint.alpha() * left)));
        for word in children.iter_descendants(entity) {
            if let Ok((ink, mut color)) = inks.get_mut(word) {
                color.set_if_neq(TextColor(ink.0.with_alpha(left)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::tick::Tick;

    use super::*;
    use crate::tests::slot;

    #[test]
    fn only_a_hit_that_cost_something_is_told() {
        let hit =
            |lost| VisualEvent::Hit { shooter: slot(0), victim: slot(1), position: Vec2::ZERO, lost, fades: Tick(9) };
        assert_eq!(line_of(&hit(6)), Some((slot(0), slot(1), 6)));
        assert_eq!(line_of(&hit(0)), None);
        assert_eq!(line_of(&VisualEvent::Appeared { slot: slot(1), position: Vec2::ZERO }), None);
    }
}

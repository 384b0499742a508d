//! The ranking, with scores that count up.

use bevy::{prelude::*, ui_widgets::ScrollArea};
use framehouse_client::client::MatchResults;
use framehouse_shared::{ids::Slot, protocol::messages::RankingEntry};

use super::Counting;
use crate::{
    actions::Action,
    easing::grouped,
    palette::{GOOD, TEXT, TEXT_MUTED},
    texts::T,
    ui::{Kind, Kit, kit::dot},
};

/// The final score of a line.
#[derive(Component)]
pub struct Points(i64);

pub fn spawn(
    panel: &mut ChildSpawnerCommands<'_>,
    kit: &Kit,
    results: &MatchResults,
    (own, can_report): (Option<Slot>, bool),
    detail: impl Fn(&RankingEntry) -> String,
) {
    let list = Node {
        flex_direction: FlexDirection::Column,
        row_gap: px(5),
        flex_grow: 1.0,
        flex_basis: px(0),
        overflow: Overflow::scroll_y(),
        ..default()
    };
    panel.spawn(kit.heading(T::Ranking));
    panel.spawn((list, ScrollArea)).with_children(|list| {
        for (place, entry) in results.ranking.iter().enumerate() {
            let is_own = own == Some(entry.slot);
            spawn_line(list, kit, place, entry, (is_own, can_report && !is_own), &detail(entry));
        }
    });
}

fn spawn_line(
    list: &mut ChildSpawnerCommands<'_>,
    kit: &Kit,
    place: usize,
    entry: &RankingEntry,
    (is_own, can_report): (bool, bool),
    detail: &str,
) {
    let color = kit.player(entry.slot);
    let ink = if place == 0 { GOOD } else { TEXT };
    list.spawn(kit.line(color, if is_own { 0.24 } else { 0.09 })).with_children(|line| {
        let rank = Node { width: px(kit.grown(24.0)), ..default() };
        line.spawn((kit.strong(&(place + 1).to_string(), 17.0, TEXT_MUTED), rank));
        line.spawn(dot(color));
        let words =
            Node { flex_grow: 1.0, flex_direction: FlexDirection::Column, overflow: Overflow::clip_x(), ..default() };
        line.spawn(words).with_children(|words| {
            words.spawn((kit.strong(&entry.name, 17.0, TEXT), TextLayout::no_wrap()));
            words.spawn((kit.words(detail, 13.0, TEXT_MUTED), TextLayout::no_wrap()));
        });
        if can_report {
            line.spawn(kit.small_button(Action::Report(entry.slot), kit.say(T::Report), Kind::Quiet));
        }
        line.spawn((kit.strong("0", 20.0, ink), Points(entry.score.points), TextLayout::no_wrap()));
    });
}

pub(super) fn write(counting: Res<Counting>, mut lines: Query<(&Points, &mut Text)>) {
    for (points, mut text) in &mut lines {
        let shown = grouped((points.0 as f64 * f64::from(counting.part)).round() as i64);
        if text.0 != shown {
            text.0 = shown;
        }
    }
}

//! The leaderboard at the right: rows that slide to a new rank, and scores that count up.

use bevy::prelude::*;
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    score::Scoreboard,
    sim::Roster,
};

use super::{LocalizedText, SIDE_GROWTH_MAX, SIDE_MARGIN, SIDE_TOP, SideColumn, letters, panel, panel_node, write};
use crate::{
    easing::{approach, grouped},
    fonts::Fonts,
    layout::Viewport,
    palette::{Colors, PANEL, TEXT, TEXT_MUTED},
    session::Session,
    settings::Settings,
    texts::T,
    view::{Draw, MatchView},
};

/// Distance between two rows, in pixels of the stage.
const ROW_STEP: f32 = 27.0;
/// Rate at which rows slide and scores count, in 1/s.
const SLIDE_RATE: f32 = 14.0;
const COUNT_RATE: f32 = 10.0;
/// Top of the first row, in pixels of the stage.
const ROWS_TOP: f32 = 40.0;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_panel);
    app.add_systems(Update, (move_rows, write_rows).chain().in_set(Draw));
}

#[derive(Component)]
struct Board;

#[derive(Component)]
struct Row {
    slot: Slot,
    rank: Option<usize>,
    top: f32,
    points: f32,
}

#[derive(Component, Clone, Copy)]
enum Cell {
    Rank,
    Name,
    Points,
}

fn spawn_panel(
    mut commands: Commands,
    column: Single<Entity, With<SideColumn>>,
    (fonts, colors): (Res<Fonts>, Res<Colors>),
) {
    let node = Node { height: px(ROWS_TOP), flex_shrink: 0.0, overflow: Overflow::clip(), ..panel_node() };
    let title = (
        LocalizedText::new(T::Leaderboard),
        letters(&fonts, 12.0),
        TextColor(TEXT_MUTED),
        Node { position_type: PositionType::Absolute, left: px(14), top: px(12), ..default() },
    );
    let board = commands.spawn((Board, ChildOf(*column), node, panel(), children![title])).id();
    for slot in Slot::all() {
        spawn_row(&mut commands, board, slot, &fonts, colors.player(slot));
    }
}

fn spawn_row(commands: &mut Commands, board: Entity, slot: Slot, fonts: &Fonts, color: Color) {
    let cell = |cell: Cell, color: Color| {
        let (size, font) = letters(fonts, 13.5);
        let size = size.at_most(SIDE_GROWTH_MAX);
        (cell, Text::default(), size, font, TextColor(color), TextLayout::no_wrap(), Pickable::IGNORE)
    };
    let dot = Node { width: px(9), height: px(9), border_radius: BorderRadius::MAX, flex_shrink: 0.0, ..default() };
    let name = Node { flex_grow: 1.0, min_width: px(0), overflow: Overflow::clip(), ..default() };
    commands.spawn((
        ChildOf(board),
        Row { slot, rank: None, top: ROWS_TOP, points: 0.0 },
        ZIndex(0),
        Node {
            position_type: PositionType::Absolute,
            left: px(6),
            right: px(6),
            height: px(ROW_STEP - 2.0),
            padding: UiRect::horizontal(px(8)),
            column_gap: px(8),
            align_items: AlignItems::Center,
            border_radius: BorderRadius::all(px(6)),
            display: Display::None,
            ..default()
        },
        BackgroundColor(Color::NONE),
        children![
            (cell(Cell::Rank, TEXT_MUTED), Node { width: px(16), flex_shrink: 0.0, ..default() }),
            (dot, BackgroundColor(color)),
            (name, children![cell(Cell::Name, TEXT)]),
            cell(Cell::Points, TEXT),
        ],
    ));
}

/// The ranked players, best first, from the newest predicted state, so that the player's own points count at once.
fn ranking(seen: &MatchView) -> Vec<Slot> {
    let roster = seen.get::<Roster>().map_or(0, |roster| roster.ever_seated);
    seen.get::<Scoreboard>().map(|board| board.ranking(roster)).unwrap_or_default()
}

/// Distance between two rows: grows with the letters, as far as the window has room for all rows.
fn row_step(rows: usize, text_scale: f32, stage_height: f32) -> f32 {
    let room = stage_height - SIDE_TOP - SIDE_MARGIN - ROWS_TOP - 8.0;
    (ROW_STEP * text_scale.clamp(1.0, SIDE_GROWTH_MAX)).min(room / rows.max(1) as f32)
}

/// The look of a sliding row: a rising row passes over the others and hides them.
fn row_looks(top: f32, target: f32, rank: usize) -> (ZIndex, bool) {
    let is_rising = top - target > 1.0;
    (ZIndex(if is_rising { (SLOTS_MAX - rank.min(SLOTS_MAX)) as i32 + 1 } else { 0 }), is_rising)
}

fn move_rows(
    seen: MatchView,
    (time, settings, viewport, colors): (Res<Time<Real>>, Res<Settings>, Res<Viewport>, Res<Colors>),
    mut rows: Query<(&mut Row, &mut Node, &mut BackgroundColor, &mut ZIndex), Without<Board>>,
    mut board: Single<&mut Node, With<Board>>,
    mut height: Local<f32>,
) {
    let ranking = ranking(&seen);
    let scores = seen.get::<Scoreboard>();
    let real = time.delta_secs().min(0.25);
    let step = row_step(ranking.len(), settings.text_scale, viewport.stage.y);
    for (mut row, mut node, mut background, mut order) in &mut rows {
        let rank = ranking.iter().position(|slot| *slot == row.slot);
        let is_new = row.rank.is_none();
        row.rank = rank;
        let Some(rank) = rank else {
            node.display = Display::None;
            continue;
        };
        let top = ROWS_TOP + rank as f32 * step;
        let points = scores.map_or(0, |scores| scores.slots[row.slot.index()].points) as f32;
        row.top = if is_new { top } else { approach(row.top, top, SLIDE_RATE, real) };
        row.points = if is_new { points } else { approach(row.points, points, COUNT_RATE, real) };
        node.display = Display::Flex;
        node.top = px(row.top);
        node.height = px(step - 2.0);
        let (z, is_rising) = row_looks(row.top, top, rank);
        order.set_if_neq(z);
        let tint = if seen.own() == Some(row.slot) { 0.16 } else { 0.0 };
        let color = match is_rising {
            true => PANEL.with_alpha(1.0).mix(&colors.player(row.slot), tint + 0.08),
            false => colors.player(row.slot).with_alpha(tint),
        };
        background.set_if_neq(BackgroundColor(color));
    }
    let full = ROWS_TOP + ranking.len().min(SLOTS_MAX) as f32 * step + 8.0;
    *height = approach(*height, full, SLIDE_RATE, real);
    board.height = px(*height);
    board.display = if ranking.is_empty() { Display::None } else { Display::Flex };
}

fn write_rows(
    session: Res<Session>,
    rows: Query<(&Row, &Children)>,
    cells: Query<&Children>,
    mut texts: Query<(&Cell, &mut Text)>,
) {
    for (row, children) in &rows {
        let Some(rank) = row.rank else { continue };
        // A name is one level deeper, in the node that clips it.
        let deeper = children.iter().flat_map(|child| cells.get(child).into_iter().flatten().copied());
        for entity in children.iter().chain(deeper) {
            let Ok((cell, mut text)) = texts.get_mut(entity) else { continue };
            match cell {
                Cell::Rank => write(&mut text, &(rank + 1).to_string()),
                Cell::Name => write(&mut text, session.name_of(row.slot).unwrap_or("\u{2013}")),
                Cell::Points => write(&mut text, &grouped(row.points.round() as i64)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_fit_into_the_window() {
        for (rows, text_scale, height) in [(16, 1.6, 560.0), (16, 1.0, 560.0), (16, 1.6, 720.0), (2, 1.6, 720.0)] {
            let end = SIDE_TOP + ROWS_TOP + row_step(rows, text_scale, height) * rows as f32;
            assert!(end < height, "{rows} rows at {text_scale} end at {end} of {height}");
        }
        assert_eq!(row_step(16, 1.0, 720.0), ROW_STEP);
    }

    #[test]
    fn who_rises_passes_over_who_falls_and_the_best_over_all() {
        let rising = row_looks(94.0, 67.0, 1);
        let falling = row_looks(67.0, 94.0, 2);
        let settled = row_looks(67.4, 67.0, 1);
        assert!(rising.1 && !falling.1 && !settled.1);
        assert!(rising.0.0 > falling.0.0 && row_looks(94.0, 40.0, 0).0.0 > rising.0.0);
    }
}

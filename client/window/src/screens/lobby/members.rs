//! The members of the room.

use bevy::{prelude::*, ui_widgets::ScrollArea};
use framehouse_shared::{
    ids::Slot,
    protocol::messages::{Member, PlayerState, RankingEntry},
};

use crate::{
    actions::Action,
    easing::grouped,
    palette::{BAD, GOOD, TEXT, TEXT_MUTED, WARN},
    screens::report::can_report,
    session::Session,
    texts::T,
    ui::{
        Kind, Kit,
        kit::{dot, filler},
        redraw::{Redraw, Shown},
    },
};

/// Maximum number of free seats that are shown as lines; of the rest only the number is shown.
const FREE_LINES_MAX: usize = 3;
/// Maximum number of lines of the last match.
const LAST_LINES_MAX: usize = 3;

#[derive(Component)]
pub struct List;

/// The values that the list shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    members: Vec<Member>,
    seats: u8,
    spectators: u8,
    host: Option<Slot>,
    own: Option<Slot>,
    can_report: bool,
    /// The best players of the last match, with their scores.
    last: Vec<(Slot, String, i64)>,
}

pub fn spawn(panel: &mut ChildSpawnerCommands<'_>, kit: &Kit) {
    let list = Node {
        flex_direction: FlexDirection::Column,
        row_gap: px(6),
        flex_grow: 1.0,
        flex_basis: px(0),
        overflow: Overflow::scroll_y(),
        ..default()
    };
    panel.spawn(kit.heading(T::Players));
    panel.spawn((List, list, ScrollArea, Shown::<Content>(None)));
}

pub fn show(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    mut list: Single<(Entity, &mut Shown<Content>), With<List>>,
) {
    let Some(content) = content(&session) else { return };
    let (entity, shown) = &mut *list;
    redraw.part(*entity, shown, content, |list, content| {
        content.members.iter().for_each(|member| spawn_member(list, &kit, member, content));
        let free = usize::from(content.seats).saturating_sub(content.members.len());
        (0..free.min(FREE_LINES_MAX)).for_each(|_| spawn_free(list, &kit));
        if content.spectators > 0 {
            list.spawn(kit.words(&kit.fill(T::Watching, &[&content.spectators.to_string()]), 14.0, TEXT_MUTED));
        }
        if !content.last.is_empty() {
            spawn_last(list, &kit, &content.last);
        }
    });
}

fn content(session: &Session) -> Option<Content> {
    let client = session.client()?;
    Some(Content {
        members: client.members()?.iter().flatten().cloned().collect(),
        seats: client.options()?.seats,
        spectators: client.spectators(),
        host: client.host(),
        own: client.slot(),
        can_report: can_report(session),
        last: client.results().map(|results| first_of(&results.ranking)).unwrap_or_default(),
    })
}

fn spawn_member(list: &mut ChildSpawnerCommands<'_>, kit: &Kit, member: &Member, content: &Content) {
    let color = kit.player(member.slot);
    let is_own = content.own == Some(member.slot);
    let (state, tone) = state_of(member.state);
    list.spawn(kit.line(color, if is_own { 0.22 } else { 0.09 })).with_children(|line| {
        line.spawn(dot(color));
        line.spawn(kit.name(&member.name, 17.0, TEXT));
        if is_own {
            line.spawn(kit.words(kit.say(T::You), 14.0, kit.accent()));
        }
        if content.host == Some(member.slot) {
            line.spawn(kit.strong(kit.say(T::Host), 12.0, WARN));
        }
        line.spawn(filler());
        line.spawn((kit.words(kit.say(state), 15.0, tone), TextLayout::no_wrap()));
        if content.own.is_some() && content.own == content.host && !is_own {
            line.spawn(kit.small_button(Action::HandOver(member.slot), kit.say(T::MakeHost), Kind::Quiet));
            line.spawn(kit.small_button(Action::Kick(member.slot), kit.say(T::Kick), Kind::Quiet));
        }
        if content.can_report && !is_own {
            line.spawn(kit.small_button(Action::Report(member.slot), kit.say(T::Report), Kind::Quiet));
        }
    });
}

fn first_of(ranking: &[RankingEntry]) -> Vec<(Slot, String, i64)> {
    let first = ranking.iter().take(LAST_LINES_MAX);
    first.map(|entry| (entry.slot, entry.name.clone(), entry.score.points)).collect()
}

/// Spawns the results of the last match.
fn spawn_last(list: &mut ChildSpawnerCommands<'_>, kit: &Kit, last: &[(Slot, String, i64)]) {
    list.spawn((kit.heading(T::LastMatch), Node { margin: UiRect::top(px(10)), ..default() }));
    for (place, (slot, name, points)) in last.iter().enumerate() {
        list.spawn(kit.row(10.0)).with_children(|row| {
            row.spawn(kit.strong(&(place + 1).to_string(), 15.0, TEXT_MUTED));
            row.spawn(dot(kit.player(*slot)));
            row.spawn(kit.name(name, 15.0, TEXT));
            row.spawn(filler());
            row.spawn(kit.strong(&grouped(*points), 15.0, TEXT));
        });
    }
}

fn spawn_free(list: &mut ChildSpawnerCommands<'_>, kit: &Kit) {
    list.spawn(kit.line(TEXT, 0.03)).with_children(|line| {
        line.spawn(dot(TEXT_MUTED.with_alpha(0.25)));
        line.spawn(kit.words(kit.say(T::FreeSeat), 15.0, TEXT_MUTED.with_alpha(0.7)));
    });
}

const fn state_of(state: PlayerState) -> (T, Color) {
    match state {
        PlayerState::Idle | PlayerState::Spectating => (T::StateIdle, TEXT_MUTED),
        PlayerState::Ready => (T::StateReady, GOOD),
        PlayerState::Loading | PlayerState::Loaded => (T::StateLoading, WARN),
        PlayerState::Playing => (T::StatePlaying, GOOD),
        PlayerState::Finished => (T::StateFinished, TEXT_MUTED),
        PlayerState::Aborted => (T::StateAborted, TEXT_MUTED),
        PlayerState::Away => (T::StateAway, BAD),
    }
}

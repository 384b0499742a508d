//! The lobby: a room before a match, with its code, its members, the host's options, and the ready button.

mod members;
mod options;
mod room;

use std::time::Duration;

use bevy::{clipboard::Clipboard, prelude::*};
use framehouse_client::{client::Client, connect::room_link};
use framehouse_shared::protocol::messages::{HostCommand, Phase, PlayerState};

use super::{Dialog, Screen, chat};
use crate::{
    actions::{Action, HandleActions},
    palette::{TEXT, TEXT_MUTED},
    session::{JoinTarget, Session, seconds_left},
    texts::T,
    ui::{
        Kind, Kit,
        redraw::{Redraw, Shown},
        toast::{Toast, ToastKind},
    },
};

pub(super) use options::stepped;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<options::Maps>().init_resource::<options::Ordered>();
    app.add_systems(OnEnter(Screen::Lobby), (spawn, options::ask_for_maps));
    let systems = (handle_actions, order, copy, (options::take_maps, options::settle, options::order).chain());
    app.add_systems(Update, systems.in_set(HandleActions).run_if(in_state(Screen::Lobby)));
    let systems = (members::show, room::show, show_ready);
    app.add_systems(Update, systems.after(HandleActions).run_if(in_state(Screen::Lobby)));
}

/// The ready button and the text above it.
#[derive(Component)]
struct ReadyPart;

#[derive(Clone, Debug, PartialEq)]
struct Readiness {
    words: String,
    /// Nothing for a spectator.
    is_ready: Option<bool>,
}

fn spawn(mut commands: Commands, kit: Kit) {
    let column = |width: f32, grow: f32| Node {
        width: px(width),
        flex_grow: grow,
        flex_direction: FlexDirection::Column,
        row_gap: px(14),
        ..default()
    };
    let inner = |grow: f32| Node { padding: px(22).all(), row_gap: px(10), flex_grow: grow, ..default() };
    commands.spawn(kit.screen(Screen::Lobby)).with_children(|screen| {
        let node = Node { width: px(1180), height: percent(100), max_height: px(880), column_gap: px(16), ..default() };
        screen.spawn(node).with_children(|columns| {
            columns.spawn(column(400.0, 0.0)).with_children(|left| {
                left.spawn(kit.panel(inner(0.0))).with_children(room::spawn);
                left.spawn(kit.panel(inner(1.0))).with_children(|panel| chat::spawn(panel, &kit));
            });
            columns.spawn(column(500.0, 1.0)).with_children(|right| {
                right.spawn(kit.panel(inner(1.0))).with_children(|panel| members::spawn(panel, &kit));
                right.spawn(kit.panel(inner(0.0))).with_children(|panel| {
                    let part = Node { flex_direction: FlexDirection::Column, row_gap: px(11), ..default() };
                    panel.spawn((ReadyPart, part, Shown::<Readiness>(None)));
                });
            });
        });
    });
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    dialog: Res<Dialog>,
    mut session: ResMut<Session>,
) {
    for action in actions.read() {
        match action {
            // It closes the dialog.
            Action::Back if *dialog != Dialog::None => {}
            Action::Back | Action::Leave => session.leave(time.elapsed()),
            Action::Ready(ready) => {
                if let Some(client) = session.room() {
                    client.set_ready(*ready);
                }
            }
            _ => {}
        }
    }
}

fn order(mut actions: MessageReader<Action>, mut session: ResMut<Session>) {
    let Some(client) = session.room() else { return };
    for action in actions.read() {
        let order = match action {
            Action::Start => HostCommand::Start,
            Action::Kick(slot) => HostCommand::Kick(*slot),
            Action::HandOver(slot) => HostCommand::HandOver(*slot),
            Action::CloseRoom => HostCommand::Close,
            _ => continue,
        };
        client.order(order);
    }
}

fn copy(
    mut actions: MessageReader<Action>,
    session: Res<Session>,
    clipboard: Option<ResMut<Clipboard>>,
    mut toasts: MessageWriter<Toast>,
) {
    let Some(code) = session.client().and_then(|client| client.code()) else { return };
    let wanted = actions.read().filter_map(|action| match action {
        Action::CopyCode => Some(code.to_string()),
        Action::CopyLink => Some(room_link(session.server(), code)),
        _ => None,
    });
    let Some(text) = wanted.last() else { return };
    let is_copied = clipboard.is_some_and(|mut clipboard| clipboard.set_text(text.clone()).is_ok());
    toasts.write(match is_copied {
        true => Toast::with(ToastKind::Good, T::Copied, text),
        false => Toast::with(ToastKind::Bad, T::CannotCopy, text),
    });
}

fn show_ready(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    time: Res<Time<Real>>,
    mut part: Single<(Entity, &mut Shown<Readiness>), With<ReadyPart>>,
) {
    let Some(client) = session.client() else { return };
    let is_practice = session.target() == Some(&JoinTarget::Practice);
    let (entity, shown) = &mut *part;
    redraw.part(*entity, shown, readiness(client, is_practice, &kit, time.elapsed()), |part, value| {
        part.spawn((kit.words(&value.words, 16.0, TEXT_MUTED), TextLayout::justify(Justify::Center)));
        part.spawn(kit.row(11.0)).with_children(|row| {
            row.spawn(kit.small_button(Action::Leave, kit.say(T::Leave), Kind::Plain));
            match value.is_ready {
                Some(true) => row.spawn(kit.button(Action::Ready(false), kit.say(T::NotReady), Kind::Plain)),
                Some(false) => row.spawn(kit.button(Action::Ready(true), kit.say(T::Ready), Kind::Main)),
                None => row.spawn(kit.strong(kit.say(T::YouWatch), 17.0, kit.accent().mix(&TEXT, 0.4))),
            };
        });
    });
}

fn readiness(client: &Client, is_practice: bool, kit: &Kit, now: Duration) -> Readiness {
    let reason = match client.phase() {
        Some(Phase::Lobby { reason: Some(reason) }) => Some(crate::session::as_sentence(reason)),
        _ => None,
    };
    let count = client.members().into_iter().flatten().flatten().count();
    let waiting = match count {
        _ if is_practice && count <= usize::from(crate::session::PRACTICE_BOTS) => T::WaitForBots,
        ..2 => T::WaitForOthers,
        _ => T::WaitForReady,
    };
    let is_ready = client.slot().map(|_| client.state() == Some(PlayerState::Ready));
    let start = client.starts_at().map(|at| kit.fill(T::StartsIn, &[&seconds_left(at, now).to_string()]));
    Readiness { words: start.or(reason).unwrap_or_else(|| kit.say(waiting).to_owned()), is_ready }
}

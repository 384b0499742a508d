//! The chat of the lobby: the last lines, with joins and leaves.

use std::collections::VecDeque;

use bevy::{
    input_focus::{FocusCause, InputFocus},
    prelude::*,
    text::{EditableText, TextEdit},
};
use framehouse_client::client::Notice;
use framehouse_shared::{
    ids::Slot,
    protocol::{
        end::EndCode,
        messages::{CHAT_CHARS_MAX, RoomEvent},
    },
};

use super::Screen;
use crate::{
    actions::{Action, HandleActions},
    fonts::Fonts,
    palette::{TEXT, TEXT_MUTED},
    session::{Session, SessionNotice},
    texts::T,
    ui::{
        Field, Kind, Kit,
        redraw::{Redraw, Shown},
    },
};

/// Maximum number of lines kept.
const LINES_MAX: usize = 60;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Chat>();
    app.add_systems(Update, (listen, send.in_set(HandleActions).run_if(in_state(Screen::Lobby))));
    app.add_systems(Update, (show, scroll_down, hint).after(HandleActions).run_if(in_state(Screen::Lobby)));
}

/// The last lines, oldest first.
#[derive(Resource, Default)]
struct Chat(VecDeque<Line>);

#[derive(Clone, Debug, PartialEq)]
enum Line {
    Said { slot: Option<Slot>, name: String, text: String },
    Told(T, String),
}

#[derive(Component)]
struct Log;

#[derive(Component)]
struct Hint;

/// Spawns the chat of the lobby: its last lines, and a text field.
pub fn spawn(parent: &mut ChildSpawnerCommands<'_>, kit: &Kit) {
    let log = Node {
        flex_grow: 1.0,
        flex_basis: px(0),
        min_height: px(60),
        flex_direction: FlexDirection::Column,
        row_gap: px(4),
        overflow: Overflow::scroll_y(),
        ..default()
    };
    parent.spawn(kit.heading(T::Chat));
    parent.spawn((Log, log, bevy::ui_widgets::ScrollArea, Shown::<Vec<Line>>(None)));
    parent.spawn(kit.row(9.0)).with_children(|row| {
        row.spawn(Node { flex_grow: 1.0, ..default() }).with_children(|frame| {
            frame.spawn(kit.field(Field::Chat, "", CHAT_CHARS_MAX));
            let node =
                Node { position_type: PositionType::Absolute, left: px(14), top: px(kit.grown(10.0)), ..default() };
            frame.spawn((kit.words(kit.say(T::ChatHint), 16.0, TEXT_MUTED.with_alpha(0.6)), node, Hint));
        });
        row.spawn(kit.small_button(Action::SendChat, kit.say(T::Send), Kind::Plain));
    });
}

fn listen(mut heard: MessageReader<SessionNotice>, session: Res<Session>, mut chat: ResMut<Chat>) {
    for SessionNotice(notice) in heard.read() {
        let line = match notice {
            Notice::Welcomed => {
                chat.0.clear();
                continue;
            }
            Notice::Room(event) => line_of(event, &session),
            _ => None,
        };
        if let Some(line) = line {
            if chat.0.len() == LINES_MAX {
                chat.0.pop_front();
            }
            chat.0.push_back(line);
        }
    }
}

fn line_of(event: &RoomEvent, session: &Session) -> Option<Line> {
    let name_of = |slot: Slot| session.client().and_then(|client| client.name_of(slot)).unwrap_or_default().to_owned();
    match event {
        RoomEvent::Chat { slot, name, text } => {
            Some(Line::Said { slot: *slot, name: name.clone(), text: text.clone() })
        }
        RoomEvent::Joined(member) => Some(Line::Told(T::Joined, member.name.clone())),
        RoomEvent::Left { slot, code } => Some(Line::Told(gone(*code), name_of(*slot))),
        RoomEvent::Host { slot } => Some(Line::Told(T::NewHost, name_of(*slot))),
        _ => None,
    }
}

/// The text that tells the others why a player has left.
const fn gone(code: EndCode) -> T {
    match code {
        EndCode::ConnectionLost => T::GoneLost,
        EndCode::Kicked => T::GoneKicked,
        EndCode::SentTooMuch
        | EndCode::MadeNoSense
        | EndCode::Desynced
        | EndCode::RemovedByOperator
        | EndCode::Banned => T::GoneTurnedAway,
        EndCode::Left
        | EndCode::RoomClosed
        | EndCode::RoomDeserted
        | EndCode::RoomIdle
        | EndCode::RoomFaulted
        | EndCode::RoomGone
        | EndCode::ServerStopping
        | EndCode::TakenOver
        | EndCode::SeatNotKept
        | EndCode::SpectatorsFull
        | EndCode::TookTooLong
        | EndCode::VersionDiffers
        | EndCode::Draining
        | EndCode::Moved
        | EndCode::ClosedByOperator => T::Gone,
    }
}

fn send(
    mut actions: MessageReader<Action>,
    mut session: ResMut<Session>,
    mut focus: ResMut<InputFocus>,
    mut fields: Query<(Entity, &Field, &mut EditableText)>,
) {
    if !actions.read().any(|action| *action == Action::SendChat) {
        return;
    }
    let Some((entity, _, mut text)) = fields.iter_mut().find(|(_, field, _)| **field == Field::Chat) else { return };
    let Some(client) = session.room() else { return };
    client.chat(&text.value().to_string());
    text.queue_edit(TextEdit::SelectAll);
    text.queue_edit(TextEdit::Delete);
    focus.set(entity, FocusCause::Navigated);
}

fn show(mut redraw: Redraw, kit: Kit, chat: Res<Chat>, mut log: Single<(Entity, &mut Shown<Vec<Line>>), With<Log>>) {
    let (entity, shown) = &mut *log;
    if shown.0.as_ref().is_some_and(|lines| chat.0.iter().eq(lines)) {
        return;
    }
    redraw.part(*entity, shown, chat.0.iter().cloned().collect(), |log, lines| {
        lines.iter().for_each(|line| spawn_line(log, &kit, line));
    });
}

fn spawn_line(log: &mut ChildSpawnerCommands<'_>, kit: &Kit, line: &Line) {
    match line {
        Line::Said { slot, name, text } => {
            let color = slot.map_or(TEXT_MUTED, |slot| kit.player(slot));
            let said = (TextSpan::new(format!("  {text}")), Fonts::regular(kit.grown(15.0)), TextColor(TEXT));
            log.spawn(kit.strong(name, 15.0, color)).with_child(said);
        }
        Line::Told(text, name) => {
            log.spawn(kit.words(&kit.fill(*text, &[name]), 14.0, TEXT_MUTED));
        }
    }
}

/// Scrolls to the newest line, unless the player has scrolled up.
fn scroll_down(mut log: Single<(&ComputedNode, &mut ScrollPosition), With<Log>>, mut height: Local<f32>) {
    let (node, scroll) = &mut *log;
    let content = node.content_size().y * node.inverse_scale_factor();
    if (content - *height).abs() > 0.5 {
        *height = content;
        scroll.y = (content - node.size().y * node.inverse_scale_factor()).max(0.0);
    }
}

/// Shows the hint only in an empty field.
fn hint(fields: Query<(&Field, &EditableText)>, mut hint: Single<&mut Visibility, With<Hint>>) {
    let is_empty = fields.iter().any(|(field, text)| *field == Field::Chat && text.value().to_string().is_empty());
    hint.set_if_neq(if is_empty { Visibility::Inherited } else { Visibility::Hidden });
}

//! Routing of control messages from sessions to rooms, once a tick, in order of arrival.

use bevy::prelude::*;
use framehouse_shared::protocol::{
    end::{EndCode, EndReason},
    messages::{ClientMessage, Hello},
};

use crate::{
    counters::Counters,
    desync,
    net::session::{Session, SessionState},
    room::{
        self, Player, abort_vote, chat, commands,
        directory::{self, LocalHello},
        drain, history_feed, host, lobby, members, phase, presence, resync, roster, sessions,
    },
    schedule::{Receive, ReceiveSet, TickSet},
};

/// Handles joins, control messages and phase changes, in `TickSet::Control`.
pub(crate) struct DispatchPlugin;

impl Plugin for DispatchPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Receive, directory::answer_join_requests.after(ReceiveSet::Ingest)).add_systems(
            FixedUpdate,
            (
                sessions::end_gone_sessions,
                drain::follow_move_out,
                roster::evict,
                directory::answer_join_requests,
                members::let_thin_clients_in,
                handle_messages,
                presence::note_silence,
                presence::end_graces,
                (
                    desync::conclude_departed,
                    desync::compare_reports,
                    desync::conclude_overdue,
                    desync::ask_members,
                    desync::send_field_findings,
                )
                    .chain(),
                (abort_vote::conclude, lobby::run_lobbies, phase::advance_phases).chain(),
            )
                .chain()
                .in_set(TickSet::Control),
        );
    }
}

/// Handles the messages that sessions have received since the last tick. Runs in `TickSet::Control`.
fn handle_messages(world: &mut World, sessions: &mut QueryState<(Entity, &mut Session)>) {
    let mut waiting: Vec<(Entity, Vec<ClientMessage>, Option<&'static str>)> = sessions
        .iter_mut(world)
        .map(|(entity, mut session)| (entity, session.take_messages(), session.take_warning()))
        .filter(|(_, messages, warning)| !messages.is_empty() || warning.is_some())
        .collect();
    waiting.sort_by_key(|(entity, ..)| *entity);
    for (session, messages, warning) in waiting {
        for message in messages {
            handle_message(world, session, message);
        }
        if let Some(warning) = warning {
            sessions::refuse(world, session, warning);
        }
    }
}

fn handle_message(world: &mut World, session: Entity, message: ClientMessage) {
    let Some(state) = world.get::<Session>(session).map(|session| session.state) else { return };
    match (state, message) {
        (SessionState::Greeting { .. }, ClientMessage::Hello(hello)) => greet(world, session, &hello),
        (SessionState::Seated(member), message) => handle_member_message(world, session, member, message),
        // Messages of a closing session are ignored; anything else at the wrong time counts as invalid.
        (SessionState::Closing { .. } | SessionState::Gone, _) => {}
        _ => world.resource_mut::<Counters>().invalid_messages += 1,
    }
}

fn handle_member_message(world: &mut World, session: Entity, member: Entity, message: ClientMessage) {
    let has_seat = world.get::<Player>(member).is_some();
    if is_of_a_person(&message) {
        room::note_activity(world, member);
        host::note_activity(world, member);
    }
    match message {
        ClientMessage::Leave => sessions::close(world, session, EndCode::Left),
        ClientMessage::Loaded { match_no, next_tick } => resync::note_loaded(world, member, match_no, next_tick),
        ClientMessage::WantFrames { match_no, first } => resync::send_frames(world, member, match_no, first),
        ClientMessage::Hashes { match_no, tick, is_answer: false, hashes } => {
            desync::take_desync_report(world, member, match_no, tick, &hashes);
        }
        ClientMessage::Hashes { match_no, tick, is_answer: true, hashes } => {
            desync::take_answer(world, member, match_no, tick, hashes);
        }
        ClientMessage::Fields { match_no, tick, is_last, fields } => {
            desync::take_fields(world, member, match_no, tick, is_last, fields);
        }
        ClientMessage::WantHistory { match_no, part } => {
            history_feed::take_request(world, session, member, match_no, part);
        }
        ClientMessage::Chat(text) => {
            let sent = chat::send_line(world, session, member, &text);
            warn_unless_sent(world, session, sent);
        }
        ClientMessage::Ready(ready) if has_seat => members::set_ready(world, member, ready),
        ClientMessage::GameMessage(bytes) if has_seat => {
            let sent = chat::send_game_message(world, member, bytes);
            warn_unless_sent(world, session, sent);
        }
        ClientMessage::Command { match_no, tick, bytes } if has_seat => {
            commands::take(world, session, member, match_no, tick, bytes);
        }
        ClientMessage::GiveUp if has_seat => {
            if !members::give_up(world, member) {
                sessions::refuse(world, session, "you are not in a running match, so there is nothing to give up");
            }
        }
        ClientMessage::Host(order) if has_seat => host::handle_command(world, session, member, order),
        ClientMessage::Vote(agrees) if has_seat => abort_vote::take(world, member, agrees),
        _ => {
            world.resource_mut::<Counters>().invalid_messages += 1;
            sessions::warn(world, session, "you cannot do that here: it is for players with a seat");
        }
    }
}

fn warn_unless_sent(world: &mut World, session: Entity, sent: Result<(), &'static str>) {
    if let Err(sentence) = sent {
        sessions::warn(world, session, sentence);
    }
}

/// Whether a message says that somebody is at the client. The others are sent by the client itself.
const fn is_of_a_person(message: &ClientMessage) -> bool {
    use ClientMessage::{Chat, Command, GameMessage, GiveUp, Host, Ready, Vote};
    matches!(message, Chat(_) | Command { .. } | GameMessage(_) | GiveUp | Host(_) | Ready(_) | Vote(_))
}

fn greet(world: &mut World, session: Entity, hello: &Hello) {
    let checked = world.resource::<LocalHello>().0.check(hello);
    match checked {
        Ok(()) => members::arrive(world, session),
        Err(sentence) => sessions::close(world, session, EndReason { code: EndCode::VersionDiffers, sentence }),
    }
}

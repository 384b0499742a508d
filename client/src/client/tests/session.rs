//! The reliable side of a session: messages in both directions, and the end.

use framehouse_shared::{
    ids::{MatchId, PlayerId},
    protocol::{
        end::EndCode,
        messages::{HostCommand, Member, RoomOptions},
    },
};

use super::{harness::LOBBY, *};
use crate::net::Cause;

/// Why the session is over, and whether the connection was lost.
fn end(harness: &Harness) -> (Cause, bool) {
    let end = harness.client.end().expect("the session is over");
    (end.cause, end.is_lost)
}

#[test]
fn a_gap_in_the_rooms_events_is_an_error() {
    let mut harness = Harness::in_lobby();
    let event =
        |msg_id| ServerMessage::Event { msg_id, event: RoomEvent::State { slot: OWN, state: PlayerState::Ready } };
    harness.server.send_message(&event(1));
    harness.run_ticks(2);
    assert_eq!((harness.client.stats().errors.count(), harness.client.stats().event_gaps), (0, 0));
    harness.server.send_message(&event(3));
    harness.server.send_message(&event(4));
    harness.run_ticks(2);
    assert_eq!(harness.client.stats().errors.messages(), ["room event 3 arrived where 2 was due"]);
    assert_eq!(harness.client.stats().event_gaps, 1);
}

#[test]
fn the_room_is_as_its_events_say() {
    let mut harness = Harness::in_lobby();
    let bob = Slot::new(2).expect("in range");
    assert!(harness.client.is_host());
    let member = Member { player: PlayerId(4), slot: bob, name: "bob".to_owned(), state: PlayerState::Idle };
    harness.tell(RoomEvent::Joined(member));
    harness.tell(RoomEvent::Host { slot: bob });
    harness.tell(RoomEvent::Spectators { count: 3 });
    let options = RoomOptions { seats: 3, private: true, economy: false, map: Some("crossing".to_owned()) };
    harness.tell(RoomEvent::Options(options.clone()));
    harness.run_ticks(2);
    let client = &harness.client;
    assert_eq!((client.host(), client.is_host(), client.spectators()), (Some(bob), false, 3));
    assert_eq!((client.options(), client.state()), (Some(&options), Some(PlayerState::Idle)));
}

#[test]
fn what_a_player_asks_for_is_said() {
    let mut harness = Harness::in_lobby();
    harness.client.chat(" good\u{7} luck \n");
    harness.client.chat(" \n");
    harness.client.order(HostCommand::Start);
    let map = Some("m".repeat(33));
    harness.client.order(HostCommand::Configure(RoomOptions { seats: 4, private: false, economy: false, map }));
    harness.run_ticks(2);
    assert_eq!(harness.said(|message| *message == ClientMessage::Chat("good luck".to_owned())), 1);
    assert_eq!(harness.said(|message| *message == ClientMessage::Host(HostCommand::Start)), 1);
    assert_eq!(harness.server.control.len(), 3, "with the hello");
}

#[test]
fn refusals_saved_results_and_chat_are_noticed() {
    let mut harness = Harness::in_lobby();
    let match_id = MatchId(7);
    let reason = "only the host may start the match".to_owned();
    harness.server.send_message(&ServerMessage::Refused { reason: reason.clone() });
    harness.server.send_message(&ServerMessage::ResultSaved { match_no: 1, match_id });
    let chat = RoomEvent::Chat { slot: None, name: "eve".to_owned(), text: "hi".to_owned() };
    harness.tell(chat.clone());
    harness.run_ticks(2);
    assert_eq!(harness.client.stats().results_saved, [match_id]);
    let notices: Vec<Notice> = harness.client.drain_notices().skip(1).collect();
    let expected = [Notice::Refused(reason), Notice::ResultSaved { match_no: 1, match_id }, Notice::Room(chat)];
    assert_eq!(notices, expected);
}

#[test]
fn an_announced_restart_has_an_end_in_our_time_or_none() {
    let mut harness = Harness::in_lobby();
    assert_eq!(harness.client.draining(), None);
    harness.server.send_message(&ServerMessage::Draining { seconds: None });
    harness.run_ticks(2);
    assert_eq!(harness.client.draining(), Some(Draining { until: None }));
    let sent = harness.now();
    harness.server.send_message(&ServerMessage::Draining { seconds: Some(60) });
    harness.run_ticks(2);
    let until = harness.client.draining().and_then(|draining| draining.until).expect("a countdown");
    assert!((sent + Duration::from_secs(60)..=harness.now() + Duration::from_secs(60)).contains(&until), "{until:?}");
}

#[test]
fn a_goodbye_is_the_end_and_its_reason() {
    let mut harness = Harness::in_lobby();
    harness.server.send_message(&ServerMessage::Goodbye(EndCode::RoomClosed.into()));
    harness.run_ticks(2);
    assert_eq!(end(&harness), (Cause::Server(EndCode::RoomClosed), false));
    assert_eq!(harness.client.ended(), Some(EndCode::RoomClosed.sentence()));
    assert!(!harness.client.is_leaving());
}

#[test]
fn a_goodbye_that_comes_with_the_end_of_the_connection_is_read() {
    let mut harness = Harness::in_lobby();
    harness.server.send_message(&ServerMessage::Goodbye(EndCode::Kicked.into()));
    harness.server.flush();
    harness.server.hang_up();
    harness.run_ticks(2);
    assert_eq!(end(&harness), (Cause::Server(EndCode::Kicked), false));
}

#[test]
fn a_connection_that_ends_without_a_word_is_lost() {
    let mut harness = Harness::in_lobby();
    harness.server.hang_up();
    harness.run_ticks(2);
    assert_eq!(end(&harness), (Cause::Closed, true));
    let mut harness = Harness::in_lobby();
    harness.is_deaf = true;
    harness.run_ticks(330);
    assert_eq!(end(&harness), (Cause::Silence, true));
}

#[test]
fn leaving_is_said_before_the_end() {
    let mut harness = Harness::in_lobby();
    harness.client.leave();
    harness.run_ticks(8);
    assert_eq!(harness.said(|message| *message == ClientMessage::Leave), 1);
    assert_eq!(end(&harness), (Cause::Left, false));
}

#[test]
fn whoever_leaves_does_not_lose_the_connection_any_more() {
    let mut harness = Harness::in_lobby();
    harness.client.leave();
    harness.server.hang_up();
    harness.run_ticks(2);
    assert_eq!(end(&harness), (Cause::Left, false));
}

#[test]
fn a_server_that_never_welcomes_is_given_up() {
    let mut harness = Harness::connected();
    harness.run_ticks(330);
    assert_eq!(end(&harness), (Cause::NoSeat, true));
}

#[test]
fn a_welcome_that_makes_no_sense_is_the_end() {
    let mut harness = Harness::connected();
    harness.run_ticks(10);
    let mut welcome = welcome(Slot::new(9), LOBBY);
    welcome.options.seats = 4;
    harness.server.send_message(&ServerMessage::Welcome(Box::new(welcome)));
    harness.run_ticks(2);
    assert_eq!(end(&harness), (Cause::NotUnderstood, false));
}

//! The reliable side of a session: what is said both ways, and how it ends.

use framehouse_shared::{
    ids::{MatchId, PlayerId},
    protocol::{
        control::{HostOrder, Member, RoomOptions},
        end::EndCode,
    },
};

use super::{stage::LOBBY, *};
use crate::net::Cause;

/// Why the session is over, and whether it was lost.
fn end(stage: &Stage) -> (Cause, bool) {
    let end = stage.client.end().expect("the session is over");
    (end.cause, end.is_lost)
}

#[test]
fn a_gap_in_the_rooms_events_is_an_error() {
    let mut stage = Stage::in_lobby();
    let event =
        |msg_id| ControlDown::Event { msg_id, event: RoomEvent::State { slot: OWN, state: PlayerState::Ready } };
    stage.server.say(&event(1));
    stage.run_ticks(2);
    assert_eq!((stage.client.stats().errors.count(), stage.client.stats().event_gaps), (0, 0));
    stage.server.say(&event(3));
    stage.server.say(&event(4));
    stage.run_ticks(2);
    assert_eq!(stage.client.stats().errors.messages(), ["room event 3 came where 2 was due"]);
    assert_eq!(stage.client.stats().event_gaps, 1);
}

#[test]
fn the_room_is_as_its_events_say() {
    let mut stage = Stage::in_lobby();
    let bob = Slot::new(2).expect("in range");
    assert!(stage.client.is_host());
    let member = Member { player: PlayerId(4), slot: bob, name: "bob".to_owned(), state: PlayerState::Idle };
    stage.tell(RoomEvent::Joined(member));
    stage.tell(RoomEvent::Host { slot: bob });
    stage.tell(RoomEvent::Spectators { count: 3 });
    let options = RoomOptions { seats: 3, private: true, map: Some("crossing".to_owned()) };
    stage.tell(RoomEvent::Options(options.clone()));
    stage.run_ticks(2);
    let client = &stage.client;
    assert_eq!((client.host(), client.is_host(), client.spectators()), (Some(bob), false, 3));
    assert_eq!((client.options(), client.state()), (Some(&options), Some(PlayerState::Idle)));
}

#[test]
fn what_a_player_asks_for_is_said() {
    let mut stage = Stage::in_lobby();
    stage.client.chat(" good\u{7} luck \n");
    stage.client.chat(" \n");
    stage.client.order(HostOrder::Start);
    let map = Some("m".repeat(33));
    stage.client.order(HostOrder::Configure(RoomOptions { seats: 4, private: false, map }));
    stage.run_ticks(2);
    assert_eq!(stage.said(|message| *message == ControlUp::Chat("good luck".to_owned())), 1);
    assert_eq!(stage.said(|message| *message == ControlUp::Host(HostOrder::Start)), 1);
    assert_eq!(stage.server.control.len(), 3, "with the hello");
}

#[test]
fn refusals_saved_results_and_chat_are_noticed() {
    let mut stage = Stage::in_lobby();
    let match_id = MatchId(7);
    let reason = "only the host may start the match".to_owned();
    stage.server.say(&ControlDown::Refused { reason: reason.clone() });
    stage.server.say(&ControlDown::ResultSaved { match_no: 1, match_id });
    let chat = RoomEvent::Chat { slot: None, name: "eve".to_owned(), text: "hi".to_owned() };
    stage.tell(chat.clone());
    stage.run_ticks(2);
    assert_eq!(stage.client.stats().results_saved, [match_id]);
    let notices: Vec<Notice> = stage.client.drain_notices().skip(1).collect();
    let expected = [Notice::Refused(reason), Notice::ResultSaved { match_no: 1, match_id }, Notice::Room(chat)];
    assert_eq!(notices, expected);
}

#[test]
fn a_goodbye_is_the_end_and_its_reason() {
    let mut stage = Stage::in_lobby();
    stage.server.say(&ControlDown::Goodbye(EndCode::RoomClosed.into()));
    stage.run_ticks(2);
    assert_eq!(end(&stage), (Cause::Told(EndCode::RoomClosed), false));
    assert_eq!(stage.client.ended(), Some(EndCode::RoomClosed.sentence()));
    assert!(!stage.client.is_leaving());
}

#[test]
fn a_goodbye_that_comes_with_the_end_of_the_connection_is_read() {
    let mut stage = Stage::in_lobby();
    stage.server.say(&ControlDown::Goodbye(EndCode::Kicked.into()));
    stage.server.flush();
    stage.server.hang_up();
    stage.run_ticks(2);
    assert_eq!(end(&stage), (Cause::Told(EndCode::Kicked), false));
}

#[test]
fn a_connection_that_ends_without_a_word_is_lost() {
    let mut stage = Stage::in_lobby();
    stage.server.hang_up();
    stage.run_ticks(2);
    assert_eq!(end(&stage), (Cause::Closed, true));
    let mut stage = Stage::in_lobby();
    stage.is_deaf = true;
    stage.run_ticks(330);
    assert_eq!(end(&stage), (Cause::Silence, true));
}

#[test]
fn leaving_is_said_before_the_end() {
    let mut stage = Stage::in_lobby();
    stage.client.leave();
    stage.run_ticks(8);
    assert_eq!(stage.said(|message| *message == ControlUp::Leave), 1);
    assert_eq!(end(&stage), (Cause::Left, false));
}

#[test]
fn whoever_leaves_does_not_lose_the_connection_any_more() {
    let mut stage = Stage::in_lobby();
    stage.client.leave();
    stage.server.hang_up();
    stage.run_ticks(2);
    assert_eq!(end(&stage), (Cause::Left, false));
}

#[test]
fn a_server_that_never_welcomes_is_given_up() {
    let mut stage = Stage::connected();
    stage.run_ticks(330);
    assert_eq!(end(&stage), (Cause::NoSeat, true));
}

#[test]
fn a_welcome_that_makes_no_sense_is_the_end() {
    let mut stage = Stage::connected();
    stage.run_ticks(10);
    let mut welcome = welcome(Slot::new(9), LOBBY);
    welcome.options.seats = 4;
    stage.server.say(&ControlDown::Welcome(Box::new(welcome)));
    stage.run_ticks(2);
    assert_eq!(end(&stage), (Cause::NotUnderstood, false));
}

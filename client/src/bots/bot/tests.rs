use std::{
    cell::RefCell,
    mem,
    rc::Rc,
    sync::mpsc::{self, Receiver},
};

use framehouse_shared::{
    ids::RoomCode,
    protocol::{
        end::EndCode,
        messages::{AbortVote, ClientMessage, Hello, RoomEvent, ServerMessage},
    },
};

use super::*;
use crate::{
    bots::spawner::Refusal,
    client::{ClientConfig, tests::harness},
    fake_server::{FakeServer, OWN, welcome},
    reconnect_backoff::SEAT_KEPT,
    test_game::COUNTER,
};

const LOBBY: Phase = Phase::Lobby { reason: None };

/// A bot, its server, and the queue of its session requests.
struct Harness {
    server: FakeServer,
    bot: Bot,
    orders: SyncSender<SessionOrder>,
    ordered: Receiver<SessionOrder>,
    now: Duration,
}

impl Harness {
    fn in_lobby() -> Self {
        let server = FakeServer::new();
        let bot = Bot::new(session(&server, "first", Duration::ZERO), request(), 1, Duration::ZERO);
        let (orders, ordered) = mpsc::sync_channel(1);
        let mut harness = Self { server, bot, orders, ordered, now: Duration::ZERO };
        harness.welcome();
        harness
    }

    fn welcome(&mut self) {
        self.run(300);
        self.server.send_message(&ServerMessage::Welcome(Box::new(welcome(Some(OWN), LOBBY))));
        self.run(50);
        assert!(self.bot.is_in_lobby());
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.now += Duration::from_millis(10);
            self.server.update(self.now);
            self.bot.update(self.now, Duration::ZERO, &self.orders, &|| Duration::ZERO);
        }
    }

    /// Sends the next room event; nothing echoes the bot's answers.
    fn tell(&mut self, msg_id: u64, event: RoomEvent) {
        self.server.send_message(&ServerMessage::Event { msg_id, event });
        self.run(500);
    }

    fn votes(&self) -> Vec<bool> {
        let vote =
            |message: &ClientMessage| if let ClientMessage::Vote(agrees) = message { Some(*agrees) } else { None };
        self.server.control.iter().filter_map(vote).collect()
    }

    fn lose(&mut self) {
        self.server.hang_up();
        self.run(20);
        assert!(!self.bot.is_connected() && !self.bot.is_in_lobby());
    }

    fn report(&self) -> Totals {
        let mut totals = Totals::default();
        self.bot.report(&mut totals);
        totals
    }
}

/// A session of a thin client.
fn session(server: &FakeServer, resume: &str, now: Duration) -> BotSession {
    let config = ClientConfig {
        hello: Hello { protocol: 1, game: "toy".to_owned(), rules_version: 1, components: Vec::new(), fingerprint: 2 },
        game: None,
    };
    let client = Client::new(&server.token(), server.link(), &config, now).expect("a good token");
    BotSession { client, code: code(), resume: resume.to_owned(), grace: SEAT_KEPT, player: None }
}

fn code() -> RoomCode {
    "K7QX".parse().expect("a code")
}

fn request() -> SessionRequest {
    let room = RoomRequest::Create { size: 4, private: false, practice: false, economy: None };
    SessionRequest { name: "bot 0.0".to_owned(), room, resume: None, player_secret: None, hello: None }
}

#[test]
fn a_lost_bot_gets_its_seat_back_with_its_secret() {
    let mut harness = Harness::in_lobby();
    for (secret, next) in [("first", "second"), ("second", "third")] {
        harness.lose();
        let order = harness.ordered.try_recv().expect("asked at once");
        assert_eq!(order.request.resume.as_deref(), Some(secret));
        assert_eq!(order.request.room, RoomRequest::Code(code()), "not a room of its own again");
        harness.server = FakeServer::new();
        order.answer(Ok(session(&harness.server, next, harness.now)));
        harness.welcome();
    }
    let totals = harness.report();
    assert_eq!((totals.reconnects, totals.failed.count()), (2, 0));
}

#[test]
fn a_bot_asks_again_until_its_seat_is_gone() {
    let mut harness = Harness::in_lobby();
    harness.lose();
    let mut asked = 0;
    for _ in 0..29 {
        asked +=
            harness.ordered.try_iter().map(|order| order.answer(Err(Refusal::passing("later".to_owned())))).count();
        assert!(!harness.bot.is_gone());
        harness.run(1000);
    }
    assert_eq!(asked, 8);
    harness.run(1000);
    assert!(harness.bot.is_gone());
    assert_eq!(harness.report().failed.messages(), ["The server closed the connection."]);
}

#[test]
fn a_bot_whose_order_finds_no_room_asks_again_later() {
    let mut harness = Harness::in_lobby();
    let (answer, _) = mpsc::sync_channel(1);
    let other = SessionOrder::new(request(), 9, answer);
    harness.orders.try_send(other).expect("one fits");
    harness.lose();
    drop(harness.ordered.try_recv().expect("the other one"));
    assert!(harness.ordered.try_recv().is_err(), "there was no room");
    harness.run(1100);
    harness.server = FakeServer::new();
    let order = harness.ordered.try_recv().expect("asked again after a second");
    order.answer(Ok(session(&harness.server, "second", harness.now)));
    harness.welcome();
}

#[test]
fn a_bot_asks_for_as_long_as_its_newest_session_says_that_the_seat_is_kept() {
    let mut harness = Harness::in_lobby();
    harness.lose();
    harness.server = FakeServer::new();
    let renewed = BotSession { grace: Duration::from_secs(5), ..session(&harness.server, "second", harness.now) };
    harness.ordered.try_recv().expect("asked at once").answer(Ok(renewed));
    harness.welcome();
    harness.lose();
    for _ in 0..4 {
        harness.ordered.try_iter().for_each(|order| order.answer(Err(Refusal::passing("later".to_owned()))));
        assert!(!harness.bot.is_gone());
        harness.run(1000);
    }
    harness.ordered.try_iter().for_each(|order| order.answer(Err(Refusal::passing("later".to_owned()))));
    harness.run(1500);
    assert!(harness.bot.is_gone(), "the seat was kept for five seconds");
}

#[test]
fn the_games_bot_is_told_of_the_last_input_also_when_that_is_not_simulated_yet() {
    let mut harness = harness::Harness::in_match();
    // Far enough behind that inputs are delayed: the newest state does not know the last ones.
    harness.play(30);
    for frames_on_their_way in 1..=12 {
        harness.frames_on_their_way = frames_on_their_way;
        harness.play(1);
    }
    harness.play(78);
    assert!(harness.client.clock().delay_ticks() > 2.0);
    let client = mem::replace(&mut harness.client, harness::Harness::connected().client);
    let session = BotSession { client, code: code(), resume: "r".to_owned(), grace: SEAT_KEPT, player: None };
    let bot = Rc::new(RefCell::new(Bot::new(session, request(), 1, Duration::ZERO)));
    let (orders, _ordered) = mpsc::sync_channel(1);
    let begin = harness.frames.len() + 10;
    harness.takes_over = Some(Box::new(move |now| {
        bot.borrow_mut().update(now, Duration::ZERO, &orders, &|| Duration::ZERO);
    }));
    harness.play(60);
    let counted = harness.frames[begin..].iter().map(|frame| frame.inputs[OWN.index()].0[COUNTER]);
    let counted: Vec<u8> = counted.collect();
    assert!(counted.windows(2).all(|pair| pair[1] == pair[0] + 1), "{counted:?}");
}

#[test]
fn a_seat_that_is_gone_is_not_asked_for_again() {
    let mut harness = Harness::in_lobby();
    harness.lose();
    harness.ordered.try_recv().expect("asked at once").answer(Err(Refusal::lasting("Your seat is gone.")));
    harness.run(5000);
    assert!(harness.bot.is_gone() && harness.ordered.try_recv().is_err());
    assert_eq!(harness.report().failed.messages(), ["Your seat is gone."]);
}

#[test]
fn a_bot_that_is_sent_away_does_not_come_back() {
    let mut harness = Harness::in_lobby();
    harness.server.send_message(&ServerMessage::Goodbye(EndCode::Kicked.into()));
    harness.run(5000);
    assert!(harness.bot.is_gone() && harness.ordered.try_recv().is_err());
    assert_eq!(harness.report().failed.messages(), [EndCode::Kicked.sentence()]);
}

#[test]
fn a_bot_whose_room_closes_before_a_restart_has_not_failed() {
    let mut harness = Harness::in_lobby();
    harness.server.send_message(&ServerMessage::Goodbye(EndCode::Draining.into()));
    harness.run(5000);
    assert!(harness.bot.is_gone() && harness.ordered.try_recv().is_err());
    assert_eq!((harness.report().failed.count(), harness.report().connect_ms.count()), (0, 1));
}

#[test]
fn a_bot_that_leaves_has_not_failed_but_one_that_is_lost_has() {
    let mut harness = Harness::in_lobby();
    harness.bot.leave();
    harness.run(500);
    assert!(!harness.bot.is_connected());
    assert_eq!((harness.report().failed.count(), harness.report().connect_ms.count()), (0, 1));
    let mut harness = Harness::in_lobby();
    harness.lose();
    harness.bot.leave();
    assert_eq!(harness.report().failed.count(), 1);
}

#[test]
fn a_bot_answers_each_vote_once_and_does_not_wait_for_the_echo() {
    let mut harness = Harness::in_lobby();
    let vote = AbortVote { voters: OWN.bit(), agreed: 0, refused: 0, needed: 1, ticks: 600 };
    harness.tell(1, RoomEvent::AbortVote(Some(vote)));
    assert_eq!(harness.votes(), [true]);
    harness.tell(2, RoomEvent::AbortVote(Some(AbortVote { needed: 2, ..vote })));
    assert_eq!(harness.votes(), [true], "the same vote");
    harness.bot.client.vote(false);
    harness.run(500);
    assert_eq!(harness.votes(), [true, false, true], "answers that differ are sent");
    harness.tell(3, RoomEvent::AbortVote(None));
    harness.tell(4, RoomEvent::AbortVote(Some(vote)));
    assert_eq!(harness.votes().len(), 4, "another vote");
    harness.tell(5, RoomEvent::AbortVote(None));
    harness.tell(6, RoomEvent::AbortVote(Some(AbortVote { voters: !OWN.bit(), ..vote })));
    assert_eq!(harness.votes().len(), 4, "it has no say");
}

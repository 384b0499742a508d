use std::sync::mpsc::{self, Receiver};

use framehouse_shared::protocol::{
    control::{ControlDown, Hello},
    end::EndCode,
};

use super::*;
use crate::{
    bots::recruit::Refusal,
    client::ClientConfig,
    fake_server::{FakeServer, OWN, welcome},
};

const LOBBY: Phase = Phase::Lobby { reason: None };

/// A bot, its server, and whoever carries its orders out.
struct Stage {
    server: FakeServer,
    bot: Bot,
    orders: Sender<Order>,
    ordered: Receiver<Order>,
    now: Duration,
}

impl Stage {
    fn in_lobby() -> Self {
        let server = FakeServer::new();
        let request = SessionRequest {
            name: "bot 0.0".to_owned(),
            room: RoomRequest::Create { size: 4, private: false, practice: false },
            resume: None,
            hello: None,
        };
        let bot = Bot::new(hired(&server, "first", Duration::ZERO), request, 1, Duration::ZERO);
        let (orders, ordered) = mpsc::channel();
        let mut stage = Self { server, bot, orders, ordered, now: Duration::ZERO };
        stage.welcome();
        stage
    }

    fn welcome(&mut self) {
        self.run(300);
        self.server.say(&ControlDown::Welcome(Box::new(welcome(Some(OWN), LOBBY))));
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

/// A thin client's session.
fn hired(server: &FakeServer, resume: &str, now: Duration) -> Hired {
    let config = ClientConfig {
        hello: Hello { protocol: 1, game: "toy".to_owned(), rules_version: 1, components: Vec::new(), fingerprint: 2 },
        game: None,
    };
    let client = Client::new(&server.token(), server.link(), &config, now).expect("a good token");
    Hired { client, code: "K7QX".parse().expect("a code"), resume: resume.to_owned() }
}

#[test]
fn a_lost_bot_gets_its_seat_back_with_its_secret() {
    let mut stage = Stage::in_lobby();
    for (secret, next) in [("first", "second"), ("second", "third")] {
        stage.lose();
        let order = stage.ordered.try_recv().expect("asked at once");
        assert_eq!(order.request.resume.as_deref(), Some(secret));
        assert_eq!(
            order.request.room,
            RoomRequest::Code("K7QX".parse().expect("a code")),
            "not a room of its own again"
        );
        stage.server = FakeServer::new();
        order.answer(Ok(hired(&stage.server, next, stage.now)));
        stage.welcome();
    }
    let totals = stage.report();
    assert_eq!((totals.reconnects, totals.failed.count()), (2, 0));
}

#[test]
fn a_bot_asks_again_until_its_seat_is_gone() {
    let mut stage = Stage::in_lobby();
    stage.lose();
    let mut asked = 0;
    for _ in 0..29 {
        asked += stage.ordered.try_iter().map(|order| order.answer(Err(Refusal::passing("later".to_owned())))).count();
        assert!(!stage.bot.is_gone());
        stage.run(1000);
    }
    assert_eq!(asked, 8);
    stage.run(1000);
    assert!(stage.bot.is_gone());
    assert_eq!(stage.report().failed.messages(), ["The server closed the connection."]);
}

#[test]
fn a_seat_that_is_gone_is_not_asked_for_again() {
    let mut stage = Stage::in_lobby();
    stage.lose();
    stage.ordered.try_recv().expect("asked at once").answer(Err(Refusal::lasting("Your seat is gone.")));
    stage.run(5000);
    assert!(stage.bot.is_gone() && stage.ordered.try_recv().is_err());
    assert_eq!(stage.report().failed.messages(), ["Your seat is gone."]);
}

#[test]
fn a_bot_that_is_sent_away_does_not_come_back() {
    let mut stage = Stage::in_lobby();
    stage.server.say(&ControlDown::Goodbye(EndCode::Kicked.into()));
    stage.run(5000);
    assert!(stage.bot.is_gone() && stage.ordered.try_recv().is_err());
    assert_eq!(stage.report().failed.messages(), [EndCode::Kicked.sentence()]);
}

#[test]
fn a_bot_that_leaves_has_not_failed_but_one_that_is_lost_has() {
    let mut stage = Stage::in_lobby();
    stage.bot.leave();
    stage.run(500);
    assert!(!stage.bot.is_connected());
    assert_eq!((stage.report().failed.count(), stage.report().connect_ms.count()), (0, 1));
    let mut stage = Stage::in_lobby();
    stage.lose();
    stage.bot.leave();
    assert_eq!(stage.report().failed.count(), 1);
}

//! The endpoint without sockets: what is charged, and what clients are told.

use framehouse_shared::{
    api::ws::{Encoding, Up},
    ids::Slot,
    input::Input,
    protocol::{
        end::EndCode,
        messages::{Phase, RoomEvent},
    },
    tick::Tick,
};
use futures_util::FutureExt;

use super::*;
use crate::net::endpoint::ThinRequest;

const CLIENT: ClientId = 7;

struct Test {
    endpoint: WsEndpoint,
    session: ThinSession,
    outbox: std::sync::Arc<Outbox>,
}

impl Test {
    fn new() -> Self {
        let (endpoint, link) = WsEndpoint::new(TickRate(30), &NetSettings::default(), &WsSettings::default());
        let outbox = std::sync::Arc::<Outbox>::default();
        let opened = Opened {
            client: CLIENT,
            ip: Ipv4Addr::LOCALHOST.into(),
            encoding: Encoding::Json,
            player_id: "ab".to_owned(),
            resume: "cd".to_owned(),
            outbox: std::sync::Arc::clone(&outbox),
        };
        let session = link.open(opened).now_or_never().expect("the queue has room");
        Self { endpoint, session, outbox }
    }

    fn say(&self, message: Option<Up>) {
        self.session.send("x".into(), message).now_or_never().expect("few messages wait");
    }

    fn events(&mut self) -> Vec<ClientEvent> {
        let mut events = Vec::new();
        self.endpoint.receive(Duration::ZERO, 10_000);
        self.endpoint.drain(&mut events);
        events
            .into_iter()
            .map(|(client, event)| {
                assert_eq!(client, CLIENT);
                event
            })
            .collect()
    }

    /// The messages that wait for the client, as JSON.
    fn told(&self) -> Vec<String> {
        let batch = self.outbox.next_batch().now_or_never().unwrap_or_default();
        batch
            .into_iter()
            .filter_map(|item| match item {
                Item::Message(bytes) | Item::Frame(bytes) => Some(String::from_utf8(bytes.to_vec()).expect("JSON")),
                _ => None,
            })
            .collect()
    }
}

fn slot(number: u8) -> Slot {
    Slot::new(number).expect("in range")
}

#[test]
fn a_flood_of_inputs_is_dropped_and_then_reported_once() {
    let mut test = Test::new();
    assert!(matches!(test.events()[..], [ClientEvent::Connected]));
    let (mut taken, mut reported) = (0, 0);
    for _ in 0..50 {
        for _ in 0..100 {
            test.say(Some(Up::Input { frame_id: Some(1), input_data: vec![0; 8].into() }));
        }
        for event in test.events() {
            match event {
                ClientEvent::Thin(ThinRequest::Input(Some(Tick(1)), Input::NEUTRAL)) => taken += 1,
                ClientEvent::OverBudget => reported += 1,
                event => panic!("{event:?}"),
            }
        }
        test.endpoint.send();
    }
    assert_eq!((taken, reported), (75, 1), "as many as over UDP");
}

#[test]
fn what_is_out_of_range_cannot_be_read() {
    let mut test = Test::new();
    test.events();
    let wrong = [
        None,
        Some(Up::Input { frame_id: None, input_data: vec![0; 7].into() }),
        Some(Up::Command { data: vec![].into() }),
        Some(Up::Command { data: vec![0; 65].into() }),
        Some(Up::Message { data: vec![].into() }),
        Some(Up::Message { data: vec![0; 1001].into() }),
        Some(Up::Chat { text: String::new() }),
        Some(Up::Kick { slot: 16 }),
        Some(Up::Configure { seats: 2, private: false, economy: false, map: Some("m".repeat(33)) }),
    ];
    let count = wrong.len();
    wrong.into_iter().for_each(|message| test.say(message));
    let events = test.events();
    assert!(events.len() == count && events.iter().all(|event| matches!(event, ClientEvent::Unreadable)), "{events:?}");
}

#[test]
fn the_messages_of_a_room_have_their_documented_form() {
    let mut test = Test::new();
    test.events();
    let event = |event| ServerMessage::Event { msg_id: 9, event };
    let messages = [
        event(RoomEvent::GameMessage { slot: slot(1), bytes: vec![0, 255] }),
        event(RoomEvent::Phase(Phase::Countdown { match_no: 1, ticks: 90 })),
        event(RoomEvent::Left { slot: slot(2), code: EndCode::ConnectionLost }),
        ServerMessage::SnapshotChunk { match_no: 1, next_tick: Tick(5), index: 0, count: 2, bytes: vec![1] },
        ServerMessage::SnapshotChunk { match_no: 1, next_tick: Tick(5), index: 1, count: 2, bytes: vec![2] },
    ];
    for message in &messages {
        test.endpoint.queue_message(CLIENT, &Outgoing::new(message));
    }
    test.endpoint.answer_ping(CLIENT, &Pong { nonce: 3, room_time: Some(384) });
    test.endpoint.queue_message(CLIENT, &Outgoing::new(&ServerMessage::Goodbye(EndCode::Kicked.into())));
    assert_eq!(
        test.told(),
        [
            r#"{"type":"message","payload":{"msg_id":9,"from":1,"data":"AP8="}}"#,
            r#"{"type":"phase","payload":{"msg_id":9,"phase":{"name":"countdown","match_no":1,"ticks":90}}}"#,
            r#"{"type":"player_left","payload":{"msg_id":9,"slot":2,"code":"connection_lost"}}"#,
            r#"{"type":"snapshot","payload":{"match_no":1,"frame_id":5,"state":"AQI="}}"#,
            r#"{"type":"pong","payload":{"seq":3,"tick":1.5}}"#,
            r#"{"type":"left","payload":{"code":"kicked","reason":"the host sent you away"}}"#,
        ]
    );
}

#[test]
fn a_session_that_is_gone_gets_nothing_and_says_nothing() {
    let mut test = Test::new();
    test.events();
    test.endpoint.close(CLIENT);
    test.endpoint.send();
    test.say(Some(Up::LeaveRoom));
    assert!(test.events().is_empty());
    test.endpoint.queue_message(CLIENT, &Outgoing::new(&ServerMessage::Draining { seconds: None }));
    test.endpoint.send();
    assert!(test.told().is_empty() && test.endpoint.is_settled(CLIENT) && test.endpoint.clients() == 0);
}

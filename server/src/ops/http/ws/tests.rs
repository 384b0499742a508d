//! Sockets in virtual time, with the tick thread's end of the queue in the test's hands.

use std::time::Duration;

use framehouse_shared::{
    api::ws::{Down, Encoding, MESSAGE_BYTES_MAX, Up},
    protocol::{
        end::EndCode,
        messages::{ClientMessage, ServerMessage},
    },
};
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::{
    io::{AsyncWriteExt, DuplexStream},
    time::{Instant, sleep},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::StatusCode,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use crate::{
    config::{HttpSettings, NetSettings, WsSettings},
    net::{
        endpoint::{ClientEvent, ClientId, Endpoint},
        outgoing::Outgoing,
        ws::WsEndpoint,
    },
    ops::http::{
        HttpOptions,
        fixed_backend::{BUSY_SECRET, Fixed},
        listener::tests::{Network, settle},
    },
    schedule::TickRate,
};

/// The session that the backend of these tests grants.
const SESSION: ClientId = 0x2a;

type Socket = WebSocketStream<DuplexStream>;

/// A gateway with the endpoint that a tick thread would have.
struct Server {
    network: Network,
    endpoint: WsEndpoint,
}

impl Server {
    fn with(ws: WsSettings) -> Self {
        let (endpoint, link) = WsEndpoint::new(TickRate(30), &NetSettings::default(), &ws);
        let http = HttpSettings { requests_per_s: 10_000.0, connections_per_address: 10_000, ..Default::default() };
        let options = HttpOptions { http, ws, ..Default::default() };
        let network = Network::of_backend(Fixed { sockets: Some(link) }, options);
        Self { network, endpoint }
    }

    fn new() -> Self {
        Self::with(WsSettings::default())
    }

    /// A socket from this address, or the status of the refusal.
    async fn try_connect(&self, from: &str) -> Result<Socket, StatusCode> {
        match client_async("ws://localhost/v1/ws", self.network.connect(from)).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn connect(&self, from: &str) -> Socket {
        self.try_connect(from).await.expect("a place for it")
    }

    /// A socket that is in a room.
    async fn join(&mut self, encoding: Encoding) -> Socket {
        let mut socket = self.connect("192.0.2.1").await;
        send(&mut socket, encoding, &auth()).await;
        assert!(matches!(next(&mut socket).await, Ok(Down::Authenticated { .. })));
        send(&mut socket, encoding, &quick()).await;
        settle().await;
        assert!(matches!(self.events()[..], [(SESSION, ClientEvent::Connected)]));
        socket
    }

    fn events(&mut self) -> Vec<(ClientId, ClientEvent)> {
        let mut events = Vec::new();
        self.endpoint.receive(Duration::ZERO, 10_000);
        self.endpoint.drain(&mut events);
        events
    }

    fn tell(&mut self, message: &ServerMessage) {
        self.endpoint.queue_message(SESSION, &Outgoing::new(message));
        self.endpoint.send();
    }
}

fn auth() -> Up {
    Up::Auth { name: "Ada".to_owned(), secret: None, token: None, resume: None, view: false }
}

fn resume(secret: &str) -> Up {
    let resume = Some(framehouse_shared::api::ws::Hidden(secret.to_owned()));
    Up::Auth { name: "Ada".to_owned(), secret: None, token: None, resume, view: false }
}

fn quick() -> Up {
    Up::JoinRoom(framehouse_shared::api::ws::JoinRoom { quick: true, ..Default::default() })
}

async fn send(socket: &mut Socket, encoding: Encoding, message: &Up) {
    let bytes = encoding.encode(message);
    let frame = match encoding {
        Encoding::Json => Message::text(String::from_utf8(bytes).expect("JSON is UTF-8")),
        Encoding::MessagePack => Message::binary(bytes),
    };
    socket.send(frame).await.expect("the socket is open");
}

/// The next message, or code and reason of the close frame; 0 if the connection ended without one.
async fn next(socket: &mut Socket) -> Result<Down, (u16, String)> {
    loop {
        return match socket.next().await {
            Some(Ok(Message::Text(text))) => Ok(Encoding::Json.decode(text.as_bytes()).expect("a message")),
            Some(Ok(Message::Binary(bytes))) => Ok(Encoding::MessagePack.decode(&bytes).expect("a message")),
            Some(Ok(Message::Close(Some(frame)))) => Err((frame.code.into(), frame.reason.to_string())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            _ => Err((0, String::new())),
        };
    }
}

async fn close_code(socket: &mut Socket) -> u16 {
    next(socket).await.expect_err("the connection ends").0
}

fn refused(reason: &str) -> ServerMessage {
    ServerMessage::Refused { reason: reason.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_does_not_authenticate_is_closed_after_five_seconds() {
    let server = Server::new();
    let start = Instant::now();
    let mut silent = server.connect("192.0.2.1").await;
    assert_eq!(close_code(&mut silent).await, 4002);
    // In virtual time, to the millisecond of its timers.
    assert_eq!(start.elapsed().as_millis() / 10, 500);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_first_message_is_refused_with_the_reason() {
    let server = Server::new();
    let wrong = |name: &str, secret: Option<&str>| Up::Auth {
        name: name.to_owned(),
        secret: secret.map(|secret| framehouse_shared::api::ws::Hidden(secret.to_owned())),
        token: None,
        resume: None,
        view: false,
    };
    for (message, reason) in
        [(quick(), "auth"), (wrong(" ", None), "a name has"), (wrong("Ada", Some("nope")), "32 hexadecimal digits")]
    {
        let mut socket = server.connect("192.0.2.1").await;
        send(&mut socket, Encoding::Json, &message).await;
        let (code, sentence) = next(&mut socket).await.expect_err("refused");
        assert!(code == 4001 && sentence.contains(reason), "{code} {sentence}");
    }
    let mut socket = server.connect("192.0.2.1").await;
    socket.send(Message::text("{")).await.expect("it is open");
    assert_eq!(close_code(&mut socket).await, 4001);
}

#[tokio::test(start_paused = true)]
async fn a_player_for_whom_there_is_no_time_may_come_back_in_a_moment() {
    let server = Server::new();
    let mut socket = server.connect("192.0.2.1").await;
    send(&mut socket, Encoding::Json, &resume(BUSY_SECRET)).await;
    assert_eq!(close_code(&mut socket).await, 1013);
}

#[tokio::test(start_paused = true)]
async fn a_second_room_is_refused() {
    let mut server = Server::new();
    let mut socket = server.join(Encoding::Json).await;
    send(&mut socket, Encoding::Json, &quick()).await;
    let Ok(Down::Refused { code: None, reason, .. }) = next(&mut socket).await else { panic!("it is in a room") };
    assert!(reason.contains("leave_room"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn messages_go_both_ways_in_the_encoding_of_the_first_one() {
    for encoding in [Encoding::Json, Encoding::MessagePack] {
        let mut server = Server::new();
        let mut socket = server.join(encoding).await;
        send(&mut socket, encoding, &Up::Message { data: vec![0, 255, 7].into() }).await;
        settle().await;
        let events = server.events();
        let is_it = |bytes: &[u8]| bytes == [0, 255, 7];
        assert!(
            matches!(&events[..], [(SESSION, ClientEvent::Message(ClientMessage::GameMessage(bytes)))] if is_it(bytes)),
            "{events:?}"
        );
        server.tell(&refused("no"));
        assert_eq!(next(&mut socket).await, Ok(Down::Refused { code: None, reason: "no".to_owned(), queue: None }));
        // The other encoding, later, cannot be read.
        let other = if encoding == Encoding::Json { Encoding::MessagePack } else { Encoding::Json };
        send(&mut socket, other, &Up::LeaveRoom).await;
        settle().await;
        assert!(matches!(server.events()[..], [(SESSION, ClientEvent::Unreadable)]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_in_no_room_is_told_what_is_wrong_and_gets_pongs() {
    let server = Server::new();
    let mut socket = server.connect("192.0.2.1").await;
    send(&mut socket, Encoding::Json, &auth()).await;
    assert_eq!(next(&mut socket).await, Ok(Down::Authenticated { player_id: None, resume: None }));
    send(&mut socket, Encoding::Json, &Up::Ping { seq: 7 }).await;
    assert_eq!(next(&mut socket).await, Ok(Down::Pong { seq: 7, tick: None }));
    // The backend of these tests says that every room with a code is full.
    let full = framehouse_shared::api::ws::JoinRoom { code: Some("K7QX".to_owned()), ..Default::default() };
    send(&mut socket, Encoding::Json, &Up::JoinRoom(full)).await;
    let Ok(Down::Refused { code, reason, .. }) = next(&mut socket).await else { panic!("the room is full") };
    assert!(code.as_deref() == Some("room_full") && reason.contains("is full"), "{code:?} {reason}");
    send(&mut socket, Encoding::Json, &Up::JoinRoom(Default::default())).await;
    let Ok(Down::Refused { code: None, reason, .. }) = next(&mut socket).await else { panic!("it asks for two rooms") };
    assert!(reason.contains("join_room has"), "{reason}");
    for _ in 0..11 {
        send(&mut socket, Encoding::Json, &Up::Start).await;
    }
    let mut refusals = 0;
    let end = loop {
        match next(&mut socket).await {
            Ok(Down::Refused { .. }) => refusals += 1,
            other => break other,
        }
    };
    assert_eq!((refusals, end.expect_err("too many").0), (10, 4003));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_only_what_no_session_is_charged_for_is_sent_away() {
    let floods: [Message; 2] = [Message::Ping(Default::default()), Message::Pong(Default::default())];
    for flood in floods {
        let server = Server::new();
        let mut socket = server.connect("192.0.2.1").await;
        send(&mut socket, Encoding::Json, &auth()).await;
        assert!(next(&mut socket).await.is_ok());
        for _ in 0..3000 {
            // It may be closed already.
            let _ = socket.send(flood.clone()).await;
        }
        assert_eq!(close_code(&mut socket).await, 4003);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_joins_no_room_is_sent_away_after_a_minute() {
    let server = Server::new();
    let mut socket = server.connect("192.0.2.1").await;
    send(&mut socket, Encoding::Json, &auth()).await;
    assert!(next(&mut socket).await.is_ok());
    let start = Instant::now();
    assert_eq!(close_code(&mut socket).await, 4002);
    assert!(start.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_a_ping_is_closed_and_one_that_does_is_not() {
    let mut server = Server::new();
    let mut socket = server.join(Encoding::Json).await;
    let reading = tokio::spawn(async move { (next(&mut socket).await, socket) });
    sleep(Duration::from_secs(300)).await;
    assert!(server.events().is_empty(), "pings were answered for five minutes");
    server.tell(&refused("still there"));
    let (message, mut socket) = reading.await.expect("no panic");
    assert!(message.is_ok());
    // From now on it reads nothing, and so answers nothing. The close frame waits for it for a moment only.
    let start = Instant::now();
    let mut events = server.events();
    while events.is_empty() && start.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(100)).await;
        events = server.events();
    }
    assert!(matches!(events[..], [(SESSION, ClientEvent::Disconnected("it did not answer a ping"))]));
    assert_eq!(close_code(&mut socket).await, 4005);
}

#[tokio::test(start_paused = true)]
async fn text_that_is_not_utf8_is_closed_with_its_code() {
    let mut server = Server::new();
    let mut socket = server.join(Encoding::Json).await;
    let frame = Frame::message(vec![b'{', 0xff], OpCode::Data(Data::Text), true);
    socket.send(Message::Frame(frame)).await.expect("it is open");
    assert_eq!(close_code(&mut socket).await, 1007);
    settle().await;
    assert!(matches!(server.events()[..], [(SESSION, ClientEvent::Disconnected(_))]));
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_64_megabytes_is_refused_before_it_arrives() {
    let server = Server::new();
    let mut socket = server.connect("192.0.2.1").await;
    // The header of a masked binary frame, and nothing of its payload.
    let header = [&[0x82, 0xff][..], &(64_u64 << 20).to_be_bytes(), &[1, 2, 3, 4]].concat();
    socket.get_mut().write_all(&header).await.expect("it is open");
    let start = Instant::now();
    assert_eq!(close_code(&mut socket).await, 1009);
    assert_eq!(start.elapsed(), Duration::ZERO, "it did not wait for the rest");
    let mut socket = server.connect("192.0.2.1").await;
    socket.send(Message::text("a".repeat(MESSAGE_BYTES_MAX + 1))).await.expect("it is open");
    assert_eq!(close_code(&mut socket).await, 1009);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_sockets_that_never_authenticate_take_no_place_of_the_others() {
    let mut server = Server::new();
    let mut player = server.join(Encoding::Json).await;
    let (mut silent, mut refused_by_address, mut refused_by_all) = (Vec::new(), 0, 0);
    for number in 0..1000 {
        // A hundred addresses, each in a network of its own.
        match server.try_connect(&format!("198.51.{}.1", number % 100)).await {
            Ok(socket) => silent.push(socket),
            Err(StatusCode::TOO_MANY_REQUESTS) => refused_by_address += 1,
            Err(StatusCode::SERVICE_UNAVAILABLE) => refused_by_all += 1,
            Err(status) => panic!("{status}"),
        }
    }
    assert_eq!((silent.len(), refused_by_address, refused_by_all), (256, 0, 744));
    server.tell(&refused("still there"));
    assert!(next(&mut player).await.is_ok(), "the player is not disturbed");
    // Their time ends, and newcomers find places again.
    sleep(Duration::from_secs(6)).await;
    let mut newcomer = server.connect("203.0.113.5").await;
    send(&mut newcomer, Encoding::Json, &auth()).await;
    assert!(next(&mut newcomer).await.is_ok());
}

/// The end of the connection of a newcomer, and whether a player who comes back gets in.
async fn newcomer_and_player(server: &Server) -> (u16, bool) {
    let mut newcomer = server.connect("203.0.113.5").await;
    send(&mut newcomer, Encoding::Json, &auth()).await;
    let mut player = server.connect("203.0.113.6").await;
    send(&mut player, Encoding::Json, &resume("0123456789abcdef0123456789abcdef")).await;
    (close_code(&mut newcomer).await, matches!(next(&mut player).await, Ok(Down::Authenticated { .. })))
}

#[tokio::test(start_paused = true)]
async fn the_last_places_are_for_players_who_come_back() {
    let server = Server::with(WsSettings { connections_max: 32, ..Default::default() });
    let mut sockets = Vec::new();
    for number in 0..30 {
        let mut socket = server.connect(&format!("198.51.{number}.1")).await;
        send(&mut socket, Encoding::Json, &auth()).await;
        assert!(next(&mut socket).await.is_ok());
        sockets.push(socket);
    }
    assert_eq!(newcomer_and_player(&server).await, (1013, true));
}

#[tokio::test(start_paused = true)]
async fn players_come_back_over_a_reserved_connection() {
    let server = Server::new();
    // One connection in 16 is reserved. These say nothing.
    let places = HttpOptions::default().connections_max;
    let silent: Vec<DuplexStream> = (0..places - places / 16).map(|_| server.network.connect("198.51.100.1")).collect();
    settle().await;
    assert_eq!(newcomer_and_player(&server).await, (1013, true));
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn an_address_has_few_sockets_and_fewer_that_have_not_authenticated() {
    let server = Server::new();
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(server.connect("192.0.2.1").await);
    }
    assert_eq!(server.try_connect("192.0.2.1").await.err(), Some(StatusCode::TOO_MANY_REQUESTS));
    for socket in &mut sockets {
        send(socket, Encoding::Json, &auth()).await;
        assert!(next(socket).await.is_ok());
    }
    for _ in 0..8 {
        let mut socket = server.connect("192.0.2.1").await;
        send(&mut socket, Encoding::Json, &auth()).await;
        assert!(next(&mut socket).await.is_ok());
        sockets.push(socket);
    }
    assert_eq!(server.try_connect("192.0.2.1").await.err(), Some(StatusCode::TOO_MANY_REQUESTS));
    sockets.pop();
    settle().await;
    assert!(server.try_connect("192.0.2.1").await.is_ok(), "its place is free again");
}

#[tokio::test(start_paused = true)]
async fn pages_of_other_sites_open_no_socket() {
    let server = Server::new();
    let connect = async |origin: &str| {
        let mut request = "ws://localhost/v1/ws".into_client_request().expect("a request");
        request.headers_mut().insert("origin", origin.parse().expect("a value"));
        client_async(request, server.network.connect("192.0.2.1")).await.err()
    };
    assert!(connect("http://localhost").await.is_none());
    let refusal = connect("http://evil.example").await;
    assert!(matches!(refusal, Some(Error::Http(response)) if response.status() == StatusCode::FORBIDDEN));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off_and_nobody_waits_for_it() {
    let mut server = Server::new();
    let mut stuck = server.join(Encoding::Json).await;
    // The buffer between the ends takes 64 KB, the outbox 256 KB more.
    let long = refused(&"x".repeat(400));
    let mut sent = 0;
    let cut = loop {
        server.tell(&long);
        sent += 1;
        settle().await;
        if let Some((_, ClientEvent::Disconnected(reason))) = server.events().pop() {
            break reason;
        }
        assert!(sent < 2000, "it is never cut off");
    };
    assert_eq!(cut, "it did not read what was sent to it");
    assert!(sent * 400 > 256 * 1024);
    // What was on its way arrives, and then nothing more.
    let mut read = 0;
    while next(&mut stuck).await.is_ok() {
        read += 1;
    }
    assert!(read < sent, "{read} of {sent}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_leaves_the_socket_open_unless_the_client_misbehaved() {
    let mut server = Server::new();
    let mut socket = server.join(Encoding::Json).await;
    server.tell(&ServerMessage::Goodbye(EndCode::Kicked.into()));
    let left = next(&mut socket).await;
    assert!(matches!(left, Ok(Down::Left { code, .. }) if code == "kicked"));
    send(&mut socket, Encoding::Json, &quick()).await;
    settle().await;
    assert!(matches!(server.events()[..], [(SESSION, ClientEvent::Connected)]), "it may join again at once");
    server.tell(&ServerMessage::Goodbye(EndCode::SentTooMuch.into()));
    assert!(matches!(next(&mut socket).await, Ok(Down::Left { code, .. }) if code == "sent_too_much"));
    assert_eq!(close_code(&mut socket).await, 4003);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_sends_faster_than_the_server_reads_waits_and_loses_nothing() {
    let mut server = Server::new();
    let mut socket = server.join(Encoding::MessagePack).await;
    let sending = async {
        for number in 0..2000_u32 {
            let data = number.to_le_bytes().to_vec().into();
            send(&mut socket, Encoding::MessagePack, &Up::Message { data }).await;
        }
    };
    let mut sending = Box::pin(sending.fuse());
    let mut numbers = Vec::new();
    while numbers.len() < 2000 {
        let _ = sending.as_mut().now_or_never();
        settle().await;
        let events = server.events();
        assert!(events.len() <= 200, "a tick takes no more of one client");
        for (_, event) in events {
            let ClientEvent::Message(ClientMessage::GameMessage(bytes)) = event else { panic!("{event:?}") };
            numbers.push(u32::from_le_bytes(bytes.try_into().expect("four bytes")));
        }
        server.endpoint.send();
    }
    assert!(numbers.into_iter().eq(0..2000));
}

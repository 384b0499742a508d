//! WebSocket clients beside clients over UDP: one room, one order of events, one result. The server is a live one, so its
//! clock is real, but nothing here measures time.

use std::{
    thread,
    time::{Duration, Instant},
};

use framehouse_client::{
    client::{Client, ClientConfig, Notice},
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, UdpLink},
};
use framehouse_harness::{
    live::{LiveServer, wait_until},
    thin::ThinClient,
};
use framehouse_server::{
    config::{NetSettings, RoomSettings, WsSettings},
    net::ws::{WsEndpoint, WsLink},
    schedule::TickRate,
};
use framehouse_shared::{
    api::ws::{Create, Down, Encoding, Hidden, JoinRoom, Joined, Phase, Ranked, Up},
    input::Input,
    protocol::messages::RoomEvent,
    rng::SimRng,
    simulation,
};
use framehouse_tiny::PRESS;

use crate::websocket_game::{MODULE, ShortTiny, Viewed};

/// The way to a tick thread that is not there, for a backend without sockets.
pub fn no_sockets() -> WsLink {
    WsEndpoint::new(TickRate(30), &NetSettings::default(), &WsSettings::default()).1
}

fn start_server() -> LiveServer {
    let rooms = RoomSettings { lobby_s: 0.0, countdown_s: 0.5, results_s: 3.0, ..Default::default() };
    LiveServer::start_with_rooms(ShortTiny, Vec::new(), rooms)
}

fn connect(server: &LiveServer, encoding: Encoding, name: &str) -> ThinClient {
    let mut client = ThinClient::connect(&server.url, encoding).expect("a socket");
    client.authenticate(name);
    client
}

fn named(name: &str) -> JoinRoom {
    JoinRoom { room_id: Some(name.to_owned()), ..Default::default() }
}

fn by_code(joined: &Joined) -> JoinRoom {
    JoinRoom { code: Some(joined.code.clone()), ..Default::default() }
}

/// A client over UDP in the room with this code.
fn join_over_udp(server: &LiveServer, code: &str, start: Instant) -> Client {
    let request = SessionRequest {
        name: "udp".to_owned(),
        room: RoomRequest::Code(code.parse().expect("a code")),
        resume: None,
        player_secret: None,
        hello: Some(simulation::hello(ShortTiny)),
    };
    let grant = request_session(&server.url, &request).expect("a seat");
    let link = UdpLink::connect(Connection::server_address(&grant.token).expect("a token")).expect("a socket");
    Client::new(&grant.token, Box::new(link), &ClientConfig::of(ShortTiny), start.elapsed()).expect("a token")
}

fn update(client: &mut Client, start: Instant) {
    client.update(start.elapsed(), &mut |request| request.bot_input(&mut SimRng::new(u64::from(request.tick.0))));
}

/// Presses the button in every second tick, as a page without a clock would: one input for each frame that it sees.
fn play(client: &mut ThinClient, frame_id: u32) {
    let input = if frame_id.is_multiple_of(2) { PRESS } else { Input::NEUTRAL };
    client.send(&Up::Input { frame_id: None, input_data: input.0.to_vec().into() }).expect("it is open");
}

#[test]
fn members_of_both_kinds_play_one_match_with_one_result() {
    let server = start_server();
    let start = Instant::now();
    let mut json = connect(&server, Encoding::Json, "json");
    let joined = json.join(&Up::JoinRoom(named("mixed")));
    let mut pack = connect(&server, Encoding::MessagePack, "pack");
    pack.join(&Up::JoinRoom(named("mixed")));
    let mut udp = join_over_udp(&server, &joined.code, start);
    let mut viewer = connect(&server, Encoding::Json, "viewer");
    let seat = viewer.join(&Up::JoinRoom(JoinRoom { watch: true, ..by_code(&joined) }));
    assert_eq!((seat.slot, seat.resume), (None, None), "a spectator has neither");

    let (mut results, mut native, mut hashes) = ([const { None::<Vec<Ranked>> }; 3], None, Vec::new());
    let (mut frames, mut is_ready) = ([const { Vec::<u32>::new() }; 3], false);
    wait_until("all have the results", || {
        update(&mut udp, start);
        if udp.members().is_some() && !is_ready {
            is_ready = true;
            udp.set_ready(true);
        }
        for notice in udp.drain_notices() {
            if let Notice::Room(RoomEvent::Phase(framehouse_shared::protocol::messages::Phase::Results {
                ranking,
                ..
            })) = notice
            {
                native = Some(ranking.iter().map(Ranked::from).collect::<Vec<_>>());
            }
        }
        for (index, client) in [&mut json, &mut pack, &mut viewer].into_iter().enumerate() {
            while let Some(message) = client.receive().expect("it stays connected") {
                match message {
                    Down::PlayerJoined { .. } | Down::Phase { phase: Phase::Lobby { .. }, .. } if index < 2 => {
                        client.send(&Up::Ready { ready: true }).expect("it is open");
                    }
                    Down::GameFrame(frame) => {
                        frames[index].push(frame.frame_id);
                        if let (0, Some(hash)) = (index, &frame.hash) {
                            hashes.push(hash.clone());
                        }
                        if index < 2 {
                            play(client, frame.frame_id);
                        }
                    }
                    Down::Results { ranking, .. } => results[index] = Some(ranking),
                    _ => {}
                }
            }
        }
        thread::sleep(Duration::from_millis(1));
        native.is_some() && results.iter().all(Option::is_some)
    });
    let native = native.expect("it has come");
    assert_eq!(results.map(|ranking| ranking.expect("it has come")), [native.clone(), native.clone(), native.clone()]);
    assert_eq!(native.len(), 3, "all three played");
    assert!(native.iter().all(|entry| entry.points > 10), "the inputs of all arrived: {native:?}");
    // A machine that stalls leaves out frames, as for a slow reader.
    let in_order = |frames: &Vec<u32>| frames.len() > 30 && frames.windows(2).all(|pair| pair[1] > pair[0]);
    assert!(frames.iter().all(in_order), "{frames:?}");
    assert!(hashes.len() >= 5);
    assert_eq!((udp.stats().desyncs, udp.stats().errors.count()), (0, 0));
}

#[test]
fn everybody_gets_the_same_messages_in_the_same_order_own_ones_too() {
    const COUNT: u64 = 40;
    let server = start_server();
    let start = Instant::now();
    let mut json = connect(&server, Encoding::Json, "json");
    let joined = json.join(&Up::JoinRoom(named("order")));
    let mut pack = connect(&server, Encoding::MessagePack, "pack");
    let second = pack.join(&Up::JoinRoom(by_code(&joined)));
    let mut udp = join_over_udp(&server, &joined.code, start);
    wait_until("the client over UDP is there", || {
        update(&mut udp, start);
        udp.members().is_some()
    });
    // 20 a second are allowed.
    let (mut sent, mut heard) = (0, [const { Vec::<(u8, Vec<u8>)>::new() }; 3]);
    let mut next_ids = [joined.msg_id, second.msg_id];
    let begin = Instant::now();
    wait_until("all have heard all", || {
        update(&mut udp, start);
        if sent < COUNT && begin.elapsed() >= Duration::from_millis(60) * sent as u32 {
            let data = sent.to_le_bytes().to_vec();
            json.send(&Up::Message { data: data.clone().into() }).expect("it is open");
            pack.send(&Up::Message { data: data.clone().into() }).expect("it is open");
            udp.send_game_message(&data);
            sent += 1;
        }
        for (index, client) in [&mut json, &mut pack].into_iter().enumerate() {
            while let Some(message) = client.receive().expect("it stays connected") {
                if let Some(msg_id) = message.msg_id() {
                    assert_eq!(msg_id, next_ids[index], "no event is missing: {message:?}");
                    next_ids[index] += 1;
                }
                if let Down::Message { from, data, .. } = message {
                    heard[index].push((from.into(), data.0));
                }
            }
        }
        heard[2].extend(udp.drain_notices().filter_map(|notice| match notice {
            Notice::Room(RoomEvent::GameMessage { slot, bytes }) => Some((slot.into(), bytes)),
            _ => None,
        }));
        thread::sleep(Duration::from_millis(1));
        heard.iter().all(|heard| heard.len() as u64 == 3 * COUNT)
    });
    assert!(heard[0] == heard[1] && heard[1] == heard[2]);
    for slot in 0..3 {
        let numbers = heard[0].iter().filter(|(from, _)| *from == slot).map(|(_, data)| data.clone());
        assert!(numbers.eq((0..COUNT).map(|number| number.to_le_bytes().to_vec())), "own order of {slot}");
    }
}

#[test]
fn a_player_whose_socket_was_cut_gets_its_seat_back() {
    let server = start_server();
    let mut host = connect(&server, Encoding::Json, "host");
    host.join(&Up::JoinRoom(named("cut")));
    let mut player = connect(&server, Encoding::Json, "player");
    let before = player.join(&Up::JoinRoom(named("cut")));
    player.stream().shutdown(std::net::Shutdown::Both).expect("it is open");
    drop(player);
    let away = |down: &Down| match down {
        Down::PlayerState { slot, state, .. } => Some((Some(*slot), state.clone())),
        _ => None,
    };
    assert_eq!(host.wait_for("the player is away", away), (before.slot, "away".to_owned()));

    let mut again = ThinClient::connect(&server.url, Encoding::MessagePack).expect("a socket");
    let resume = before.resume.clone().expect("a player has one");
    let auth = |resume: &str| Up::Auth {
        name: "player".to_owned(),
        secret: None,
        token: None,
        resume: Some(Hidden(resume.to_owned())),
        view: false,
    };
    let after = again.join(&auth(&resume));
    assert_eq!((after.slot, after.resume, after.code), (before.slot, before.resume, before.code));
    assert_eq!(host.wait_for("the player is back", away), (before.slot, "idle".to_owned()));

    let mut stranger = ThinClient::connect(&server.url, Encoding::Json).expect("a socket");
    stranger.send(&auth(&"0".repeat(32))).expect("it is open");
    let (code, reason) = stranger.wait_for_end();
    assert!(code == 4001 && reason.contains("no longer reserved"), "{code} {reason}");
}

#[test]
fn a_page_that_watches_gets_views_and_a_page_can_leave_and_play() {
    let server = LiveServer::start(Viewed, Vec::new());
    let mut player = connect(&server, Encoding::Json, "player");
    let create = Create { size: 2, private: false, practice: true };
    let room = player.join(&Up::JoinRoom(JoinRoom { create: Some(create), ..Default::default() }));
    let mut page = connect(&server, Encoding::Json, "page");
    page.join(&Up::JoinRoom(JoinRoom { watch: true, view: true, ..by_code(&room) }));
    player.send(&Up::Ready { ready: true }).expect("it is open");
    let mut ticks = Vec::new();
    while ticks.len() < 20 {
        let (frame_id, data) = page.wait_for("views", |down| match down {
            Down::ViewFrame { frame_id, data, .. } => Some((*frame_id, data.0.clone())),
            Down::GameFrame(_) => panic!("views come in place of frames"),
            _ => None,
        });
        assert_eq!(data, frame_id.to_le_bytes(), "what the game wrote about this tick");
        ticks.push(frame_id);
    }
    let running: Vec<u32> = ticks.into_iter().filter(|tick| *tick > 0).collect();
    let is_due = |pair: &[u32]| pair[1] > pair[0] && (pair[1] - pair[0]).is_multiple_of(2);
    assert!(running.windows(2).all(is_due), "at most 15 a second at 30 ticks: {running:?}");

    let refusal = |down: &Down| match down {
        Down::Refused { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    page.send(&Up::Ready { ready: true }).expect("it is open");
    let reason = page.wait_for("a refusal", refusal);
    assert!(reason.contains("players with a seat"), "{reason}");
    player.send(&Up::Kick { slot: 16 }).expect("it is open");
    let reason = player.wait_for("a refusal", refusal);
    assert!(reason.contains("could not be read"), "{reason}");

    page.send(&Up::LeaveRoom).expect("it is open");
    let code = page.wait_for("the end of watching", |down| match down {
        Down::Left { code, .. } => Some(code.clone()),
        _ => None,
    });
    assert_eq!(code, "left");
    let seat = page.join(&Up::JoinRoom(JoinRoom { view: true, ..by_code(&room) }));
    assert!(seat.slot.is_some());
    page.send(&Up::Ping { seq: 5 }).expect("it is open");
    let tick = page.wait_for("a pong", |down| match down {
        Down::Pong { seq: 5, tick } => Some(*tick),
        _ => None,
    });
    assert!(tick.is_some_and(|tick| tick > 0.0), "the room's time");
    // The connection is closed before a tick can see the message.
    page.send(&Up::LeaveRoom).expect("it is open");
    drop(page);
    let code = player.wait_for("who has left", |down| match down {
        Down::PlayerLeft { slot, code, .. } if Some(*slot) == seat.slot => Some(code.clone()),
        _ => None,
    });
    assert_eq!(code, "left", "nothing is kept for who has said so");
    let mut agent = ureq::get(format!("{}/web/view.js", server.url)).call().expect("the game's module");
    assert_eq!(agent.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(agent.body_mut().read_to_string().expect("text"), MODULE);
}

#[test]
fn frames_that_were_missed_can_be_asked_for() {
    let server = start_server();
    let mut player = connect(&server, Encoding::MessagePack, "player");
    let create = Create { size: 1, private: false, practice: true };
    player.join(&Up::JoinRoom(JoinRoom { create: Some(create), ..Default::default() }));
    player.send(&Up::Ready { ready: true }).expect("it is open");
    let mut live = Vec::new();
    while live.len() < 40 {
        let frame = player.wait_for("frames", |down| match down {
            Down::GameFrame(frame) => Some((**frame).clone()),
            _ => None,
        });
        play(&mut player, frame.frame_id);
        live.push(frame);
    }
    player.send(&Up::GetFrames { first: 5 }).expect("it is open");
    let mut asked = Vec::new();
    while asked.len() < 30 {
        let frame = player.wait_for("old frames", |down| match down {
            Down::GameFrame(frame) => Some((**frame).clone()),
            _ => None,
        });
        if frame.frame_id == 5 + asked.len() as u32 {
            asked.push(frame);
        }
    }
    let seen = live.iter().filter(|frame| (5..35).contains(&frame.frame_id));
    assert!(seen.clone().count() > 0);
    seen.for_each(|frame| assert_eq!(asked[frame.frame_id as usize - 5], *frame));
    // Many requests at once are answered together.
    for _ in 0..30 {
        player.send(&Up::GetFrames { first: 5 }).expect("it is open");
    }
    let mut answers = 0;
    player.wait_for("a frame that is in no answer", |down| match down {
        Down::GameFrame(frame) => {
            answers += u32::from(frame.frame_id == 5);
            (frame.frame_id >= 5 + 120).then_some(())
        }
        _ => None,
    });
    assert!((1..15).contains(&answers), "{answers} answers");
    player.send(&Up::GetSnapshot).expect("it is open");
    player
        .wait_for("a snapshot", |down| matches!(down, Down::Snapshot { frame_id, .. } if *frame_id > 0).then_some(()));
}

#[test]
fn a_slow_reader_is_thinned_or_cut_and_the_others_hear_everything() {
    let server = start_server();
    let mut talker = connect(&server, Encoding::Json, "talker");
    let joined = talker.join(&Up::JoinRoom(named("slow")));
    let mut reader = connect(&server, Encoding::Json, "reader");
    reader.join(&Up::JoinRoom(by_code(&joined)));
    let mut slow = connect(&server, Encoding::Json, "slow");
    slow.join(&Up::JoinRoom(by_code(&joined)));
    // From now on `slow` reads nothing. It stays within what the sockets hold, so it is neither cut nor waited for.
    let (mut heard, mut sent) = (0_u64, 0_u64);
    let begin = Instant::now();
    wait_until("the reader has heard all", || {
        if sent < 30 && begin.elapsed() >= Duration::from_millis(60) * sent as u32 {
            talker.send(&Up::Message { data: vec![sent as u8; 200].into() }).expect("it is open");
            sent += 1;
        }
        while talker.receive().expect("it stays connected").is_some() {}
        while let Some(message) = reader.receive().expect("it stays connected") {
            heard += u64::from(matches!(message, Down::Message { .. }));
        }
        thread::sleep(Duration::from_millis(1));
        heard == 30
    });
    let mut late = 0;
    while late < 30 {
        slow.wait_for("what was kept", |down| matches!(down, Down::Message { .. }).then_some(()));
        late += 1;
    }
}

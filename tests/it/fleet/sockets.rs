//! WebSockets and room pages through gateways: members of both kinds in one room, limits, addresses, a node that dies.

mod limits;

use std::{fs, thread, time::Duration};

use framehouse_client::{client::Notice, connect::RoomRequest};
use framehouse_harness::{live::wait_until, thin::ThinClient};
use framehouse_shared::{
    api::{
        code,
        ws::{Create, Down, Encoding, Hidden, JoinRoom, Joined, Phase, Ranked, Up},
    },
    protocol::messages::RoomEvent,
};
use framehouse_tools::{replays::Folder, short_matches::short_matches};

use super::machines::{Fleet, Player, seat, until_ready};
use crate::programs::Running;

const ROOMS_ARE_QUICK: [(&str, &str); 2] = [("FRAMEHOUSE_ROOMS_LOBBY_S", "0"), ("FRAMEHOUSE_ROOMS_COUNTDOWN_S", "0.5")];

fn connect(server: &Running, encoding: Encoding, name: &str) -> ThinClient {
    let mut client = ThinClient::connect(server.url(), encoding).expect("a socket");
    client.authenticate(name);
    client
}

fn new_room(size: u8) -> Up {
    let create = Create { size, private: false, practice: false };
    Up::JoinRoom(JoinRoom { create: Some(create), ..JoinRoom::default() })
}

fn by_code(room: &Joined) -> JoinRoom {
    JoinRoom { code: Some(room.code.clone()), ..JoinRoom::default() }
}

fn named(name: &str) -> JoinRoom {
    JoinRoom { room_id: Some(name.to_owned()), ..JoinRoom::default() }
}

fn resume(room: &Joined) -> Up {
    let resume = room.resume.clone().map(Hidden);
    Up::Auth { name: "Ada".to_owned(), secret: None, token: None, resume, view: false }
}

/// Sends a message that leads into a room, again if the machine is so busy that no node answers in time.
///
/// # Errors
/// With the code of the refusal.
fn join(client: &mut ThinClient, message: &Up) -> Result<Joined, Option<String>> {
    loop {
        client.send(message).expect("the socket is open");
        let answer = client.wait_for("a place in a room", |down| match down {
            Down::Joined(joined) => Some(Ok((**joined).clone())),
            Down::Refused { code, .. } => Some(Err(code.clone())),
            _ => None,
        });
        if !matches!(&answer, Err(Some(code)) if code == code::BUSY) {
            return answer;
        }
    }
}

/// Sends the first message again until it is answered by something else than that there is no time.
fn knock(server: &Running, auth: &Up) -> Result<ThinClient, (u16, String)> {
    let mut answer = Err((0, String::new()));
    wait_until("the gateway has the time to answer", || {
        let mut client = ThinClient::connect(server.url(), Encoding::Json).expect("a socket");
        client.send(auth).expect("it is open");
        answer = client.next_message().map(|_| client);
        !matches!(answer, Err((1013, _)))
    });
    answer
}

#[test]
fn members_of_both_kinds_meet_in_one_room_through_one_gateway() {
    const COUNT: u64 = 20;
    let Some(mut fleet) = Fleet::new("sockets") else { return };
    let _nodes = ["a", "b"].map(|name| fleet.node(name, &[]));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let mut json = connect(&gateway, Encoding::Json, "json");
    let joined = join(&mut json, &new_room(4)).expect("a seat");
    let mut pack = connect(&gateway, Encoding::MessagePack, "pack");
    let second = join(&mut pack, &Up::JoinRoom(by_code(&joined))).expect("a seat");
    let mut udp = Player::connect(seat(&gateway, RoomRequest::Code(joined.code.parse().expect("a code"))));
    assert_eq!((second.code.as_str(), udp.grant.code.to_string()), (joined.code.as_str(), joined.code.clone()));
    pack.send(&Up::Chat { text: "hello".to_owned() }).expect("it is open");
    let (mut sent, mut heard, mut chats) = (0, [const { Vec::<(u8, Vec<u8>)>::new() }; 3], 0);
    let mut next_ids = [joined.msg_id, second.msg_id];
    wait_until("all have heard all", || {
        udp.update();
        // Faster than the budgets of the members allow, messages would be lost.
        if heard.iter().all(|heard| heard.len() as u64 >= 3 * sent) && sent < COUNT {
            let data = sent.to_le_bytes().to_vec();
            json.send(&Up::Message { data: data.clone().into() }).expect("it is open");
            pack.send(&Up::Message { data: data.clone().into() }).expect("it is open");
            udp.client.send_game_message(&data);
            sent += 1;
            thread::sleep(Duration::from_millis(60));
        }
        for (index, client) in [&mut json, &mut pack].into_iter().enumerate() {
            while let Some(message) = client.receive().expect("it stays connected") {
                if let Some(msg_id) = message.msg_id() {
                    assert_eq!(msg_id, next_ids[index], "no event is missing: {message:?}");
                    next_ids[index] += 1;
                }
                match message {
                    Down::Message { from, data, .. } => heard[index].push((from.into(), data.0)),
                    Down::Chat { text, .. } => chats += usize::from(text == "hello"),
                    _ => {}
                }
            }
        }
        heard[2].extend(udp.client.drain_notices().filter_map(|notice| match notice {
            Notice::Room(RoomEvent::GameMessage { slot, bytes }) => Some((slot.into(), bytes)),
            _ => None,
        }));
        heard.iter().all(|heard| heard.len() as u64 == 3 * COUNT)
    });
    assert!(heard[0] == heard[1] && heard[1] == heard[2]);
    assert_eq!(chats, 2, "both have read the line");
    // Somebody who leaves may go to another room at once.
    pack.send(&Up::LeaveRoom).expect("it is open");
    pack.wait_for("the end in the room", |down| {
        matches!(down, Down::Left { code, .. } if code == "left").then_some(())
    });
    let other = join(&mut pack, &new_room(2)).expect("a seat");
    assert_ne!(other.code, joined.code);
}

#[test]
fn a_match_is_watched_in_views_and_ends_with_one_result_for_all() {
    let Some(mut fleet) = Fleet::new("sockets-match") else { return };
    let folder = Folder::new("sockets-match-rules");
    for file in short_matches(300) {
        let path = folder.path().join(&file.path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of ours");
        fs::write(path, file.text).expect("a folder of ours");
    }
    let rules = folder.path().to_str().expect("UTF-8");
    let variables = [&ROOMS_ARE_QUICK[..], &[("FRAMEHOUSE_GAME_DIR", rules)]].concat();
    let _nodes = ["a", "b"].map(|name| fleet.node_with(name, &variables));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let mut player = connect(&gateway, Encoding::MessagePack, "player");
    let room = join(&mut player, &new_room(2)).expect("a seat");
    let mut page = connect(&gateway, Encoding::Json, "page");
    let watch = Up::JoinRoom(JoinRoom { watch: true, view: true, ..by_code(&room) });
    join(&mut page, &watch).expect("a place");
    let mut udp = Player::connect(seat(&gateway, RoomRequest::Code(room.code.parse().expect("a code"))));
    player.send(&Up::Ready { ready: true }).expect("it is open");
    udp.client.set_ready(true);
    let (mut views, mut frames, mut results) = (Vec::new(), Vec::new(), [const { None::<Vec<Ranked>> }; 2]);
    wait_until("both have the results", || {
        udp.update();
        for (index, client) in [&mut player, &mut page].into_iter().enumerate() {
            while let Some(message) = client.receive().expect("it stays connected") {
                match message {
                    Down::ViewFrame { frame_id, data, .. } => {
                        assert!(index == 1 && !data.0.is_empty());
                        views.push(frame_id);
                    }
                    Down::GameFrame(frame) => {
                        assert_eq!(index, 0);
                        let input = Up::Input { frame_id: None, input_data: vec![0; 8].into() };
                        client.send(&input).expect("it is open");
                        frames.push(frame.frame_id);
                    }
                    Down::Phase { phase: Phase::Lobby { .. }, .. } if index == 0 => {
                        client.send(&Up::Ready { ready: true }).expect("it is open");
                    }
                    Down::Results { ranking, .. } => results[index] = Some(ranking),
                    _ => {}
                }
            }
        }
        thread::sleep(Duration::from_millis(1));
        results.iter().all(Option::is_some)
    });
    assert!(results[0] == results[1] && results[0].as_ref().is_some_and(|ranking| ranking.len() == 2), "{results:?}");
    let is_in_order = |ticks: &[u32]| ticks.len() > 30 && ticks.windows(2).all(|pair| pair[1] >= pair[0]);
    assert!(is_in_order(&views) && is_in_order(&frames), "{views:?} {frames:?}");
}

#[test]
fn the_members_of_a_killed_node_are_told_and_join_elsewhere() {
    let Some(mut fleet) = Fleet::new("sockets-killed") else { return };
    let mut nodes = ["a", "b"].map(|name| Some(fleet.node(name, &[])));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let secret = Some(Hidden(format!("{:032x}", 0xada)));
    let auth = Up::Auth { name: "Ada".to_owned(), secret, token: None, resume: None, view: false };
    let mut ada = knock(&gateway, &auth).expect("she is known");
    let room = join(&mut ada, &new_room(4)).expect("a seat");
    let mut bob = connect(&gateway, Encoding::MessagePack, "Bob");
    join(&mut bob, &Up::JoinRoom(by_code(&room))).expect("a seat");
    // She has one seat in the fleet, through whichever way she comes.
    let account = format!("fh:player:{}", room.player_id);
    wait_until("her seat is registered", || fleet.redis.ask(&["GET", &account]).contains(":here"));
    let mut again = knock(&gateway, &auth).expect("she is known");
    assert_eq!(join(&mut again, &new_room(4)).err().flatten().as_deref(), Some("already_playing"));
    // A lost socket: the seat comes back through the gateway.
    let seat_before = room.slot;
    ada.stream().shutdown(std::net::Shutdown::Both).expect("it is open");
    wait_until("she is away", || fleet.redis.ask(&["GET", &account]).contains(":away"));
    let mut ada = knock(&gateway, &resume(&room)).expect("the seat is kept");
    let back = ada.wait_for("her room", |down| match down {
        Down::Joined(joined) => Some((joined.code.clone(), joined.slot)),
        _ => None,
    });
    assert_eq!(back, (room.code.clone(), seat_before));

    let name = fleet.redis.ask(&["GET", &format!("fh:code:{}", room.code)]);
    let index = usize::from(name.starts_with("b:"));
    drop(nodes[index].take());
    for member in [&mut ada, &mut bob] {
        let (code, reason) = member.wait_for_end();
        assert!(code == 4007 && reason.contains("connect again"), "{code} {reason}");
    }
    until_ready(&gateway, 1);
    let (code, reason) = knock(&gateway, &resume(&room)).err().expect("the seat is gone with its node");
    assert!(code == 4001 && reason.contains("no longer reserved"), "{code} {reason}");
    let mut ada = knock(&gateway, &auth).expect("she is known");
    let quick = Up::JoinRoom(JoinRoom { quick: true, ..JoinRoom::default() });
    let elsewhere = join(&mut ada, &quick).expect("a seat");
    assert_eq!(elsewhere.player_id, room.player_id, "she is the same player");
}

#[test]
fn a_room_with_a_name_is_one_room_through_all_gateways() {
    let Some(mut fleet) = Fleet::new("sockets-named") else { return };
    let _nodes = ["a", "b", "c"].map(|name| fleet.node(name, &[]));
    let gateways = ["g", "h"].map(|name| fleet.gateway(name, &[]));
    gateways.iter().for_each(|gateway| until_ready(gateway, 3));
    for name in ["lounge", "kitchen", "attic"] {
        let mut watcher = connect(&gateways[1], Encoding::Json, "watcher");
        let watch = Up::JoinRoom(JoinRoom { watch: true, ..named(name) });
        assert_eq!(join(&mut watcher, &watch).err().flatten().as_deref(), Some("no_such_room"));
        // Both at once.
        let mut players = [0, 1].map(|number| connect(&gateways[number], Encoding::Json, "player"));
        let codes = thread::scope(|scope| {
            let enter = |player| scope.spawn(move || join(player, &Up::JoinRoom(named(name))).expect("a seat").code);
            players.each_mut().map(enter).map(|joined| joined.join().expect("no panic"))
        });
        assert_eq!(codes[0], codes[1], "{name}");
        assert_eq!(join(&mut watcher, &watch).expect("a place").code, codes[0]);
        wait_until("the name is registered with its room", || {
            let held = fleet.redis.ask(&["GET", &format!("fh:name:{name}")]);
            held.rsplit(':').next().is_some_and(|number| number.parse::<u64>().is_ok())
        });
    }
}

#[test]
fn a_gateway_has_the_pages_of_a_node() {
    let Some(mut fleet) = Fleet::new("sockets-pages") else { return };
    let node = fleet.node("a", &[]);
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 1);
    let get = |server: &Running, path: &str| {
        let mut answer = ureq::get(format!("{}{path}", server.url())).call().expect("an answer");
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap_or_default().to_owned());
        let headers = ["content-type", "content-security-policy", "cache-control"].map(header);
        (headers, answer.body_mut().read_to_string().expect("text"))
    };
    for path in ["/r/K7QX", "/web/page.js", "/web/page.css", "/web/framehouse.js", "/web/view.js"] {
        assert_eq!(get(&gateway, path), get(&node, path), "{path}");
    }
}

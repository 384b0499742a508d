//! The queue of a full server, over HTTP and WebSockets, on a live server with two seats.

use framehouse_harness::{
    live::{LiveServer, wait_until},
    thin::ThinClient,
};
use framehouse_server::config::RoomSettings;
use framehouse_shared::api::{
    QueuePlace, SessionGrant, SessionRefusal, Status, code,
    ws::{Down, Encoding, JoinRoom, Joined, Up},
};
use serde_json::{Value, json};

use crate::websocket_game::ShortTiny;

fn start_server() -> LiveServer {
    let rooms = RoomSettings { rooms_max: 1, size: 2, ..Default::default() };
    LiveServer::start_with_rooms(ShortTiny, Vec::new(), rooms)
}

fn quick(ticket: Option<String>) -> Up {
    Up::JoinRoom(JoinRoom { quick: true, ticket, ..Default::default() })
}

/// A player with a seat.
pub fn seated(server: &LiveServer, name: &str) -> (ThinClient, Joined) {
    let mut client = ThinClient::connect(&server.url, Encoding::Json).expect("a socket");
    client.authenticate(name);
    let joined = client.join(&quick(None));
    (client, joined)
}

pub fn leave(client: &mut ThinClient) {
    client.send(&Up::LeaveRoom).expect("it is open");
    client.wait_for("the end", |down| matches!(down, Down::Left { .. }).then_some(()));
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// The answer to a request for a seat: a grant, or a refusal that says when to ask again.
fn ask(server: &LiveServer, body: &Value) -> Result<SessionGrant, SessionRefusal> {
    let mut answer = agent().post(format!("{}/v1/sessions", server.url)).send_json(body).expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.body_mut().read_to_string().expect("a body");
    if status == 200 {
        return Ok(serde_json::from_str(&text).expect("a grant"));
    }
    assert_eq!(status, 503, "{text}");
    let pause: f64 = headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    let refusal: SessionRefusal = serde_json::from_str(&text).expect("a refusal");
    assert!(refusal.queue.as_ref().is_none_or(|place| (0.0..1.0).contains(&(pause - place.ask_again_s))), "{text}");
    Err(refusal)
}

fn place(answer: Result<SessionGrant, SessionRefusal>) -> QueuePlace {
    let refusal = answer.expect_err("the server is full");
    assert_eq!(refusal.error.code, code::SERVER_FULL);
    let place = refusal.queue.expect("there is a place in the queue");
    let sentence = refusal.error.message;
    assert!(sentence.contains(&format!("number {} in the queue", place.place)), "{sentence}");
    place
}

#[test]
fn a_player_who_leaves_makes_room_for_the_first_in_the_queue() {
    let server = start_server();
    let ((mut ada, _), _bob) = (seated(&server, "ada"), seated(&server, "bob"));
    let new = json!({"name": "new", "room": {"quick": {}}});
    let with = |place: &QueuePlace| json!({"name": "new", "room": {"quick": {}}, "ticket": place.ticket});
    let (first, second) = (place(ask(&server, &new)), place(ask(&server, &new)));
    assert_eq!((first.place, second.place), (1, 2));
    assert_eq!([&first, &second].map(|of| place(ask(&server, &with(of))).place), [1, 2], "they keep their places");
    let third = place(ask(&server, &new));
    assert_eq!(third.place, 3);
    // The turn of somebody who does not ask passes on.
    assert_eq!(place(ask(&server, &with(&first))).place, 1);
    leave(&mut ada);
    // The seat is the first one's, whoever else asks before.
    assert_eq!([&second, &third].map(|of| place(ask(&server, &with(of))).place), [2, 3]);
    assert_eq!(place(ask(&server, &new)).place, 4);
    wait_until("the first one has the seat", || ask(&server, &with(&first)).is_ok());
    let url = format!("{}/v1/status", server.url);
    let status: Status = agent().get(url).call().expect("a page").body_mut().read_json().expect("a page");
    assert_eq!((status.queue.waiting, status.queue.admitted, status.queue.expired), (3, 1, 0), "{:?}", status.queue);
    assert!(status.queue.longest_wait_s > 0.0);
    let url = format!("{}/metrics", server.url);
    let metrics = agent().get(url).call().expect("a page").body_mut().read_to_string().expect("text");
    assert!(metrics.contains("framehouse_queue_waiting 3\n"), "{metrics}");
}

#[test]
fn a_socket_waits_with_its_ticket_until_there_is_a_seat() {
    let server = start_server();
    let ((mut ada, _), (_bob, _)) = (seated(&server, "ada"), seated(&server, "bob"));
    let mut eve = ThinClient::connect(&server.url, Encoding::MessagePack).expect("a socket");
    eve.authenticate("eve");
    let refused = |eve: &mut ThinClient, ticket| {
        eve.send(&quick(ticket)).expect("it is open");
        eve.wait_for("a place", |down| match down {
            Down::Refused { code, queue, .. } => Some((code.clone(), queue.clone().expect("a place"))),
            _ => None,
        })
    };
    let (why, place) = refused(&mut eve, None);
    assert_eq!((why.as_deref(), place.place), (Some(code::SERVER_FULL), 1));
    let (_, again) = refused(&mut eve, Some(place.ticket.clone()));
    assert_eq!((&again.ticket, again.place), (&place.ticket, 1));
    leave(&mut ada);
    let joined = eve.join(&quick(Some(again.ticket)));
    assert!(joined.slot.is_some());
}

#[test]
fn only_a_full_server_has_a_queue_and_who_comes_back_does_not_wait() {
    let server = start_server();
    let ((_ada, joined), (bob, bobs)) = (seated(&server, "ada"), seated(&server, "bob"));
    // A full room is no full server.
    let full = json!({"name": "new", "room": {"code": joined.code}});
    let answer = agent().post(format!("{}/v1/sessions", server.url)).send_json(&full).expect("an answer");
    assert_eq!(answer.status().as_u16(), 409);
    let wrong = json!({"name": "new", "room": {"quick": {}}, "ticket": "0".repeat(32)});
    let waiting = place(ask(&server, &wrong));
    assert_eq!(waiting.place, 1, "a ticket that nobody has given is none");
    let again = json!({"name": "new", "room": {"quick": {}}, "ticket": waiting.ticket});
    assert_eq!(place(ask(&server, &again)).place, 1);
    drop(bob);
    assert!(ask(&server, &json!({"name": "bob", "resume": bobs.resume})).is_ok());
}

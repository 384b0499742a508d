//! Matches over real sockets: a server on its own thread, with HTTP and UDP on ports that the system chooses.

use std::{
    thread,
    time::{Duration, Instant},
};

use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{ConnectError, RoomRequest, SessionGrant, SessionRequest, request_session},
    net::{Connection, UdpLink},
};
use framehouse_harness::live::LiveServer;
use framehouse_shared::{
    protocol::messages::{Hello, Phase},
    simulation,
};
use framehouse_tiny::TinyPlugin;

fn start_server() -> LiveServer {
    LiveServer::start(TinyPlugin, Vec::new())
}

fn request(server: &LiveServer, room: RoomRequest) -> Result<SessionGrant, ConnectError> {
    request_session(
        &server.url,
        &SessionRequest { name: "udp".into(), room, resume: None, player_secret: None, hello: Some(hello()) },
    )
}

fn join(server: &LiveServer, room: RoomRequest, start: Instant) -> Client {
    let grant = request(server, room).expect("a seat");
    let config = ClientConfig::of(TinyPlugin);
    let link = UdpLink::connect(Connection::server_address(&grant.token).expect("a token")).expect("a socket");
    Client::new(&grant.token, Box::new(link), &config, start.elapsed()).expect("a token")
}

fn hello() -> Hello {
    simulation::hello(TinyPlugin)
}

/// Drives clients until `done`; the bound only keeps a broken build from hanging.
fn drive(clients: &mut [Client], start: Instant, done: impl Fn(&[Client]) -> bool) -> bool {
    let end = start.elapsed() + Duration::from_secs(60);
    while start.elapsed() < end {
        for client in clients.iter_mut() {
            client.update(start.elapsed(), &mut |request| {
                let mut rng = framehouse_shared::rng::SimRng::new(u64::from(request.tick.0));
                request.bot_input(&mut rng)
            });
        }
        if done(clients) {
            return true;
        }
        thread::yield_now();
    }
    false
}

#[test]
fn two_players_meet_over_http_and_play_over_udp() {
    let server = start_server();
    let start = Instant::now();
    let create = RoomRequest::Create { size: 2, private: false, practice: false, economy: None };
    let mut clients = vec![join(&server, create, start)];
    assert!(drive(&mut clients, start, |clients| clients[0].code().is_some()), "the first player is in its room");
    let code = clients[0].code().expect("in a room");
    clients.push(join(&server, RoomRequest::Code(code), start));
    let confirmed = |clients: &[Client]| clients.iter().all(|client| client.stats().ticks_confirmed > 60);
    assert!(drive(&mut clients, start, confirmed), "both confirm ticks of a match");
    assert!(clients.iter().all(|client| client.stats().desyncs == 0 && client.stats().errors.count() == 0));
}

#[test]
fn the_gateway_answers_bad_requests_with_a_sentence_and_the_right_status() {
    let server = start_server();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |body: &str| {
        let request = agent.post(format!("{}/v1/sessions", server.url)).content_type("application/json");
        let mut response = request.send(body).expect("an answer");
        let json: serde_json::Value =
            serde_json::from_str(&response.body_mut().read_to_string().expect("a body")).expect("JSON");
        (response.status().as_u16(), json)
    };
    let long = "x".repeat(9000);
    let cases = [
        ("{", 400),
        (r#"{"name":"","room":{"quick":{}}}"#, 400),
        (r#"{"name":"Ada","room":{"code":"ZZZZ"}}"#, 404),
        (r#"{"name":"Ada","room":{"create":{"size":0}}}"#, 400),
        (r#"{"name":"Ada","room":{"quick":{}},"hello":{"protocol":"1","game":"tiny","fingerprint":"1"}}"#, 426),
        (long.as_str(), 413),
    ];
    for (body, expected) in cases {
        let (status, json) = post(body);
        assert_eq!(status, expected, "{json}");
        assert!(json["error"]["message"].as_str().is_some_and(|message| message.contains(' ')), "{json}");
    }
    let (status, grant) = post(r#"{"name":"Ada","room":{"create":{"size":1}}}"#);
    assert_eq!(status, 200);
    let full = format!(r#"{{"name":"Eve","room":{{"code":{}}}}}"#, grant["code"]);
    assert_eq!(post(&full).0, 409);
}

#[test]
fn status_rooms_and_health_are_served_and_a_stopping_server_says_goodbye() {
    let server = start_server();
    let start = Instant::now();
    let get = |path: &str| {
        ureq::get(format!("{}{path}", server.url)).call().expect("200").body_mut().read_to_string().expect("a body")
    };
    let create = RoomRequest::Create { size: 2, private: false, practice: false, economy: Some(true) };
    let mut clients = vec![join(&server, create, start)];
    assert!(drive(&mut clients, start, |clients| matches!(clients[0].phase(), Some(Phase::Lobby { .. }))));
    let listed = |_: &[Client]| {
        let rooms: serde_json::Value = serde_json::from_str(&get("/v1/rooms")).expect("JSON");
        let status: serde_json::Value = serde_json::from_str(&get("/v1/status")).expect("JSON");
        let room = &rooms["rooms"][0];
        room["players"] == 1 && room["economy"] == true && status["players"] == 1 && status["tick"].as_u64() > Some(0)
    };
    assert!(drive(&mut clients, start, listed), "the room is listed");
    server.stop();
    assert!(drive(&mut clients, start, |clients| clients[0].ended().is_some()));
    assert!(clients[0].ended().is_some_and(|reason| reason.contains("stopping")), "{:?}", clients[0].ended());
}

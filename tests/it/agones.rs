//! A node that Agones runs, with a stand-in for Agones' SDK server that follows its documentation.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
};

use framehouse_harness::live::wait_until;
use framehouse_server::control::{ControlRequest, ask};
use framehouse_shared::api::SessionGrant;
use framehouse_tools::replays::Folder;
use serde_json::{Value, json};

use crate::programs::{Running, server};

/// The address and the port of the machine that lead to the node.
const ADDRESS: &str = "127.0.0.1";
const PORT: u16 = 7123;

/// The SDK server beside a node.
struct SdkServer {
    port: u16,
    /// `GameServer.status.state`: it begins as `Scheduled`.
    state: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    states: Vec<String>,
    healths: u32,
    counters: Vec<(String, u64, u64)>,
    /// Requests that the documentation does not have.
    wrong: Vec<String>,
}

impl SdkServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(Mutex::new(Seen::default()));
        let seen = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || serve(stream, &seen));
            }
        });
        Self { port, state }
    }

    fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.state.lock().expect("no panic"))
    }
}

/// Answers the requests of a connection until it is closed.
fn serve(stream: TcpStream, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    while let Some((head, body)) = read_request(&mut reader) {
        let (status, answer) = answer(&head, &body, &mut seen.lock().expect("no panic"));
        let answer = answer.to_string();
        let length = answer.len();
        let text =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{answer}");
        if (&stream).write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

/// The lines of a request's head, in small letters but for the first one, and its body.
fn read_request(reader: &mut impl BufRead) -> Option<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        match line.trim_end() {
            "" => break,
            line if head.is_empty() => head.push(line.to_owned()),
            line => head.push(line.to_lowercase()),
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn answer(head: &[String], body: &[u8], seen: &mut Seen) -> (&'static str, Value) {
    let is_json = head.iter().any(|line| line.starts_with("content-type: application/json"));
    let body: Option<Value> = serde_json::from_slice(body).ok().filter(|body: &Value| body.is_object() && is_json);
    let mut words = head[0].split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let state = match path {
        "/ready" => Some("Ready"),
        "/allocate" => Some("Allocated"),
        "/shutdown" => Some("Shutdown"),
        _ => None,
    };
    match (method, path, state, body) {
        ("POST", _, Some(state), Some(_)) => seen.states.push(state.to_owned()),
        ("POST", "/health", _, Some(_)) => seen.healths += 1,
        ("GET", "/gameserver", ..) => {
            let (name, state) = ("framehouse-1", seen.states.last().map_or("Scheduled", String::as_str));
            let status = json!({ "state": state, "address": ADDRESS, "ports": [{ "name": "udp", "port": PORT }] });
            return ("200 OK", json!({ "object_meta": { "name": name, "namespace": "default" }, "status": status }));
        }
        ("PATCH", path, _, Some(body)) if path.starts_with("/v1beta1/counters/") => return count(path, &body, seen),
        _ => {
            seen.wrong.push(head[0].clone());
            return ("404 Not Found", json!({ "code": 5, "message": "Not Found", "details": [] }));
        }
    }
    ("200 OK", json!({}))
}

/// `UpdateCounter`: 64-bit numbers are text, a counter has to be in the GameServer, and its count in its capacity.
fn count(path: &str, body: &Value, seen: &mut Seen) -> (&'static str, Value) {
    let name = path.trim_start_matches("/v1beta1/counters/");
    let number = |field: &str| body.get(field)?.as_str()?.parse::<u64>().ok();
    match (["rooms", "players"].contains(&name), number("count"), number("capacity")) {
        (true, Some(count), Some(capacity)) if count <= capacity => {
            seen.counters.push((name.to_owned(), count, capacity));
            ("200 OK", json!({ "name": name, "count": count.to_string(), "capacity": capacity.to_string() }))
        }
        _ => {
            seen.wrong.push(format!("{path} {body}"));
            ("400 Bad Request", json!({ "code": 11, "message": "out of range", "details": [] }))
        }
    }
}

fn take_a_seat(url: &str) -> SessionGrant {
    let request = json!({ "name": "Ada", "room": { "quick": {} } });
    let mut answer = ureq::post(format!("{url}/v1/sessions")).send_json(request).expect("a seat");
    answer.body_mut().read_json().expect("a grant")
}

#[test]
fn a_node_tells_agones_its_state_and_players_the_address_of_the_machine() {
    let (folder, sdk) = (Folder::new("agones"), SdkServer::start());
    let mut command = server(&["--agones"]);
    command.env("AGONES_SDK_HTTP_PORT", sdk.port.to_string());
    let running = Running::start_command(command, folder.path(), Stdio::null());
    let states = || sdk.seen(|seen| seen.states.clone());
    wait_until("it is ready", || states() == ["Ready"]);
    wait_until("it reports its health", || sdk.seen(|seen| seen.healths >= 2));
    assert_eq!(take_a_seat(running.url()).server, format!("{ADDRESS}:{PORT}"));
    wait_until("it is in use", || states() == ["Ready", "Allocated"]);
    let counted =
        |name: &str| sdk.seen(|seen| seen.counters.iter().rev().find(|(of, ..)| of == name).map(|(_, n, _)| *n));
    wait_until("the player is counted", || counted("players") == Some(1) && counted("rooms") == Some(1));
    // Nobody comes to the reserved seat, so the room is empty again.
    wait_until("it is free again", || states() == ["Ready", "Allocated", "Ready"]);
    ask(folder.path(), ControlRequest::MoveOut).expect("it answers");
    wait_until("it was drained and is done", || states().last().is_some_and(|state| state == "Shutdown"));
    assert_eq!(sdk.seen(|seen| seen.wrong.clone()), Vec::<String>::new());
}

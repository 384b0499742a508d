//! The operator's hands: admin calls to a real server, and what its players notice of them.

mod live;
mod matches;
mod moderation;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use framehouse_harness::{live::wait_until, thin::ThinClient};
use framehouse_shared::api::{
    Feature,
    ws::{Create, Down, Encoding, Hidden, JoinRoom, Joined, Phase, Up},
};
use framehouse_tools::replays::Folder;
use serde_json::{Value, json};

use crate::programs::{Running, SERVER, server, text};

/// Secret of a player that comes back.
const SECRET: &str = "00112233445566778899aabbccddeeff";
/// Settings under which matches begin at once.
const QUICK: &str = "[rooms]\nlobby_s = 0.0\ncountdown_s = 0.5\nresults_s = 1.0\n";

/// A server with an operator.
struct Operated {
    folder: Folder,
    running: Option<Running>,
}

impl Operated {
    /// Starts one with these settings, and with the game's files in `game` if they are there.
    fn start(name: &str, settings: &str) -> Self {
        let operated = Self { folder: Folder::new(name), running: None };
        operated.set(settings);
        operated.restarted()
    }

    /// Ends the server, if it runs, and starts it with the same data.
    fn restarted(mut self) -> Self {
        self.running = None;
        let (config, game) = (self.path("server.toml"), self.path("game"));
        let mut arguments = vec!["--config", config.to_str().expect("text")];
        if game.exists() {
            arguments.extend(["--game-dir", game.to_str().expect("text")]);
        }
        self.running = Some(Running::start_with(SERVER, &self.path("data"), Stdio::null(), &arguments));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set(&self, settings: &str) {
        fs::write(self.path("server.toml"), settings).expect("a folder of ours");
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it is started")
    }

    fn token(&self) -> String {
        fs::read_to_string(self.path("data/admin.token")).expect("made at the first start").trim().to_owned()
    }

    /// Status and body of a call with this token.
    fn call_with(&self, token: &str, name: &str, fields: &Value) -> (u16, Value) {
        let request = agent().post(format!("{}/v1/admin/{name}", self.running().url()));
        let mut answer =
            request.header("Authorization", format!("Bearer {token}")).send_json(fields).expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_json().expect("JSON"))
    }

    /// The answer to a call, which has to be carried out.
    fn call(&self, name: &str, fields: &Value) -> Value {
        let (status, answer) = self.call_with(&self.token(), name, fields);
        assert_eq!(status, 200, "{name} {fields}: {answer}");
        answer
    }

    /// Status and sentence of a call that is refused.
    fn refused(&self, name: &str, fields: &Value) -> (u16, String) {
        let (status, answer) = self.call_with(&self.token(), name, fields);
        (status, answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
    }

    /// The replay so far of the room with this code.
    fn replay(&self, code: &str) -> Vec<u8> {
        let request = agent().get(format!("{}/v1/admin/rooms/{code}/replay", self.running().url()));
        let request = request.header("Authorization", format!("Bearer {}", self.token()));
        let mut answer = request.call().expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        answer.body_mut().read_to_vec().expect("bytes")
    }

    /// Id of the only player with this name.
    fn player(&self, name: &str) -> String {
        let found = self.call("players", &json!({ "search": name }));
        let [player] = &found["players"].as_array().expect("players")[..] else { panic!("{name} in {found}") };
        player["player"].as_str().expect("an id").to_owned()
    }

    fn audit(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("data/audit.jsonl")).expect("a line for every call");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Number of lines in the audit file, which may not be there yet.
    fn audit_lines(&self) -> usize {
        fs::read_to_string(self.path("data/audit.jsonl")).map_or(0, |text| text.lines().count())
    }

    /// A player that has told its name.
    fn client(&self, name: &str, secret: Option<&str>) -> ThinClient {
        let mut client = ThinClient::connect(self.running().url(), Encoding::Json).expect("a socket");
        let secret = secret.map(|secret| Hidden(secret.to_owned()));
        let auth = Up::Auth { name: name.to_owned(), secret, token: None, resume: None, view: false };
        client.send(&auth).expect("it is open");
        client.wait_for("authentication", |down| matches!(down, Down::Authenticated { .. }).then_some(()));
        client
    }

    /// Two players in a public room of their own, and how they got in.
    fn pair(&self) -> ([ThinClient; 2], [Joined; 2]) {
        let mut ada = self.client("Ada", None);
        let size = Create { size: 3, private: false, practice: false };
        let first = ada.join(&Up::JoinRoom(JoinRoom { create: Some(size), ..Default::default() }));
        let mut eve = self.client("Eve", Some(SECRET));
        let second = eve.join(&by_code(&first.code));
        ([ada, eve], [first, second])
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn by_code(code: &str) -> Up {
    Up::JoinRoom(JoinRoom { code: Some(code.to_owned()), ..Default::default() })
}

/// Code and sentence with which a client is refused.
fn refusal(client: &mut ThinClient) -> (Option<String>, String) {
    client.wait_for("a refusal", |down| match down {
        Down::Refused { code, reason, .. } => Some((code.clone(), reason.clone())),
        _ => None,
    })
}

/// The code with which a client has to leave its room, and the sentence.
fn left(client: &mut ThinClient) -> (String, String) {
    client.wait_for("the end of the session", |down| match down {
        Down::Left { code, reason } => Some((code.clone(), reason.clone())),
        _ => None,
    })
}

/// Makes both players ready, and waits until their match runs.
fn start_match(clients: &mut [ThinClient]) {
    for client in clients.iter_mut() {
        client.send(&Up::Ready { ready: true }).expect("it is open");
    }
    for client in clients {
        let is_playing = |down: &Down| matches!(down, Down::Phase { phase: Phase::Playing { .. }, .. }).then_some(());
        client.wait_for("the match", is_playing);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn a_token_is_needed_and_a_wrong_one_slows_the_next_try() {
    let server = Operated::start("admin-token", "");
    let start = Instant::now();
    for name in ["admin.token", "audit.jsonl"] {
        assert_eq!(mode(&server.path("data").join(name)), 0o600, "{name}");
    }
    let token = server.token();
    for wrong in ["", "wrong"] {
        assert_eq!(server.call_with(&token, "sanctions", &json!({})).0, 200, "no token is no try");
        let (status, answer) = server.call_with(wrong, "sanctions", &json!({}));
        assert_eq!((status, answer["error"]["code"].as_str()), (401, Some("unauthorized")), "{answer}");
    }
    // Neither a wrong token nor the right one is looked at for a second.
    let answers = [&token[1..], &token].map(|token| server.call_with(token, "sanctions", &json!({})));
    let is_busy = |(status, answer): &(u16, Value)| *status == 429 && answer["error"]["code"] == "busy";
    // A machine that needs a second for four calls shows nothing.
    assert!(answers.iter().all(is_busy) || start.elapsed() >= Duration::from_secs(1), "{answers:?}");
    wait_until("a second has passed", || server.call_with(&token, "sanctions", &json!({})).0 == 200);
    let calls = server.audit();
    assert!(
        calls.iter().all(|line| line["call"]["call"] == "sanctions" && line["address"] == "127.0.0.1"),
        "{calls:?}"
    );
    // The token stays the same.
    let server = server.restarted();
    assert_eq!(server.token(), token);
    assert_eq!(server.audit().len(), calls.len());
}

#[test]
fn calls_that_cannot_be_carried_out_say_why_and_are_audited() {
    let server = Operated::start("admin-refused", "");
    let nobody = format!("{:032x}", 7);
    for (name, fields, status, word) in [
        ("reboot", json!({}), 400, "reboot"),
        ("kick", json!({}), 400, "player"),
        ("kick", json!({ "player": nobody }), 404, "no player"),
        ("room", json!({ "room": "K7QX" }), 404, "no room K7QX"),
        ("close_room", json!({ "room": "K7QX" }), 404, "no room K7QX"),
        ("end_match", json!({ "room": "K7QX", "with_result": true }), 404, "no room K7QX"),
        ("match", json!({ "match": nobody }), 404, "no room of this server"),
        ("unban", json!({ "player": nobody }), 404, "nothing to end"),
        ("ban", json!({ "player": nobody, "seconds": 0 }), 400, "seconds"),
        ("announce", json!({ "text": " " }), 400, "visible characters"),
        ("log", json!({ "level": "loud" }), 400, "no level"),
    ] {
        let (told, sentence) = server.refused(name, &fields);
        assert!(told == status && sentence.contains(word), "{name}: {told} {sentence}");
    }
    // Calls that are none leave no line; all others do.
    let audit = server.audit();
    assert_eq!(audit.len(), 9);
    assert!(audit.iter().all(|line| line["result"].as_str().is_some_and(|told| told.starts_with("refused: "))));
}

#[test]
fn features_are_switched_by_calls_and_by_the_settings() {
    let server = Operated::start("admin-features", "[features]\nleaderboards = false\n");
    let switch = |feature: Feature, on: bool| server.call("feature", &json!({ "feature": feature, "on": on }));
    let ([mut ada, _eve], [joined, _]) = server.pair();
    let mut bob = server.client("Bob", None);
    for (feature, request) in [
        (Feature::QuickMatch, JoinRoom { quick: true, ..Default::default() }),
        (Feature::Spectating, JoinRoom { code: Some(joined.code.clone()), watch: true, ..Default::default() }),
        (Feature::NewRooms, JoinRoom { room_id: Some("new".to_owned()), ..Default::default() }),
    ] {
        switch(feature, false);
        bob.send(&Up::JoinRoom(request.clone())).expect("it is open");
        assert_eq!(refusal(&mut bob), (Some("switched_off".to_owned()), feature.refusal().to_owned()));
        switch(feature, true);
        bob.join(&Up::JoinRoom(request));
        bob.send(&Up::LeaveRoom).expect("it is open");
        left(&mut bob);
    }
    switch(Feature::Chat, false);
    ada.send(&Up::Chat { text: "hello".to_owned() }).expect("it is open");
    assert_eq!(refusal(&mut ada).1, Feature::Chat.refusal());
    // The settings: one feature goes on, and one that a call has switched stays as it is.
    let boards = || agent().get(format!("{}/v1/leaderboards", server.running().url())).call().expect("an answer");
    let is_off = |feature: &str| {
        let status = server.running().status();
        status.features.iter().any(|of| of.feature.name() == feature && !of.on)
    };
    assert_eq!(boards().status().as_u16(), 503);
    assert!(is_off("leaderboards") && is_off("chat") && !is_off("replays"));
    server.set("[features]\nleaderboards = true\nreplays = false\n");
    server.call("reload", &json!({}));
    assert_eq!(boards().status().as_u16(), 200);
    assert!(!is_off("leaderboards") && is_off("chat") && is_off("replays"));
    switch(Feature::Chat, true);
    ada.send(&Up::Chat { text: "hello".to_owned() }).expect("it is open");
    ada.wait_for("the line", |down| matches!(down, Down::Chat { text, .. } if text == "hello").then_some(()));
}

#[test]
fn settings_change_in_a_running_server_or_are_named_for_its_next_start() {
    let server = Operated::start("admin-reload", "[rooms]\nrooms_max = 1\n");
    let ([_ada, _eve], _) = server.pair();
    let mut bob = server.client("Bob", None);
    let new = Up::JoinRoom(JoinRoom { room_id: Some("new".to_owned()), ..Default::default() });
    bob.send(&new).expect("it is open");
    assert_eq!(refusal(&mut bob).0.as_deref(), Some("server_full"));
    server.set("[rooms]\nrooms_max = 2\n[server]\ntick_rate = 60\n");
    server.call("reload", &json!({}));
    // The tick thread takes it between two ticks.
    wait_until("the new limit holds", || {
        bob.send(&new).expect("it is open");
        bob.wait_for("an answer", |down| match down {
            Down::Joined(_) => Some(true),
            Down::Refused { .. } => Some(false),
            _ => None,
        })
    });
    let in_force = server.running().status().in_force;
    assert_eq!((in_force.after_restart, in_force.refused), (vec!["server.tick_rate".to_owned()], None));
    // A mistake changes nothing, and is told with its place.
    server.set("[rooms]\nrooms_max = 2\n\nlobby_s = 99.0\n");
    let (status, sentence) = server.refused("reload", &json!({}));
    assert!(status == 409 && sentence.contains("server.toml:4:1") && sentence.contains("lobby_s"), "{sentence}");
    assert_eq!(server.running().status().in_force.refused, Some(sentence));
    // Without a call, some time after the file has changed.
    server.set("[rooms]\nrooms_max = 2\n[alerts]\nmemory_max_bytes = 1000000\n");
    let fires = || server.running().status().alerts.firing.iter().any(|alert| alert.kind == "memory");
    wait_until("the new limit of an alert holds", fires);
    assert_eq!(server.running().status().in_force.refused, None);
}

#[test]
fn the_command_line_makes_the_same_calls() {
    let operated = Operated::start("admin-program", "");
    let ([_ada, _eve], [joined, _]) = operated.pair();
    let data = operated.path("data");
    let run = |arguments: &[&str]| {
        let mut command = server(&["admin", "--server", operated.running().url(), "--data-dir"]);
        command.arg(&data).args(arguments).output().expect("a program")
    };
    let found = run(&["players", "ad"]);
    assert!(found.status.success() && text(&found.stdout).contains("\"name\": \"Ada\""), "{found:?}");
    let told = run(&["announce", "--room", &joined.code, "the server restarts at eight"]);
    assert_eq!(text(&told.stdout), "said in 1 rooms\n", "{told:?}");
    let told = run(&["log", "debug", "net=warn"]);
    assert_eq!(text(&told.stdout), "the log levels are debug,framehouse_server::net=warn now\n", "{told:?}");
    let told = run(&["feature", "chat", "off"]);
    assert_eq!(text(&told.stdout), "chat is off\n", "{told:?}");
    let refused = run(&["close-room", "2222"]);
    assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains("there is no room 2222"), "{refused:?}");
    let told = run(&["drain"]);
    assert_eq!(text(&told.stdout), "nobody new is let in\n");
    wait_until("it drains", || !operated.running().status().accepting);
    run(&["drain", "--undo"]);
    wait_until("it takes players again", || operated.running().status().accepting);
    let refused = run(&["--token-file", "/dev/null", "reports"]);
    assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains("admin.token"), "{refused:?}");
}

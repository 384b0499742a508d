//! The log of the server's program: what its lines say, who can fill it, and what happens when it cannot be written.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    net::{SocketAddr, UdpSocket},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use framehouse_harness::live::wait_until;
use framehouse_tools::{replays::Folder, short_matches::short_matches};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::programs::{PANICKING, Running, SERVER};

/// Length of a match in ticks: the shortest one.
const MATCH_TICKS: u32 = 300;
/// A name that would add fields to a line of text.
const FORGER: &str = "E\" code=R7QX fatal=true";

/// A server with a settings file in a folder of its own.
struct Logged {
    folder: Folder,
    running: Option<Running>,
}

impl Logged {
    /// Not started yet, with these lines in the section `[log]`.
    fn new(name: &str, settings: &str) -> Self {
        let logged = Self { folder: Folder::new(name), running: None };
        logged.set(settings);
        logged
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set(&self, settings: &str) {
        let rooms = "[rooms]\nlobby_s = 0.0\ncountdown_s = 0.5\nresults_s = 1.0\nlog_gain_points = 1\n";
        fs::write(self.path("server.toml"), format!("{rooms}[log]\n{settings}\n")).expect("a folder of ours");
    }

    /// Starts it, with standard error in the file `stderr`.
    fn start(mut self, arguments: &[&str]) -> Self {
        let stderr = File::create(self.path("stderr")).expect("a file");
        let config = self.path("server.toml");
        let config = ["--config", config.to_str().expect("text")];
        let arguments: Vec<&str> = config.iter().chain(arguments).copied().collect();
        self.running = Some(Running::start_with(SERVER, &self.path("data"), stderr, &arguments));
        self
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it is started")
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The lines of a file, each of which has to be JSON.
    fn lines(&self, name: &str) -> Vec<Value> {
        let text = self.text(name);
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }

    fn says(&self, name: &str, message: &str) -> bool {
        self.text(name).contains(message)
    }

    fn hang_up(&self) {
        kill_process(Pid::from_child(self.running().child()), Signal::HUP).expect("it runs");
    }

    /// Asks for a seat. The answer may be a refusal.
    fn ask(&self, body: &Value) -> Value {
        self.send(&body.to_string())
    }

    fn send(&self, body: &str) -> Value {
        let url = format!("{}/v1/sessions", self.running().url());
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.post(&url).header("Content-Type", "application/json");
        request.send(body).expect("an answer").body_mut().read_json().expect("JSON")
    }

    /// Asks for a seat in a new room. It is never used.
    fn reserve(&self, name: &str, is_private: bool) -> Value {
        self.ask(&json!({ "name": name, "room": { "create": { "size": 2, "private": is_private } } }))
    }
}

fn is_above_debug(line: &Value) -> bool {
    line["level"] != "DEBUG" && line["level"] != "TRACE"
}

fn play_a_match(server: &Logged) {
    let mut bots = Command::new(env!("CARGO_BIN_EXE_arena_bots"));
    bots.args(["--server", server.running().url(), "--rooms", "1", "--players", "2", "--seats", "2"]);
    let played = bots.args(["--seconds", "16"]).env_clear().stdin(Stdio::null()).output().expect("a program");
    assert!(played.status.success(), "{played:?}");
}

fn write_short_matches(folder: &Path) {
    for file in short_matches(MATCH_TICKS) {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of ours");
        fs::write(path, file.text).expect("a folder of ours");
    }
}

#[test]
fn the_lines_of_a_match_are_json_with_its_names_and_nobody_forges_one() {
    let server = Logged::new("match-log", "format = \"json\"\nlevel = \"info\"\nlevels = { room = \"debug\" }");
    let game = server.path("game");
    write_short_matches(&game);
    let server = server.start(&["--node", "game-1", "--game-dir", game.to_str().expect("text")]);
    let (public, private) = (server.reserve(FORGER, false), server.reserve("Ada", true));
    assert!(server.reserve("Eve\n2026-01-01 ERROR lost", false).get("error").is_some(), "no name has a line break");
    let closed = || server.text("stderr").matches("\"reason\":\"RoomDeserted\"").count();
    wait_until("nobody has come", || closed() == 2);
    play_a_match(&server);
    wait_until("the players have left", || closed() == 3);
    let lines = server.lines("stderr");
    for line in &lines {
        assert!(line["node"] == "game-1" && line["pid"].is_u64() && line["version"].is_string(), "{line}");
        assert!(line.get("fatal").is_none(), "{line}");
        let is_of_match = line.get("match_id").is_some();
        assert!(!is_of_match || (line["room"].is_string() && line["code"].is_string()), "{line}");
        assert!(line.get("player").is_none() || line["player_id"].is_string(), "{line}");
    }
    let id = lines.iter().find(|line| line["message"] == "match opened").expect("a match")["match_id"].clone();
    let of_match: BTreeSet<&str> =
        lines.iter().filter(|line| line["match_id"] == id).filter_map(|line| line["message"].as_str()).collect();
    for message in ["player state", "points gained", "match over", "points go into the result", "result saved"] {
        assert!(of_match.contains(message), "{message} is not in {of_match:?}");
    }
    let of_seats: Vec<&Value> = lines.iter().filter(|line| line["message"] == "place reserved").collect();
    assert!(of_seats.iter().any(|line| line["player"] == FORGER && line["code"] == public["code"]), "{of_seats:?}");
    let code = private["code"].as_str().expect("a code");
    let shown = format!("{}****", &code[..2]);
    assert!(of_seats.iter().any(|line| line["code"] == shown.as_str()), "{of_seats:?}");
    for secret in [code, public["resume"].as_str().expect("a secret"), public["token"].as_str().expect("a token")] {
        assert!(!server.says("stderr", secret), "{secret}");
    }
}

#[test]
fn strangers_cannot_fill_the_log() {
    let server = Logged::new("flooded-log", "format = \"json\"\nlevel = \"debug\"").start(&[]);
    let granted = server.reserve("Ada", false);
    wait_until("its token has expired", || server.says("stderr", "room closed"));
    let before = server.lines("stderr").len();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let to: SocketAddr = granted["server"].as_str().expect("an address").parse().expect("an address");
    for number in 0..5000_u32 {
        let length = number as usize % 1200;
        let datagram: Vec<u8> = (0..length as u32).map(|at| (number.wrapping_mul(at + 7) >> 3) as u8).collect();
        let _ = socket.send_to(&datagram, to);
    }
    for number in 0..200 {
        server.send(&"{".repeat(number));
        server.ask(&json!({ "name": format!("Eve {number}"), "room": { "code": "2222" } }));
        server.ask(&json!({ "name": "\u{202e}", "room": { "quick": {} } }));
        server.ask(&json!({ "name": "Eve", "resume": "0".repeat(32) }));
    }
    let refused = |line: &&Value| line["message"] == "join request refused";
    wait_until("all of it is answered", || server.lines("stderr").iter().filter(refused).count() >= 400);
    // Whether the machine is fast enough for its ticks does not depend on strangers here.
    let is_loud = |line: &Value| is_above_debug(line) && line["target"] != "framehouse_server::tick_loop";
    let loud: Vec<Value> = server.lines("stderr").into_iter().skip(before).filter(is_loud).collect();
    assert!(loud.is_empty(), "{loud:?}");
    let of_library = |line: &Value| line["target"] == "bevy_app::app" && line.get("log.target").is_none();
    assert!(server.lines("stderr").iter().any(of_library), "lines of libraries name their module");
}

#[test]
fn levels_by_module_change_on_a_hang_up_and_mistakes_change_nothing() {
    let server = Logged::new("levels", "format = \"json\"").start(&[]);
    let details = || server.lines("stderr").iter().filter(|line| line["message"] == "place reserved").count();
    server.reserve("Ada", false);
    wait_until("the room is opened", || server.says("stderr", "room opened"));
    assert_eq!(details(), 0);
    server.set("format = \"json\"\nlevels = { room = \"debug\" }");
    server.hang_up();
    wait_until("levels are read", || server.says("stderr", "info,framehouse_server::room=debug now"));
    server.reserve("Bob", false);
    wait_until("details are logged", || details() == 1);
    server.set("format = \"json\"\nlevels = { rome = \"debug\" }");
    server.hang_up();
    wait_until("the mistake is named", || {
        server.says("stderr", "`log.levels` names no module of the server with `rome`")
    });
    server.reserve("Eve", false);
    wait_until("the old levels stay", || details() == 2);
}

#[test]
fn a_large_log_file_is_put_away_and_some_are_kept() {
    let settings = "format = \"json\"\nlevel = \"debug\"\nfile_bytes_max = 10000\nfiles_kept = 2";
    let server = Logged::new("rotated-log", settings);
    let file = server.path("log");
    server.set(&format!("{settings}\nfile = {:?}", file.to_str().expect("text")));
    let server = server.start(&[]);
    let mut asked = 0;
    wait_until("three files were full", || {
        asked += 1;
        server.ask(&json!({ "name": format!("Eve {asked}"), "room": { "code": "2222" } }));
        // Some 300 bytes a line.
        asked > 150 && server.path("log.2").exists()
    });
    wait_until("the last line is written", || server.says("log", &format!("Eve {asked}")));
    for name in ["log", "log.1", "log.2"] {
        let (lines, text) = (server.lines(name), server.text(name));
        assert!(!lines.is_empty() && text.len() <= 10_000 && text.ends_with('\n'), "{name}: {}", text.len());
    }
    assert!(!server.path("log.3").exists());
    assert_eq!(server.text("stderr"), "", "all of it is in the files");
}

#[test]
fn a_full_disk_stops_nothing_and_is_told_once() {
    let server = Logged::new("full-disk", "");
    let file = server.path("log");
    symlink("/dev/full", &file).expect("a folder of ours");
    server.set(&format!("file = {:?}", file.to_str().expect("text")));
    let server = server.start(&[]);
    let told = "framehouse-server: cannot write to the log file ";
    wait_until("it is told", || server.says("stderr", told));
    server.reserve("Ada", false);
    let tick = server.running().status().tick;
    wait_until("the server ticks", || server.running().status().tick > tick + 30);
    assert_eq!(server.text("stderr").matches(told).count(), 1);
    fs::remove_file(&file).expect("a link of ours");
    server.hang_up();
    wait_until("lines are written again", || server.says("log", "the log file is opened again"));
    wait_until("the loss is told", || server.says("log", "lines of this log are lost"));
    assert!(server.says("log", "lines_lost="), "{}", server.text("log"));
}

#[test]
fn a_start_that_fails_is_fatal_in_both_formats() {
    let server = Logged::new("fatal", "").start(&[]);
    let second = |format: &str| {
        let mut command = Command::new(SERVER);
        command.args(["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--log-format", format, "--data-dir"]);
        let told = command.arg(server.path("data")).env_clear().stdin(Stdio::null()).output().expect("a program");
        assert_eq!(told.status.code(), Some(1));
        String::from_utf8(told.stderr).expect("text")
    };
    let (text, lines) = (second("pretty"), second("json"));
    assert!(text.contains("another server uses the data folder") && text.contains("fatal=true"), "{text}");
    let lines: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.iter().any(|line| line["fatal"] == true && line["level"] == "ERROR"), "{lines:?}");
}

#[test]
fn a_panic_that_ends_the_process_is_fatal() {
    let folder = Folder::new("fatal-panic");
    let mut command = Command::new(PANICKING);
    command.args(["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--log-format", "json", "--data-dir"]);
    command.arg(folder.path()).env_clear().env("PANIC_AT_START", "1").stdin(Stdio::null());
    let told = command.output().expect("a program");
    assert_eq!(told.status.code(), Some(101));
    let stderr = String::from_utf8(told.stderr).expect("text");
    // The last words are also for people who start the program by hand, and Bevy prints when it panics.
    let lines: Vec<Value> = stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(
        lines.iter().any(|line| line["message"].as_str().is_some_and(|it| it.contains("wants the start to panic")))
    );
    assert!(lines.last().is_some_and(|line| line["fatal"] == true), "{lines:?}");
}

#[test]
fn settings_that_cannot_be_used_are_refused_in_a_sentence() {
    let server = Logged::new("refused", "file = \"/dev/null/log\"");
    let start = |variables: &[(&str, &str)]| {
        let mut command = Command::new(SERVER);
        command.arg("--config").arg(server.path("server.toml")).env_clear().envs(variables.iter().copied());
        let told = command.stdin(Stdio::null()).output().expect("a program");
        assert_eq!(told.status.code(), Some(1));
        String::from_utf8(told.stderr).expect("text")
    };
    assert!(start(&[]).contains("cannot open the log file /dev/null/log: "));
    assert!(start(&[("RUST_LOG", "a=b=c")]).contains("RUST_LOG is no list of levels"));
    fs::write(server.path("server.toml"), "[server]\nlog_format = \"json\"").expect("a folder of ours");
    assert!(start(&[]).contains("there is no setting `server.log_format`, did you mean `log.format`?"));
}

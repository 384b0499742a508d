//! The server's program: where it prints, and what it keeps in its folder.

use std::{
    env,
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use framehouse_arena::ArenaPlugin;
use framehouse_harness::live::wait_until;
use framehouse_server::key;
use framehouse_shared::{
    api::{KeyInfo, Leaderboard, MatchInfo, PlayerInfo, Status},
    replay::{Replay, ReplayEncoder, ServerKey, canned_replay},
};
use framehouse_tools::replays::Folder;

pub const SERVER: &str = env!("CARGO_BIN_EXE_arena_server");
pub const PANICKING: &str = env!("CARGO_BIN_EXE_panicking_server");

/// Keeps a broken build from hanging.
const START_TIME_MAX: Duration = Duration::from_secs(90);

/// A program with nothing in its environment that could change its settings: only where it counts for coverage.
fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    let coverage = env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file));
    command.env_clear().envs(coverage).stdin(Stdio::null());
    command
}

/// The server's program with these arguments.
pub(crate) fn server(arguments: &[&str]) -> Command {
    let mut command = bare(SERVER);
    command.args(arguments);
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The address that a server prints, read by another thread: it may never print one.
fn url_in(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        let mut urls = lines.filter_map(|line| Some(line.split_once("http://")?.1.split(' ').next()?.to_owned()));
        urls.next().map(|url| sender.send(format!("http://{url}")))
    });
    receiver
}

/// A running server, ended when it goes out of scope.
pub struct Running {
    child: Child,
    url: String,
}

impl Running {
    /// Starts a program that keeps its data in this folder.
    fn start(program: &str, folder: &Path, stderr: impl Into<Stdio>) -> Self {
        Self::start_with(program, folder, stderr, &[])
    }

    /// Like [`start`](Self::start), with more arguments.
    pub fn start_with(program: &str, folder: &Path, stderr: impl Into<Stdio>, arguments: &[&str]) -> Self {
        let mut command = bare(program);
        command.args(arguments);
        Self::start_command(command, folder, stderr)
    }

    /// Starts this command with ports and a folder of its own.
    pub fn start_command(mut command: Command, folder: &Path, stderr: impl Into<Stdio>) -> Self {
        command.args(["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--lanes", "1", "--data-dir"]).arg(folder);
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("a program");
        let output = child.stdout.take().expect("it was asked for");
        let mut running = Self { child, url: String::new() };
        running.url = url_in(output).recv_timeout(START_TIME_MAX).expect("the program says where it is");
        running
    }

    /// The answer to a request.
    pub fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let url = format!("{}{path}", self.url);
        ureq::get(&url).call().expect("an answer").body_mut().read_json().expect("JSON")
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub const fn child(&self) -> &Child {
        &self.child
    }

    /// Its status page.
    pub fn status(&self) -> Status {
        self.get("/v1/status")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A pipe that is full and that nobody reads.
fn full_pipe() -> (io::PipeReader, io::PipeWriter) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    // As much as a pipe holds.
    writer.write_all(&[b'x'; 65_536]).expect("it holds that");
    (reader, writer)
}

#[test]
fn a_full_pipe_on_standard_error_stops_no_tick_also_not_in_a_panic() {
    let folder = Folder::new("full-pipe");
    let (_unread, full) = full_pipe();
    let running = Running::start(PANICKING, folder.path(), full);
    // The game panics at the start already.
    wait_until("the server ticks", || running.status().tick > 30);
}

#[test]
fn a_panic_is_in_the_log_with_its_place() {
    let folder = Folder::new("logged");
    let log = folder.path().join("log");
    let running = Running::start(PANICKING, folder.path(), File::create(&log).expect("a file"));
    let logged = || fs::read_to_string(&log).unwrap_or_default();
    wait_until("the panic is logged", || logged().contains("a test wants this game to have no maps"));
    assert!(logged().contains("panicking_server.rs:"), "{}", logged());
    drop(running);
}

#[test]
fn output_that_nobody_takes_ends_no_program_with_a_panic() {
    let full = || File::options().write(true).open("/dev/full").expect("there is one");
    let told = server(&["config", "show"]).stdout(full()).output().expect("a program");
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stderr).starts_with("framehouse-server: cannot write to standard output: No space left"));
    let (reader, closed) = io::pipe().expect("a pipe");
    drop(reader);
    let told = server(&["config", "show"]).stdout(closed).output().expect("a program");
    assert_eq!((told.status.code(), text(&told.stderr)), (Some(0), String::new()), "silence");
    let told = server(&["config", "check", "nowhere"]).stderr(full()).output().expect("a program");
    assert_eq!(told.status.code(), Some(1), "a panic would be 101");
}

#[test]
fn bots_whose_output_nobody_takes_end_without_a_panic() {
    let full = || File::options().write(true).open("/dev/full").expect("there is one");
    let bots = || {
        let mut command = bare(env!("CARGO_BIN_EXE_arena_bots"));
        // There is no server: they report that.
        command.args(["--server", "http://127.0.0.1:1", "--rooms", "1", "--players", "1", "--seconds", "1"]);
        command
    };
    let told = bots().stdout(full()).output().expect("a program");
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stderr).contains("cannot write to standard output"), "{}", text(&told.stderr));
    let told = bots().stdout(full()).stderr(full()).output().expect("a program");
    assert_eq!(told.status.code(), Some(1), "a panic would be 101");
}

#[test]
fn health_asks_the_server_of_the_same_settings() {
    let folder = Folder::new("health");
    let running = Running::start(SERVER, folder.path(), Stdio::null());
    let address = running.url.trim_start_matches("http://").to_owned();
    let ask = || server(&["health", "--http", &address]).output().expect("a program");
    wait_until("the first tick", || ask().status.success());
    assert_eq!(text(&ask().stderr), "");
    drop(running);
    let told = ask();
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stderr).contains(&format!("no answer from {address}")), "{}", text(&told.stderr));
}

#[test]
fn a_data_folder_has_one_server_and_one_that_is_taken_away_is_told() {
    let folder = Folder::new("one-server");
    let data = folder.path().join("data");
    let running = Running::start(SERVER, &data, Stdio::null());
    assert!(!running.status().data_dir_lost);
    let second = || {
        let mut command = server(&["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data-dir"]);
        command.arg(&data).output().expect("a program")
    };
    drop(fs::remove_file(data.join("lock")));
    let told = second();
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stderr).contains("another server uses the data folder"), "{}", text(&told.stderr));
    fs::rename(&data, folder.path().join("moved")).expect("a folder of ours");
    wait_until("it is noticed", || running.status().data_dir_lost);
}

#[test]
fn a_start_imports_results_and_answers_questions_about_them() {
    let folder = Folder::new("import");
    let player = r#"{"player":"1","slot":0,"name":"Ada","rank":1,"points":7,"since_tick":9,"outcome":"finished","detail":"00000000000000000000000000000000"}"#;
    let line = format!(
        r#"{{"match_id":"{:032x}","match_no":1,"room":"1","code":"2222","map":"basin","game":"arena","rules_hash":"{:016x}","seed":"{:016x}","tick_rate":30,"ticks":3600,"started_unix":1800000000,"ended":"time_up","players":[{player}],"state_hash":"{:016x}"}}"#,
        1, 2, 3, 4
    );
    fs::write(folder.path().join("results.jsonl"), format!("{line}\n")).expect("a folder of ours");
    let settings = folder.path().join("settings.toml");
    fs::write(&settings, "[store]\nboards_unproven = true").expect("a folder of ours");
    let arguments = ["--config", settings.to_str().expect("UTF-8")];
    let running = Running::start_with(SERVER, folder.path(), Stdio::null(), &arguments);
    wait_until("the result is imported", || running.status().store.stored == 1);
    let board: Leaderboard = running.get("/v1/leaderboards/map:basin?limit=5");
    assert_eq!((board.entries.len(), board.entries[0].name.as_str(), board.entries[0].points), (1, "Ada", 7));
    let player: PlayerInfo = running.get(&format!("/v1/players/{}", board.entries[0].player));
    assert_eq!((player.matches, player.best), (1, 7));
    let played: MatchInfo = running.get(&format!("/v1/matches/{:032x}", 1));
    assert_eq!((played.ended_unix, played.replay), (1_800_000_120, None));
    assert!(folder.path().join("framehouse.db").is_file());
    let store = |data_dir: &Path, arguments: &[&str]| {
        let told = server(&["store"]).args(arguments).arg("--data-dir").arg(data_dir).output().expect("a program");
        (told.status.code(), text(&told.stdout), text(&told.stderr))
    };
    let (backup, other) = (folder.path().join("backup"), folder.path().join("other"));
    let (backup, player) = (backup.to_str().expect("UTF-8"), board.entries[0].player.to_string());
    let (code, told, _) = store(folder.path(), &["backup", backup]);
    assert!(code == Some(0) && told.starts_with("1 matches, 0 messages"), "{told}");
    let (code, _, sentence) = store(folder.path(), &["forget", &player]);
    assert!(code == Some(1) && sentence.contains("another server uses the data folder"), "{sentence}");
    let (code, _, sentence) = store(folder.path(), &["restore", backup]);
    assert!(code == Some(1) && sentence.contains("another server uses the data folder"), "{sentence}");
    let (code, told, _) = store(&other, &["restore", backup, "--until", "2027-01-15T08:02:00Z"]);
    assert!(code == Some(0) && told.starts_with("restored: 1 matches"), "{told}");
    let (code, told, sentence) = store(&other, &["check"]);
    assert!(code == Some(0) && told.contains("differences:   0"), "{told} {sentence}");
    assert_eq!(store(&other, &["forget", &player]).0, Some(0));
    let results = fs::read_to_string(other.join("results.jsonl")).expect("they are restored");
    assert!(results.contains("somebody") && !results.contains("Ada"), "{results}");
    fs::write(other.join("results.jsonl"), "").expect("a folder of ours");
    let (code, _, sentence) = store(&other, &["check"]);
    assert!(code == Some(1) && sentence.contains("is in no results file"), "{sentence}");
}

#[test]
fn a_database_that_is_named_wrongly_is_refused_with_one_sentence() {
    let folder = Folder::new("bad-database");
    let mut command = server(&["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data-dir"]);
    let told = command.arg(folder.path()).args(["--database", "mysql://ada:secret@host/name"]).output();
    let told = told.expect("a program");
    let sentence = text(&told.stderr);
    assert_eq!(told.status.code(), Some(1), "{sentence}");
    assert!(sentence.contains("must be the URL of a Postgres database") && !sentence.contains("secret"), "{sentence}");
}

/// Writes a replay into this folder, signed with this key, and returns its path.
fn write_replay(folder: &Path, key: Option<&ServerKey>) -> PathBuf {
    let bytes = canned_replay(ArenaPlugin, 21, 4, 100);
    let replay = Replay::read(&bytes).expect("a replay");
    let before = &bytes[..replay.beginning.length()];
    let encoder = ReplayEncoder::resume(before);
    let end = match key {
        Some(key) => encoder.end_signed(&replay.trailer, key),
        None => encoder.end(&replay.trailer),
    };
    let path = folder.join("some.fhr");
    fs::write(&path, [before, &end].concat()).expect("a file");
    path
}

#[test]
fn the_key_over_http_is_that_of_the_folder_and_stays() {
    let folder = Folder::new("http-key");
    let key_of = |running: Running| running.get::<KeyInfo>("/v1/key");
    let told = key_of(Running::start(SERVER, folder.path(), Stdio::null()));
    assert_eq!(told.algorithm, "ed25519");
    assert_eq!(told.key, key::public(folder.path()).expect("readable").expect("a key").to_string());
    assert_eq!(key_of(Running::start(SERVER, folder.path(), Stdio::null())), told, "also after a restart");
}

#[test]
fn a_replay_is_of_this_server_only_if_its_key_has_signed_it() {
    let folder = Folder::new("proof");
    let key = key::open(folder.path()).expect("a folder of ours");
    let verify = |file: &Path, more: &[&str]| {
        let mut command = server(&["replay", "verify"]);
        let told = command.arg(file).arg("--data-dir").arg(folder.path()).args(more).output().expect("a program");
        (told.status.code(), text(&told.stdout), text(&told.stderr))
    };
    let (code, told, _) = verify(&write_replay(folder.path(), Some(&key)), &[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("played by these rules: yes, rules "), "{told}");
    assert!(told.contains(&format!("by this server: yes, key {}", key.public())), "{told}");
    assert!(told.contains("this result: not checked, there is no result of this match"), "{told}");
    let other = ServerKey::from_secret([9; 32]);
    let (code, told, error) = verify(&write_replay(folder.path(), Some(&other)), &[]);
    assert_eq!(code, Some(1));
    assert!(told.contains("played by these rules: yes") && told.contains("by this server: no"), "{told}");
    assert!(error.contains(&format!("the server with the key {} has signed it", other.public())), "{error}");
    let file = write_replay(folder.path(), Some(&other));
    assert_eq!(verify(&file, &["--key", &other.public().to_string()]).0, Some(0), "as somebody says who knows it");
    let (code, _, error) = verify(&write_replay(folder.path(), None), &[]);
    assert_eq!(code, Some(1));
    assert!(error.contains("nobody has signed it"), "{error}");
}

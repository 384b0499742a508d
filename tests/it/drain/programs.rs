//! The drain of a real server process, and a process whose terminal is closed.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use framehouse_client::rooms::list_maps;
use framehouse_harness::live::wait_until;
use framehouse_shared::{api::ErrorBody, match_end::MatchEnd, replay::Replay, sim::GameFile};
use framehouse_tools::{
    load::process::{Scratch, ServerProcess},
    replays::files_in,
    short_matches::short_matches,
};
use rustix::process::{Pid, Signal, kill_process};

const SERVER: &str = env!("CARGO_BIN_EXE_arena_server");
/// Short pauses around matches of ten seconds.
const SETTINGS: &str = "[rooms]\nlobby_s = 0.0\ncountdown_s = 0.5\nresults_s = 1.0\n";

/// A folder with the arena's files, with matches of ten seconds, on maps of these names.
fn make_game(folder: &Path, maps: &[&str]) -> PathBuf {
    let game = folder.join("game");
    fs::create_dir_all(game.join("maps")).expect("a folder of ours");
    let mut files = short_matches(300);
    let basin = files.pop().expect("a map").text;
    let map = |name: &&str| GameFile { path: format!("maps/{name}.ron"), text: basin.replace("basin", name) };
    files.extend(maps.iter().map(map));
    files.iter().for_each(|file| fs::write(game.join(&file.path), &file.text).expect("a folder of ours"));
    game
}

fn start(scratch: &Scratch, arguments: &[&str]) -> ServerProcess {
    let game = make_game(scratch.path(), &["basin"]);
    let mut all = vec![OsStr::new("--game-dir"), game.as_os_str()];
    all.extend(arguments.iter().map(OsStr::new));
    ServerProcess::start_program(Path::new(SERVER), scratch.path(), SETTINGS, &all).expect("a server")
}

/// Bots of this many rooms, ended when this goes out of scope.
struct Bots(Child);

impl Bots {
    fn play(server: &ServerProcess, rooms: &str, seconds: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arena_bots"));
        command.args(["--server", server.url(), "--rooms", rooms, "--players", "2", "--seconds", seconds, "--json"]);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a program"))
    }
}

impl Drop for Bots {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn wait_for_matches(server: &ServerProcess, count: usize) {
    wait_until("the matches run", || server.status().expect("an answer").rooms_by_phase.playing == count);
}

/// Asks for a seat. Returns the status and the code of the refusal.
fn refused(server: &ServerProcess) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = agent.post(format!("{}/v1/sessions", server.url())).content_type("application/json");
    let mut answer = request.send(r#"{"name":"Ada","room":{"quick":{}}}"#).expect("an answer");
    let body: ErrorBody = answer.body_mut().read_json().expect("a refusal");
    (answer.status().as_u16(), body.error.code)
}

#[test]
fn a_stopped_server_lets_four_matches_end_and_keeps_their_results_and_replays() {
    let scratch = Scratch::new("drain").expect("a folder");
    let server = start(&scratch, &["--drain-limit", "60"]);
    let mut bots = Bots::play(&server, "4", "30");
    wait_for_matches(&server, 4);
    server.terminate().expect("it runs");
    wait_until("it drains", || server.status().expect("an answer").draining.is_some());
    assert_eq!(refused(&server), (503, "draining".to_owned()));
    server.wait().expect("exit status 0");
    let data = scratch.path().join("data");
    let results = fs::read_to_string(data.join("results.jsonl")).expect("results");
    let endings: Vec<MatchEnd> = files_in(&data.join("replays"))
        .iter()
        .map(|file| Replay::read(&fs::read(file).expect("readable")).expect("a whole replay").trailer.ending)
        .collect();
    // A room may have played one match before the others came.
    assert!(endings.len() >= 4 && endings.iter().all(|ending| *ending == MatchEnd::TimeUp), "{endings:?}");
    assert_eq!(results.lines().count(), endings.len());
    assert!(bots.0.wait().expect("a program").success(), "a room that closes before a restart is no failure");
}

#[test]
fn results_that_are_lost_at_the_stop_are_no_good_end() {
    let scratch = Scratch::new("drain-lost").expect("a folder");
    let server = start(&scratch, &["--drain-limit", "60"]);
    let _bots = Bots::play(&server, "1", "30");
    wait_for_matches(&server, 1);
    fs::rename(scratch.path().join("data"), scratch.path().join("aside")).expect("a folder of ours");
    server.terminate().expect("it runs");
    let told = server.wait().expect_err("it cannot write the result");
    assert!(told.contains("exit status: 1") && told.contains("lost"), "{told}");
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let scratch = Scratch::new("drain-twice").expect("a folder");
    let server = start(&scratch, &["--until-empty"]);
    let _bots = Bots::play(&server, "1", "60");
    wait_for_matches(&server, 1);
    server.terminate().expect("it runs");
    let seconds_left = || server.status().expect("an answer").draining.map(|draining| draining.seconds_left);
    wait_until("it drains without a limit", || seconds_left() == Some(None));
    server.terminate().expect("it runs");
    let told = server.wait().expect_err("a drain would end with 0");
    assert!(told.contains("exit status: 1"), "{told}");
}

/// A process that is no child of this one, ended if the test fails.
struct Orphan(Pid);

impl Drop for Orphan {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = kill_process(self.0, Signal::KILL);
        }
    }
}

#[test]
fn a_server_whose_terminal_is_closed_goes_on() {
    let scratch = Scratch::new("terminal").expect("a folder");
    let folder = scratch.path().display();
    let game = make_game(scratch.path(), &["basin"]);
    // The terminal is that of `script`, and the server is its session's leader. Both outputs go to it.
    let line = format!(
        "echo $$ >{folder}/pid; exec {SERVER} --http 127.0.0.1:0 --udp 127.0.0.1:0 --lanes 1 --data-dir {folder}/data \
         --game-dir {}",
        game.display()
    );
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--command", &line]).arg(scratch.path().join("typescript"));
    // Its input has no end while this process has the other end of the pipe.
    let mut terminal = script.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("util-linux is installed");
    let shown = || fs::read_to_string(scratch.path().join("typescript")).unwrap_or_default();
    let url = || Some(format!("http://{}", shown().split_once("http://")?.1.split_whitespace().next()?));
    wait_until("the server says where it is", || url().is_some());
    let url = url().expect("it was there just now");
    let pid = fs::read_to_string(scratch.path().join("pid")).expect("the shell wrote it");
    let server = Orphan(Pid::from_raw(pid.trim().parse().expect("a number")).expect("a process"));
    make_game(scratch.path(), &["basin", "bowl"]);
    terminal.kill().expect("it runs");
    drop(terminal.wait());
    // The hang-up is a SIGHUP, so the server reads its files again, and what it logs about that is lost.
    wait_until("the server reloads", || list_maps(&url).expect("it still runs") == ["basin", "bowl"]);
    kill_process(server.0, Signal::TERM).expect("it runs");
    wait_until("the server stops", || list_maps(&url).is_err());
}

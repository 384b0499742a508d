//! Results in the database, with real databases, a real Redis and the program as it is. This file has shared helpers.

mod archivers;
mod backups;
mod outages;
mod proofs;

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use framehouse_server::results::{FILE_NAME, MatchResult, Outcome, PlayerResult};
use framehouse_shared::{
    api::{Alert, PlayerInfo},
    ids::{AccountId, MatchId, PlayerId, RoomCode, RoomId, Slot},
    match_end::MatchEnd,
    tick::Tick,
};

use crate::programs::{Running, SERVER};

/// End of all matches: 2027-01-15 08:00:00 UTC.
pub const ENDED_S: u64 = 1_800_000_000;

/// A match of a minute with these players and points.
pub fn played(id: u128, points: &[(u128, i64)]) -> MatchResult {
    let player = |(rank, (account, points)): (u8, &(u128, i64))| PlayerResult {
        player: PlayerId(rank.into()),
        account: Some(AccountId(*account)),
        slot: Slot::new(rank - 1).expect("few players"),
        name: format!("player {account}"),
        rank,
        points: *points,
        since_tick: Tick(9),
        detail: [0; 16],
        outcome: Outcome::Finished,
        curve: vec![(Tick(0), 0), (Tick(9), *points)],
    };
    MatchResult {
        match_id: MatchId(id),
        match_no: 1,
        room: RoomId(1),
        code: RoomCode::from_number(1),
        map: "basin".to_owned(),
        game: "arena".to_owned(),
        rules_hash: 1,
        seed: 1,
        tick_rate: 30,
        ticks: 1800,
        started_unix: ENDED_S - 60,
        ended: MatchEnd::TimeUp,
        players: (1..).zip(points).map(player).collect(),
        state_hash: 1,
        replay: None,
        replay_unwritten: None,
        build: Some("0.1.0".to_owned()),
    }
}

/// Matches with these ids, of players 1 and 2.
fn matches(ids: std::ops::Range<u128>) -> Vec<MatchResult> {
    ids.map(|id| played(id, &[(1, 7), (2, 3)])).collect()
}

/// The lines of a results file.
pub fn lines(results: &[MatchResult]) -> Vec<u8> {
    let mut lines = Vec::new();
    results.iter().for_each(|result| result.write_line(&mut lines));
    lines
}

/// Appends to the results file, as a server does at the end of matches.
fn append(folder: &Path, results: &[MatchResult]) {
    let file = OpenOptions::new().append(true).create(true).open(folder.join(FILE_NAME));
    file.and_then(|mut file| file.write_all(&lines(results))).expect("a folder of ours");
}

/// Writes settings with which matches count without a proof, and alerts come and go soon. Returns the arguments for them.
fn settings(folder: &Path, more: &str) -> [String; 2] {
    let file = folder.join("settings.toml");
    let secret = "6b".repeat(32);
    let fleet = format!("[fleet]\nsecret = \"{secret}\"\n");
    let text =
        format!("{fleet}[store]\nboards_unproven = true\n[alerts]\nstore_behind_max_s = 1.0\nrecover_s = 1.0\n{more}");
    fs::write(&file, text).expect("a folder of ours");
    ["--config".to_owned(), file.to_str().expect("UTF-8").to_owned()]
}

/// A server with these settings and more arguments. Its log goes to the file `log`.
fn start(folder: &Path, arguments: &[&str]) -> Running {
    let settings = settings(folder, "");
    let all: Vec<&str> = settings.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
    Running::start_with(SERVER, folder, log(folder), &all)
}

fn log(folder: &Path) -> Stdio {
    OpenOptions::new().append(true).create(true).open(folder.join("log")).expect("a folder of ours").into()
}

/// The lines of the log.
fn logged(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn player(running: &Running, id: u128) -> PlayerInfo {
    running.get(&format!("/v1/players/{}", AccountId(id)))
}

/// Number of stored matches of player 1; 0 while the database does not answer. A counter of the server does not count what
/// was committed when the answer was lost.
fn stored(running: &Running) -> u64 {
    let answer = ureq::get(format!("{}/v1/players/{}", running.url(), AccountId(1))).call();
    answer
        .ok()
        .and_then(|mut answer| answer.body_mut().read_json::<PlayerInfo>().ok())
        .map_or(0, |player| player.matches)
}

/// Whether an alert fires.
fn fires(running: &Running, kind: &str) -> bool {
    running.status().alerts.firing.iter().any(|alert| alert.kind == kind)
}

/// The alert, if it is over.
fn resolved(running: &Running, kind: &str) -> Option<Alert> {
    running.status().alerts.recent.into_iter().find(|alert| alert.kind == kind)
}

/// A program, if it is installed.
fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists())
}

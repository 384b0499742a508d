//! Tests of the result store on real files. This file has shared helpers.

mod compare;
mod disk;
mod file;
mod rotation;
mod sink;
mod store;

use std::{
    env, fs,
    ops::Deref,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use framehouse_shared::{
    ids::{AccountId, MatchId, PlayerId, RoomCode, RoomId, Slot},
    match_end::MatchEnd,
    tick::Tick,
};

use super::{FILE_NAME, MatchResult, Outcome, PlayerResult};

/// A result with this match id.
pub(crate) fn result(id: u128) -> MatchResult {
    let slot = Slot::new(3).expect("in range");
    let mut detail = [0; 16];
    (detail[0], detail[15]) = (1, 2);
    let player = PlayerResult {
        player: PlayerId(0x2a),
        account: Some(AccountId(0xad)),
        slot,
        name: "ada \"\n".to_owned(),
        rank: 1,
        points: -5,
        since_tick: Tick(9),
        detail,
        outcome: Outcome::GaveUp,
        curve: vec![(Tick(0), 0), (Tick(9), -5)],
    };
    MatchResult {
        match_id: MatchId(id),
        match_no: 1,
        room: RoomId(7),
        code: RoomCode::from_number(0),
        map: "basin".to_owned(),
        game: "arena".to_owned(),
        rules_hash: 1,
        seed: u64::MAX,
        tick_rate: 30,
        ticks: 3600,
        started_unix: 1_800_000_000,
        ended: MatchEnd::TimeUp,
        players: vec![player],
        state_hash: 0xff,
        replay: Some(format!("{id:x}.fhr")),
        replay_unwritten: None,
        build: Some("0.1.0".to_owned()),
    }
}

fn results(ids: impl IntoIterator<Item = u128>) -> Vec<MatchResult> {
    ids.into_iter().map(result).collect()
}

/// The line of the result with this match id.
fn line(id: u128) -> String {
    let mut line = Vec::new();
    result(id).write_line(&mut line);
    String::from_utf8(line).expect("JSON is text")
}

/// A temporary folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("framehouse-results-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the temporary folder takes files");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.join(FILE_NAME)
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).expect("the temporary folder takes files");
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).expect("there is a file of results")
    }

    /// The match ids in the file, in order. Panics if a line is not a result.
    fn ids(&self) -> Vec<u128> {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn");
        let id = |line| serde_json::from_str::<MatchResult>(line).expect("every line is a result").match_id.0;
        text.lines().map(id).collect()
    }
}

impl Deref for Folder {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Errors are ignored: the files are temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}

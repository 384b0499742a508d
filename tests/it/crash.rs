//! The verdict of the tool `crash`, on files with known faults.

use std::collections::BTreeSet;

use framehouse_server::results::MatchResult;
use framehouse_shared::{
    ids::{MatchId, RoomCode, RoomId},
    match_end::MatchEnd,
};
use framehouse_tools::crash::compare::{Found, compare};

fn file(ids: impl IntoIterator<Item = u128>) -> String {
    let mut lines = Vec::new();
    for id in ids {
        result(id).write_line(&mut lines);
    }
    String::from_utf8(lines).expect("JSON is text")
}

fn result(id: u128) -> MatchResult {
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
        ticks: 1,
        started_unix: 1,
        ended: MatchEnd::TimeUp,
        players: Vec::new(),
        state_hash: 1,
        replay: None,
        replay_unwritten: None,
        build: None,
    }
}

fn told(ids: impl IntoIterator<Item = u128>) -> BTreeSet<MatchId> {
    ids.into_iter().map(MatchId).collect()
}

#[test]
fn a_file_may_have_more_than_anybody_was_told_of() {
    assert_eq!(compare(&file([1, 2, 3]), &told([3, 1])), Ok(Found { in_file: 3, acknowledged: 2 }));
}

#[test]
fn a_result_that_is_missing_or_twice_is_noticed() {
    assert!(compare(&file([1, 2]), &told([1, 3])).is_err_and(|sentence| sentence.contains("1 acknowledged")));
    assert!(compare(&file([1, 2, 1]), &told([1])).is_err_and(|sentence| sentence.contains("line 3")));
    assert!(compare("", &told([1])).is_err());
}

#[test]
fn a_line_that_is_no_result_is_noticed() {
    assert!(compare(&format!("{}{{}}\n", file([1])), &told([1])).is_err_and(|sentence| sentence.contains("line 2")));
    assert!(compare(file([1]).trim_end(), &told([1])).is_err_and(|sentence| sentence.contains("torn")));
}

#[test]
fn a_silent_server_proves_nothing() {
    assert!(compare(&file([1]), &told([])).is_err());
}

//! Matches count when their replays have proven them. A replay that was altered and a result that its replay does not give
//! never do.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{SystemTime, UNIX_EPOCH},
};

use framehouse_arena::ArenaPlugin;
use framehouse_harness::live::wait_until;
use framehouse_server::{
    key,
    results::{MatchResult, PlayerResult},
};
use framehouse_shared::{
    api::{Leaderboard, MatchInfo},
    ids::{AccountId, MatchId},
    match_end::MatchEnd,
    replay::{Replay, ReplayEncoder, ServerKey, Trailer, canned_replay},
};
use framehouse_tools::replays::Folder;

use super::{append, fires, played, player};
use crate::programs::{Running, SERVER};

/// A replay with this id, as the server with this key would have written it.
fn replay(seed: u64, key: &ServerKey) -> Vec<u8> {
    let bytes = canned_replay(ArenaPlugin, seed, 2, 100);
    let replay = Replay::read(&bytes).expect("a replay");
    let before = &bytes[..replay.beginning.length()];
    let trailer = Trailer { ending: MatchEnd::TimeUp, ..replay.trailer.clone() };
    [before, &ReplayEncoder::resume(before).end_signed(&trailer, key)].concat()
}

/// The result of a replay, for two players that have no other match.
fn result(bytes: &[u8]) -> MatchResult {
    let replay = Replay::read(bytes).expect("a replay");
    let (header, ranking) = (replay.header(), replay.trailer.ranking.clone().expect("a whole match has one"));
    let model = played(header.match_id.0, &[(1, 0)]);
    let player = |(rank, ranked): (u8, framehouse_shared::replay::RankedPlayer)| PlayerResult {
        account: Some(AccountId(header.match_id.0 * 100 + u128::from(u8::from(ranked.slot)))),
        slot: ranked.slot,
        name: ranked.name,
        rank,
        points: ranked.score.points,
        since_tick: ranked.score.since,
        detail: ranked.score.detail,
        ..model.players[0].clone()
    };
    MatchResult {
        map: header.map.clone(),
        game: header.game.clone(),
        rules_hash: header.rules_hash,
        seed: header.seed,
        tick_rate: header.tick_rate,
        ticks: replay.trailer.ticks,
        // A missing replay is waited for some minutes only.
        started_unix: SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs(),
        players: (1..).zip(ranking).map(player).collect(),
        ..model.clone()
    }
}

fn write(folder: &Path, id: MatchId, bytes: &[u8]) {
    let replays = folder.join("replays");
    fs::create_dir_all(&replays).expect("a folder of ours");
    // At once, as a server does: half a replay would be damaged.
    let draft = replays.join("draft");
    fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, replays.join(format!("{id}.fhr")))).expect("our folder");
}

fn proof(running: &Running, result: &MatchResult) -> String {
    running.get::<MatchInfo>(&format!("/v1/matches/{}", result.match_id)).proof
}

fn on_board(running: &Running) -> Vec<AccountId> {
    let board: Leaderboard = running.get("/v1/leaderboards/all?limit=100");
    board.entries.into_iter().map(|entry| entry.player).collect()
}

#[test]
fn what_its_replay_does_not_prove_counts_nowhere() {
    let folder = Folder::new("store-proofs");
    let key = key::open(folder.path()).expect("a folder of ours");
    let (good, altered, forged) = (replay(21, &key), replay(22, &key), replay(23, &key));
    let results = [&good, &altered, &forged].map(|bytes| result(bytes));
    let mut lying = results.clone();
    lying[2].players[0].points += 1;
    append(folder.path(), &lying);
    let running = Running::start_with(SERVER, folder.path(), Stdio::null(), &[]);
    wait_until("they are stored", || running.status().store.stored == 3);
    assert_eq!((on_board(&running), proof(&running, &results[0])), (Vec::new(), "waiting".to_owned()));
    let rating = |result: &MatchResult| player(&running, result.players[0].account.expect("it has one").0).rating;
    assert_eq!(results.each_ref().map(rating), [None, None, None], "ratings wait, too");
    write(folder.path(), results[1].match_id, &{
        let mut bytes = altered;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    });
    write(folder.path(), results[2].match_id, &forged);
    write(folder.path(), results[0].match_id, &good);
    wait_until("they are judged", || {
        let status = running.status().store;
        status.proven + status.refused == 3
    });
    assert_eq!(results.each_ref().map(|result| proof(&running, result)), ["proven", "refused", "refused"]);
    let ids = |result: &MatchResult| result.players.iter().filter_map(|player| player.account).collect::<Vec<_>>();
    wait_until("the good one is on the board", || !on_board(&running).is_empty());
    let (mut found, mut expected) = (on_board(&running), ids(&results[0]));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let ratings = results.each_ref().map(rating);
    assert!(ratings[0].is_some() && ratings[1..] == [None, None], "{ratings:?}");
    wait_until("the operator is told", || fires(&running, "match_refused"));
}

#[test]
fn servers_with_the_same_key_for_players_know_the_same_players() {
    let [first, second, third] = ["one", "two", "three"].map(|name| Folder::new(&format!("players-key-{name}")));
    let player = |folder: &Folder| -> String {
        let running = Running::start_with(SERVER, folder.path(), Stdio::null(), &[]);
        let body = serde_json::json!({"name": "Ada", "room": {"quick": {}}, "player_secret": "0c".repeat(16)});
        let mut answer = ureq::post(format!("{}/v1/sessions", running.url())).send_json(body).expect("a seat");
        let grant: serde_json::Value = answer.body_mut().read_json().expect("JSON");
        grant["player"].as_str().expect("an id").to_owned()
    };
    let known = player(&first);
    fs::copy(first.path().join("server.key"), second.path().join("players.key")).expect("folders of ours");
    assert_eq!([player(&second), player(&first)], [known.clone(), known.clone()]);
    assert_ne!(player(&third), known);
    let keys = [&first, &second].map(|folder| key::public(folder.path()).expect("readable"));
    assert_ne!(keys[0], keys[1], "each signs with its own");
}

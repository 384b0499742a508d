//! A match counts when its replay has proven it, and never when its replay refutes it.

use std::fs;

use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    ids::MatchId,
    match_end::MatchEnd,
    replay::{Replay, ReplayEncoder, Trailer, canned_replay},
};

use super::*;
use crate::{
    replay::folder::{FOLDER_NAME, part_path, whole_path},
    store::{
        proof::{Judgement, Proof, Prover},
        record::Match,
    },
};

on_both! {
    a_match_counts_when_its_replay_has_proven_it
    a_refused_match_leaves_the_boards_and_the_next_best_takes_its_place
    matches_that_wait_for_their_replays_delay_no_others
}

fn server_key() -> ServerKey {
    ServerKey::from_secret([7; 32])
}

/// A replay with this id, as a server with this key would have written it, and with a change.
fn replay_with(seed: u64, key: Option<&ServerKey>, change: impl Fn(&mut Trailer)) -> Vec<u8> {
    let bytes = canned_replay(ArenaPlugin, seed, 2, 100);
    let replay = Replay::read(&bytes).expect("a replay");
    let before = &bytes[..replay.beginning.length()];
    let mut trailer = Trailer { ending: MatchEnd::TimeUp, ..replay.trailer.clone() };
    change(&mut trailer);
    let encoder = ReplayEncoder::resume(before);
    let end = match key {
        Some(key) => encoder.end_signed(&trailer, key),
        None => encoder.end(&trailer),
    };
    [before, &end].concat()
}

fn good_replay(seed: u64) -> Vec<u8> {
    replay_with(seed, Some(&server_key()), |_| ())
}

/// The result that a replay has. Seats are players 1 and 2.
fn result_of(bytes: &[u8]) -> MatchResult {
    let replay = Replay::read(bytes).expect("a replay");
    let (header, result) = (replay.header(), crate::results::tests::result(1));
    let ranking = replay.trailer.ranking.clone().expect("a whole match has one");
    let players = (1..).zip(ranking).map(|(rank, ranked)| PlayerResult {
        account: Some(AccountId(u128::from(u8::from(ranked.slot)) + 1)),
        slot: ranked.slot,
        name: ranked.name,
        rank,
        points: ranked.score.points,
        since_tick: ranked.score.since,
        detail: ranked.score.detail,
        ..result.players[0].clone()
    });
    MatchResult {
        match_id: header.match_id,
        code: header.room,
        map: header.map.clone(),
        game: header.game.clone(),
        rules_hash: header.rules_hash,
        seed: header.seed,
        tick_rate: header.tick_rate,
        ticks: replay.trailer.ticks,
        started_unix: NOW_S - 60,
        players: players.collect(),
        ..result
    }
}

impl TestDatabase {
    fn replay_folder(&self) -> PathBuf {
        let folder = self.folder.join(FOLDER_NAME);
        fs::create_dir_all(&folder).expect("a folder of ours");
        folder
    }

    fn prover(&self) -> Prover {
        Prover::new(ArenaPlugin, self.replay_folder(), key())
    }

    fn write_replay(&self, bytes: &[u8]) {
        let id = Replay::read(bytes).expect("a replay").header().match_id;
        fs::write(whole_path(&self.replay_folder(), id), bytes).expect("the temporary folder takes files");
    }

    fn start_proving(&self, boards_unproven: bool) -> (Store, StoreThread) {
        let options = StoreOptions { prover: Some(self.prover()), boards_unproven, ..self.options() };
        start(options).map_err(|error| error.to_string()).expect("it starts")
    }
}

async fn proof_of(store: &Store, id: u128) -> String {
    store.match_info(MatchId(id)).await.expect("it is stored").proof
}

/// Players and points on the board of all matches.
async fn on_board(store: &Store) -> Vec<(u128, i64)> {
    let entries = page(store, "all", BoardQuery::default()).await;
    entries.into_iter().map(|(_, player, points)| (player, points)).collect()
}

async fn a_match_counts_when_its_replay_has_proven_it(database: TestDatabase) {
    let bytes = good_replay(21);
    let result = result_of(&bytes);
    database.folder.append(&lines(std::slice::from_ref(&result)));
    let (store, _thread) = database.start_proving(false);
    wait_until(&store, |status| status.stored == 1).await;
    assert_eq!((proof_of(&store, 21).await.as_str(), on_board(&store).await), ("waiting", vec![]));
    database.write_replay(&bytes);
    wait_until(&store, |status| status.proven == 1).await;
    assert_eq!(proof_of(&store, 21).await, "proven");
    let expected: Vec<_> =
        result.players.iter().map(|player| (player.account.expect("all have one").0, player.points)).collect();
    assert_eq!(on_board(&store).await.len(), 2);
    assert!(on_board(&store).await.iter().all(|entry| expected.contains(entry)), "{expected:?}");
}

async fn a_refused_match_leaves_the_boards_and_the_next_best_takes_its_place(database: TestDatabase) {
    let bytes = good_replay(21);
    let mut forged = result_of(&bytes);
    forged.players[0].points += 1_000_000;
    forged.players[0].account = Some(AccountId(1));
    forged.players.truncate(1);
    let honest = played(5, &forged.map, NOW_S - 86_400, &[(1, 7)]);
    let other = played(6, &forged.map, NOW_S, &[(3, 9)]);
    database.folder.append(&lines(&[honest, other, forged.clone()]));
    // Somebody waits for no proof.
    let (store, thread) = database.start_proving(true);
    wait_until(&store, |status| status.stored == 3).await;
    assert_eq!(on_board(&store).await, [(1, forged.players[0].points), (3, 9)]);
    database.write_replay(&bytes);
    wait_until(&store, |status| status.refused == 1).await;
    assert_eq!(proof_of(&store, 21).await, "refused");
    assert_eq!(on_board(&store).await, [(3, 9), (1, 7)]);
    assert_eq!(page(&store, "day", BoardQuery::default()).await, [(1, 3, 9)], "the honest one was yesterday");
    assert_eq!(page(&store, &format!("map:{}", forged.map), BoardQuery::default()).await, [(1, 3, 9), (2, 1, 7)]);
    assert!(thread.close(LONG));
}

async fn matches_that_wait_for_their_replays_delay_no_others(database: TestDatabase) {
    let bytes = good_replay(21);
    let (folder, old) = (database.replay_folder(), result_of(&bytes));
    let waiting: Vec<_> = (1000..1100).map(|id| played(id, "basin", NOW_S, &[(1, 1)])).collect();
    for result in &waiting {
        fs::write(part_path(&folder, result.match_id), b"").expect("the temporary folder takes files");
    }
    database.write_replay(&bytes);
    database.folder.append(&lines(&[vec![MatchResult { started_unix: 1_700_000_000, ..old }], waiting].concat()));
    let (store, _thread) = database.start_proving(false);
    wait_until(&store, |status| status.proven == 1).await;
    let status = store.status();
    assert_eq!((status.refused, status.unproven), (0, 0));
    assert_eq!(proof_of(&store, 1000).await, "waiting");
}

/// How a match is judged with these bytes as its replay, a day after it.
fn judged(result: &MatchResult, bytes: &[u8]) -> Judgement {
    let database = TestDatabase::sqlite();
    fs::write(whole_path(&database.replay_folder(), result.match_id), bytes).expect("a file");
    database.prover().judge(&Match::of(result), NOW_S + 86_400)
}

#[test]
fn a_replay_proves_refutes_or_says_nothing() {
    let good = good_replay(21);
    let result = result_of(&good);
    assert_eq!(judged(&result, &good), (Proof::Proven, String::new()));
    let of_others = replay_with(21, Some(&ServerKey::from_secret([8; 32])), |_| ());
    // The ranking agrees with the result, and the simulation with neither.
    let raise = |trailer: &mut Trailer| {
        let ranking = trailer.ranking.as_mut().expect("a whole match has one");
        ranking[0].score.points += 1;
    };
    let forged = replay_with(21, Some(&server_key()), raise);
    let longer = MatchResult { ticks: result.ticks + 1, ..result.clone() };
    let mut other_score = result.clone();
    other_score.players[0].points += 1;
    for (refused, bytes, reason) in [
        (&result, &good[..good.len() - 1], "damaged"),
        (&result, &of_others[..], "has not signed"),
        (&result_of(&forged), &forged[..], "final ranking differs"),
        (&longer, &good[..], "another length"),
        (&other_score, &good[..], "another score"),
        (&MatchResult { match_id: MatchId(5), ..result.clone() }, &good[..], "another id"),
    ] {
        let (proof, why) = judged(refused, bytes);
        assert!(proof == Proof::Refused && why.contains(reason), "{reason}: {proof:?} {why}");
    }
    let unsigned = replay_with(21, None, |_| ());
    let cut_off = replay_with(21, Some(&server_key()), |trailer| trailer.ending = MatchEnd::ServerStopped);
    for (bytes, reason) in [(&unsigned, "nobody has signed"), (&cut_off, "ends before")] {
        let (proof, why) = judged(&result, bytes);
        assert!(proof == Proof::Unproven && why.contains(reason), "{reason}: {proof:?} {why}");
    }
}

#[test]
fn a_missing_replay_is_waited_for_and_not_for_ever() {
    let database = TestDatabase::sqlite();
    let (played, prover) = (Match::of(&played(9, "basin", NOW_S, &[(1, 1)])), database.prover());
    let at = |now_s| prover.judge(&played, now_s).0;
    assert_eq!([at(NOW_S), at(NOW_S + 599), at(NOW_S + 600)], [Proof::Waiting, Proof::Waiting, Proof::Unproven]);
    fs::write(part_path(&database.replay_folder(), MatchId(9)), b"").expect("a file");
    assert_eq!(at(NOW_S + 600), Proof::Waiting, "it is being written");
}

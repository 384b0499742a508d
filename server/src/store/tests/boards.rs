//! Leaderboards are what a sort in memory says.

use std::{cmp::Reverse, collections::BTreeMap};

use framehouse_shared::ids::MatchId;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::*;
use crate::store::{
    boards::{List, lists_of},
    insert::store as store_batch,
    pages::PageKey,
    read,
    record::Match,
    result_files::Position,
};

on_both! {
    boards_are_what_a_sort_in_memory_says
    days_and_weeks_change_at_midnight_utc
    boards_show_the_entries_around_a_player
    a_page_shows_a_new_entry_at_once
}

/// Sunday evening before a Monday in UTC, 2027-01-17.
const SUNDAY_S: u64 = 1_800_230_399;

/// Results of few players, maps and times, so that all ties happen.
fn results() -> impl Strategy<Value = Vec<MatchResult>> {
    let part = (0..6_u128, -2..4_i64);
    let one = (0..3_u8, 0..5_u64, prop::collection::vec(part, 1..5));
    prop::collection::vec(one, 1..30).prop_map(|all| {
        let with_id = |(id, (map, late, parts)): (u128, (u8, u64, Vec<(u128, i64)>))| {
            // Around midnight, and the weeks on both sides of it.
            let ended_s = SUNDAY_S + 1 - 2 * 43_200 + late * 43_200;
            played(id * 7919 % 1009, ["", "basin", "ridge"][usize::from(map)], ended_s, &parts)
        };
        (1..).zip(all).map(with_id).collect()
    })
}

/// Player and points by rank of each list.
fn sorted(results: &[MatchResult]) -> BTreeMap<List, Vec<(u128, i64)>> {
    let mut best: BTreeMap<List, BTreeMap<u128, _>> = BTreeMap::new();
    for result in results {
        let ended_s = result.started_unix + 60;
        for (list, player) in lists_of(&result.map, ended_s)
            .flat_map(|list| result.players.iter().map(move |player| (list.clone(), player)))
        {
            let id = player.account.expect("all have one").0;
            let entry = (Reverse(player.points), ended_s);
            let kept = best.entry(list).or_default().entry(id).or_insert(entry);
            *kept = entry.min(*kept);
        }
    }
    let by_rank = |entries: BTreeMap<u128, (Reverse<i64>, u64)>| {
        let mut all: Vec<_> = entries.into_iter().map(|(id, (points, ended_s))| (points, ended_s, id)).collect();
        all.sort();
        all.into_iter().map(|(Reverse(points), _, id)| (id, points)).collect()
    };
    best.into_iter().map(|(list, entries)| (list, by_rank(entries))).collect()
}

async fn boards_are_what_a_sort_in_memory_says(database: TestDatabase) {
    let pool = database.migrated().await.writer;
    let check = async |results: Vec<MatchResult>, batch: usize| {
        let clear = "DELETE FROM boards; DELETE FROM players; DELETE FROM match_players; DELETE FROM matches";
        sqlx::raw_sql(clear).execute(&pool).await.expect("they are there");
        let matches: Vec<Match> = results.iter().map(Match::of).collect();
        for batch in matches.chunks(batch) {
            store_batch(&pool, "a", batch, Position::default(), true).await.expect("it stores");
        }
        for (list, expected) in sorted(&results) {
            let key = PageKey { list, limit: 100, around: None };
            let page = read::leaderboard(&pool, &key).await.expect("an answer");
            let found: Vec<_> = page.entries.iter().map(|entry| (entry.player.0, entry.points)).collect();
            assert_eq!(found, expected, "{key:?}");
            assert!((1..).zip(&page.entries).all(|(rank, entry)| entry.rank == rank));
        }
        for (id, _) in &sorted(&results)[&List::at("all", 0).expect("a board")] {
            let player = read::player(&pool, AccountId(*id)).await.expect("it played");
            let own =
                |result: &&MatchResult| result.players.iter().any(|player| player.account == Some(AccountId(*id)));
            assert_eq!(player.matches as usize, results.iter().filter(own).count());
        }
    };
    let mut runner = TestRunner::deterministic();
    for _ in 0..24 {
        let case = (results(), 1..40_usize).new_tree(&mut runner).expect("a case");
        let (results, batch) = case.current();
        check(results, batch).await;
    }
}

async fn days_and_weeks_change_at_midnight_utc(database: TestDatabase) {
    database.folder.append(&lines(&[
        played(1, "basin", SUNDAY_S, &[(1, 10)]),
        played(2, "basin", SUNDAY_S + 1, &[(2, 20)]),
        played(3, "basin", NOW_S, &[(3, 30)]),
    ]));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 3).await;
    let at = |period: &str| BoardQuery { period: Some(period.to_owned()), ..BoardQuery::default() };
    assert_eq!(page(&store, "day", at("2027-01-17")).await, [(1, 1, 10)]);
    assert_eq!(page(&store, "day", at("2027-01-18")).await, [(1, 2, 20)]);
    assert_eq!(page(&store, "day", BoardQuery::default()).await, [(1, 3, 30)], "today is 2027-01-15");
    assert_eq!(page(&store, "week", BoardQuery::default()).await, [(1, 3, 30), (2, 1, 10)]);
    assert_eq!(page(&store, "week", at("2027-W03")).await, [(1, 2, 20)]);
    assert_eq!(page(&store, "day", at("2026-01-01")).await, []);
    for (board, period) in [("day", "2027-W03"), ("day", "yesterday"), ("all", "2027-01-17"), ("day", ""), ("year", "")]
    {
        assert!(store.leaderboard(board, &at(period)).await.is_err(), "{board} {period}");
    }
}

async fn boards_show_the_entries_around_a_player(database: TestDatabase) {
    let all: Vec<_> = (0..50).map(|id| (id, 100 - id as i64)).collect();
    database.folder.append(&lines(&[played(1, "basin", NOW_S, &all)]));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 1).await;
    let around = |id, limit| BoardQuery { around: Some(AccountId(id)), limit: Some(limit), ..BoardQuery::default() };
    let ids = async |query| {
        page(&store, "map:basin", query).await.iter().map(|(rank, id, _)| (*rank, *id)).collect::<Vec<_>>()
    };
    assert_eq!(ids(around(20, 5)).await, (19..24).zip(18..23).collect::<Vec<_>>());
    assert_eq!(ids(around(0, 3)).await, [(1, 0), (2, 1), (3, 2)]);
    assert_eq!(ids(around(49, 5)).await, [(48, 47), (49, 48), (50, 49)]);
    assert_eq!(ids(BoardQuery { limit: Some(0), ..BoardQuery::default() }).await, [(1, 0)]);
    assert_eq!(ids(BoardQuery { limit: Some(u32::MAX), ..BoardQuery::default() }).await.len(), 50);
    assert_eq!(store.leaderboard("all", &around(77, 5)).await, Err(crate::store::ReadError::NoSuchPlayer));
    assert_eq!(page(&store, "map:nowhere", BoardQuery::default()).await, []);
}

async fn a_page_shows_a_new_entry_at_once(database: TestDatabase) {
    let (store, _thread) = database.start();
    for id in 1..20 {
        database.folder.append(&lines(&[played(id, "basin", NOW_S, &[(id, id as i64)])]));
        wait_until(&store, |status| u128::from(status.stored) == id).await;
        let page = store.leaderboard("all", &BoardQuery::default()).await.expect("an answer");
        assert_eq!(page.entries[0].match_id, MatchId(id));
    }
    let status = store.status();
    assert_eq!(status.board_hits + status.board_misses, 19);
}

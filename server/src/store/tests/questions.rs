//! Questions about players and matches, also of hostile ones.

use framehouse_shared::{api::MatchesQuery, ids::MatchId};

use super::*;
use crate::store::ReadError;

on_both! {
    a_players_matches_are_read_page_by_page
    a_match_is_read_as_it_was_stored
    whatever_names_say_is_stored_as_a_name
}

async fn a_players_matches_are_read_page_by_page(database: TestDatabase) {
    // Five at each time.
    let all: Vec<_> = (1..=25).map(|id| played(id, "basin", NOW_S + id as u64 / 5, &[(1, 1), (2, 2)])).collect();
    database.folder.append(&lines(&all));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 25).await;
    let (mut before, mut ids) = (None, Vec::new());
    loop {
        let query = MatchesQuery { before, limit: Some(7) };
        let page = store.matches_of(AccountId(1), &query).await.expect("an answer").matches;
        assert!(
            page.iter().all(|played| (played.rank, played.points, played.players) == (1, 1, 2) && played.has_replay)
        );
        let Some(last) = page.last() else { break };
        before = Some(last.match_id);
        ids.extend(page.iter().map(|played| played.match_id.0));
    }
    assert_eq!(ids, (1..=25).rev().collect::<Vec<_>>());
    let at = |before| MatchesQuery { before: Some(MatchId(before)), limit: None };
    assert_eq!(store.matches_of(AccountId(1), &at(99)).await, Err(ReadError::NoSuchMatch));
    assert_eq!(store.matches_of(AccountId(3), &MatchesQuery::default()).await, Err(ReadError::NoSuchPlayer));
    assert_eq!(store.player(AccountId(3)).await, Err(ReadError::NoSuchPlayer));
}

async fn a_match_is_read_as_it_was_stored(database: TestDatabase) {
    let result = played(5, "basin", NOW_S, &[(1, i64::MAX), (2, i64::MIN)]);
    database.folder.append(&lines(std::slice::from_ref(&result)));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 1).await;
    let found = store.match_info(MatchId(5)).await.expect("it was played");
    assert_eq!((found.started_unix, found.ended_unix), (NOW_S - 60, NOW_S));
    assert_eq!(
        (found.ended.as_str(), found.proof.as_str(), found.build.as_deref()),
        ("time_up", "waiting", Some("0.1.0"))
    );
    assert_eq!(found.replay.as_deref(), Some("/v1/replays/00000000000000000000000000000005"));
    let player = &found.players[0];
    assert_eq!((player.player, player.seat, player.rank, player.points), (AccountId(1), 3, 1, i64::MAX));
    assert_eq!((player.outcome.as_str(), &player.curve[..]), ("gave_up", &[(0, 0), (9, -5)][..]));
    assert_eq!(player.detail, "01000000000000000000000000000002");
    assert_eq!(page(&store, "all", BoardQuery::default()).await, [(1, 1, i64::MAX), (2, 2, i64::MIN)]);
    assert_eq!(store.match_info(MatchId(6)).await, Err(ReadError::NoSuchMatch));
}

async fn whatever_names_say_is_stored_as_a_name(database: TestDatabase) {
    let names = ["'; DROP TABLE x; --", "$1", "\u{202e}evil", "a\0b", "", "\u{7}", "Zoe\u{308}", "💥"];
    let mut hostile = played(1, "basin", NOW_S, &[(1, 1); 8]);
    for (index, (player, name)) in hostile.players.iter_mut().zip(names).enumerate() {
        (player.account, player.name) = (Some(AccountId(1 + index as u128)), name.to_owned());
    }
    hostile.map = format!("a\0b{}", "ü".repeat(5000));
    (hostile.game, hostile.started_unix, hostile.tick_rate) = ("\0".to_owned(), u64::MAX, 0);
    hostile.replay = Some("\0".repeat(10));
    database.folder.append(&lines(&[hostile, played(2, "basin", NOW_S, &[(1, 2)])]));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 2).await;
    let found = store.match_info(MatchId(1)).await.expect("it was played");
    let stored: Vec<_> = found.players.iter().map(|player| player.name.as_str()).collect();
    assert_eq!(stored, ["'; DROP TABLE x; --", "$1", "evil", "?", "?", "?", "Zo\u{eb}", "💥"]);
    assert_eq!((found.ended_unix, found.map.chars().count()), (i64::MAX as u64, 128));
    let boards = store.boards().await.expect("an answer").boards;
    assert_eq!(boards.len(), 5);
    assert_eq!(page(&store, &boards[3].board, BoardQuery::default()).await.len(), 8);
    assert_eq!(page(&store, "map:'; DROP TABLE boards; --", BoardQuery::default()).await, []);
    for board in ["map:\0".to_owned(), format!("map:{}", "x".repeat(129))] {
        assert_eq!(store.leaderboard(&board, &BoardQuery::default()).await, Err(ReadError::NoSuchBoard));
    }
}

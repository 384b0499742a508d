//! Tests of the comparison of a result with the replay of its match.

use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    replay::{RankedPlayer, Replay, canned_replay},
    state_hash::StateHashes,
};

use super::*;
use crate::results::compare::difference;

/// The result of the match in this replay.
fn result_of(replay: &Replay) -> MatchResult {
    let (header, trailer) = (replay.header(), &replay.trailer);
    let player = |(rank, ranked): (u8, &RankedPlayer)| PlayerResult {
        slot: ranked.slot,
        name: ranked.name.clone(),
        rank,
        points: ranked.score.points,
        since_tick: ranked.score.since,
        detail: ranked.score.detail,
        ..result(1).players[0].clone()
    };
    MatchResult {
        match_id: header.match_id,
        code: header.room,
        map: header.map.clone(),
        rules_hash: header.rules_hash,
        seed: header.seed,
        tick_rate: header.tick_rate,
        ticks: trailer.ticks,
        state_hash: trailer.hashes.as_ref().map_or(0, StateHashes::combined),
        players: (1..).zip(trailer.ranking.as_deref().expect("a ranking")).map(player).collect(),
        ..result(1)
    }
}

#[test]
fn the_result_of_a_match_is_its_own_and_no_changed_one() {
    let bytes = canned_replay(ArenaPlugin, 5, 4, 300);
    let replay = Replay::read(&bytes).expect("a replay");
    let right = result_of(&replay);
    assert_eq!(difference(&right, &replay), None);
    let with = |change: fn(&mut MatchResult)| {
        let mut changed = right.clone();
        change(&mut changed);
        difference(&changed, &replay).expect("it was changed")
    };
    for (change, told) in [
        (with(|result| result.map.push('x')), "map"),
        (with(|result| result.seed += 1), "seed"),
        (with(|result| result.rules_hash += 1), "rules"),
        (with(|result| result.ticks += 1), "length"),
        (with(|result| result.state_hash += 1), "last state"),
        (with(|result| result.players[0].points += 1), "score"),
        (with(|result| result.players[1].name.push('x')), "score"),
        (with(|result| drop(result.players.pop())), "score"),
    ] {
        assert!(change.contains(told), "{change}");
    }
}

#[test]
fn players_that_left_are_in_the_result_only() {
    let bytes = canned_replay(ArenaPlugin, 5, 4, 300);
    let replay = Replay::read(&bytes).expect("a replay");
    let mut result = result_of(&replay);
    let gone = PlayerResult { name: "gone".to_owned(), outcome: Outcome::Left, ..result.players[0].clone() };
    result.players.push(gone);
    assert_eq!(difference(&result, &replay), None);
}

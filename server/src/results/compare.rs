//! Compares a stored result with the replay of its match.

use framehouse_shared::replay::{RankedPlayer, Replay};

use super::{MatchResult, PlayerResult};

/// The first thing that differs, for a sentence of the form "the result has ..".
pub(crate) fn difference(result: &MatchResult, replay: &Replay) -> Option<String> {
    let (header, trailer) = (replay.header(), &replay.trailer);
    if (result.game.as_str(), result.map.as_str()) != (header.game.as_str(), header.map.as_str()) {
        return Some("another game or map".to_owned());
    }
    if (result.code, result.seed, result.tick_rate) != (header.room, header.seed, header.tick_rate) {
        return Some("another room, seed or tick rate".to_owned());
    }
    if result.rules_hash != header.rules_hash {
        return Some(format!("other rules ({:016x})", result.rules_hash));
    }
    if result.ticks != trailer.ticks {
        return Some(format!("another length ({} ticks)", result.ticks));
    }
    if trailer.hashes.as_ref().is_some_and(|hashes| hashes.combined() != result.state_hash) {
        return Some("another last state".to_owned());
    }
    let ranking = trailer.ranking.as_deref().unwrap_or_default();
    let missing = ranking.iter().find(|ranked| !result.players.iter().any(|player| is_same(player, ranked)));
    missing.map(|ranked| format!("another score in seat {}", ranked.slot))
}

fn is_same(player: &PlayerResult, ranked: &RankedPlayer) -> bool {
    (player.slot, &player.name) == (ranked.slot, &ranked.name)
        && (player.points, player.since_tick, player.detail)
            == (ranked.score.points, ranked.score.since, ranked.score.detail)
}

//! Bodies and query of `GET /v1/players/{id}`, `GET /v1/players/{id}/matches` and `GET /v1/matches/{id}`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::match_id;
use crate::ids::{AccountId, MatchId};

/// Maximum number of matches in one answer.
pub const MATCHES_MAX: u32 = 100;
/// Number of matches in an answer without a `limit`.
pub const MATCHES_DEFAULT: u32 = 20;

/// Answer to `GET /v1/players/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlayerInfo {
    /// The player.
    pub player: AccountId,
    /// Name, as last seen.
    pub name: String,
    /// End of the first match, in seconds since 1970-01-01 UTC.
    pub first_seen_unix: u64,
    /// End of the last match, in seconds since 1970-01-01 UTC.
    pub last_seen_unix: u64,
    /// Number of matches.
    pub matches: u64,
    /// Most points in a match.
    pub best: i64,
    /// Rating; nothing before the first match with other players, and from servers of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
}

/// Rating of a player by Weng and Lin (as OpenSkill's). A player begins with 25 and 8.33.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rating {
    /// Mean.
    pub mu: f64,
    /// Uncertainty, one standard deviation.
    pub sigma: f64,
}

/// Query of `GET /v1/players/{id}/matches`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchesQuery {
    /// The matches before this one; without it the newest ones.
    #[serde(deserialize_with = "match_id::some")]
    pub before: Option<MatchId>,
    /// Maximum number of matches, 1 to [`MATCHES_MAX`]; [`MATCHES_DEFAULT`] without it.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u32>,
}

impl MatchesQuery {
    /// Maximum number of matches, 1 to [`MATCHES_MAX`].
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(MATCHES_DEFAULT).clamp(1, MATCHES_MAX)
    }
}

/// Answer to `GET /v1/players/{id}/matches`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlayerMatches {
    /// Matches, newest first.
    pub matches: Vec<PlayedMatch>,
}

/// A player's match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlayedMatch {
    /// The match.
    #[serde(with = "match_id")]
    pub match_id: MatchId,
    /// Id of the game.
    pub game: String,
    /// Name of the map.
    pub map: String,
    /// End of the match, in seconds since 1970-01-01 UTC.
    pub ended_unix: u64,
    /// Whether a replay was written. It may have been removed.
    pub has_replay: bool,
    /// Rank of the player, from 1.
    pub rank: u32,
    /// Number of players.
    pub players: u32,
    /// Points of the player.
    pub points: i64,
    /// `finished`, `gave_up`, `left` or `away`.
    pub outcome: String,
}

/// Answer to `GET /v1/matches/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchInfo {
    /// The match.
    #[serde(with = "match_id")]
    pub match_id: MatchId,
    /// Id of the game.
    pub game: String,
    /// Name of the map.
    pub map: String,
    /// Hash of the rules and the map: 16 digits.
    pub rules_hash: String,
    /// Version of the server that played it, if it is known.
    pub build: Option<String>,
    /// Ticks per second.
    pub tick_rate: u32,
    /// Number of ticks.
    pub ticks: u32,
    /// Beginning, in seconds since 1970-01-01 UTC.
    pub started_unix: u64,
    /// End, in seconds since 1970-01-01 UTC.
    pub ended_unix: u64,
    /// Why it ended: `time_up`, `all_finished` and others.
    pub ended: String,
    /// Path of the replay, if one was written. It may have been removed.
    pub replay: Option<String>,
    /// Whether the replay was run again with this result: `waiting`, `proven`, `refused`, or `unproven` if there was none to
    /// run.
    pub proof: String,
    /// Players, best first. One who left and came back to another seat is there twice.
    pub players: Vec<MatchPlayer>,
}

/// A player's part in a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchPlayer {
    /// The player.
    pub player: AccountId,
    /// Name in this match.
    pub name: String,
    /// Number of the seat.
    pub seat: u32,
    /// Rank, from 1.
    pub rank: u32,
    /// Points.
    pub points: i64,
    /// The game's own numbers: 32 digits.
    pub detail: String,
    /// Tick at which the points last changed.
    pub since_tick: u32,
    /// `finished`, `gave_up`, `left` or `away`.
    pub outcome: String,
    /// Score curve: pairs of a tick and the points after it.
    pub curve: Vec<(u32, i64)>,
}

//! Bodies and query of `GET /v1/leaderboards` and `GET /v1/leaderboards/{board}`.

use serde::{Deserialize, Serialize};

use super::match_id;
use crate::ids::{AccountId, MatchId};

/// Maximum number of entries in one answer.
pub const ENTRIES_MAX: u32 = 100;
/// Number of entries in an answer without a `limit`.
pub const ENTRIES_DEFAULT: u32 = 20;

/// Answer to `GET /v1/leaderboards`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardList {
    /// `all`, `day`, `week` and the boards of maps that were played.
    pub boards: Vec<BoardName>,
}

/// A leaderboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardName {
    /// `all`, `day`, `week` or `map:NAME`.
    pub board: String,
    /// The current period in UTC: a day (`2026-11-29`), a week (`2026-W48`, from Monday), or nothing.
    pub period: String,
}

/// Query of `GET /v1/leaderboards/{board}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoardQuery {
    /// Another period than the current one.
    pub period: Option<String>,
    /// Maximum number of entries, 1 to [`ENTRIES_MAX`]; [`ENTRIES_DEFAULT`] without it.
    pub limit: Option<u32>,
    /// The entries around this player's instead of the first ones.
    pub around: Option<AccountId>,
}

impl BoardQuery {
    /// Maximum number of entries, 1 to [`ENTRIES_MAX`].
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(ENTRIES_DEFAULT).clamp(1, ENTRIES_MAX)
    }
}

/// Answer to `GET /v1/leaderboards/{board}`: the best entry of each player in this period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaderboard {
    /// `all`, `day`, `week` or `map:NAME`.
    pub board: String,
    /// The day or week in UTC, or nothing.
    pub period: String,
    /// Entries by rank: most points first, then the earliest.
    pub entries: Vec<BoardEntry>,
}

/// An entry of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardEntry {
    /// Rank, from 1.
    pub rank: u64,
    /// The player.
    pub player: AccountId,
    /// Name of the player, as last seen.
    pub name: String,
    /// Points in the match.
    pub points: i64,
    /// End of the match, in seconds since 1970-01-01 UTC.
    pub ended_unix: u64,
    /// The match.
    #[serde(with = "match_id")]
    pub match_id: MatchId,
}

//! Bodies and query of `GET /v1/leaderboards` and `GET /v1/leaderboards/{board}`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{match_id, rooms::percent_encoded};
use crate::ids::{AccountId, MatchId};

/// Maximum number of entries in one answer.
pub const ENTRIES_MAX: u32 = 100;
/// Number of entries in an answer without a `limit`.
pub const ENTRIES_DEFAULT: u32 = 20;

/// Names of boards.
pub mod board {
    /// All matches.
    pub const ALL: &str = "all";
    /// The matches of a day.
    pub const DAY: &str = "day";
    /// The matches of a week.
    pub const WEEK: &str = "week";
    /// Prefix of the boards of maps, before the map's name.
    pub const MAP: &str = "map:";
}

/// Answer to `GET /v1/leaderboards`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardList {
    /// `all`, `day`, `week` and the boards of maps that were played.
    pub boards: Vec<BoardName>,
}

/// A leaderboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardName {
    /// `all`, `day`, `week` or `map:NAME`.
    pub board: String,
    /// The current period in UTC: a day (`2026-11-29`), a week (`2026-W48`, from Monday), or nothing.
    pub period: String,
}

/// Query of `GET /v1/leaderboards/{board}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BoardQuery {
    /// Another period than the current one: a day (`2026-11-29`) or a week (`2026-W48`), as the board has.
    pub period: Option<String>,
    /// Maximum number of entries, 1 to [`ENTRIES_MAX`]; [`ENTRIES_DEFAULT`] without it.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u32>,
    /// The entries around this player's instead of the first ones.
    pub around: Option<AccountId>,
}

impl BoardQuery {
    /// Maximum number of entries, 1 to [`ENTRIES_MAX`].
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(ENTRIES_DEFAULT).clamp(1, ENTRIES_MAX)
    }

    /// Path and query of the request for a board.
    pub fn path(&self, board: &str) -> String {
        let pairs = [
            ("period", self.period.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("around", self.around.map(|player| player.to_string())),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", percent_encoded(&value?))));
        format!("/v1/leaderboards/{}?{}", percent_encoded(board), pairs.collect::<Vec<_>>().join("&"))
    }
}

/// Answer to `GET /v1/leaderboards/{board}`: the best entry of each player in this period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Leaderboard {
    /// `all`, `day`, `week` or `map:NAME`.
    pub board: String,
    /// The day or week in UTC, or nothing.
    pub period: String,
    /// Entries by rank: most points first, then the earliest.
    pub entries: Vec<BoardEntry>,
}

/// An entry of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_boards_have_no_meaning_of_their_own_in_a_path() {
        assert_eq!(BoardQuery::default().path("all"), "/v1/leaderboards/all?");
        let query = BoardQuery { limit: Some(1), around: Some(AccountId(7)), ..BoardQuery::default() };
        let path = query.path("map:a/b?c");
        assert_eq!(path, format!("/v1/leaderboards/map%3Aa%2Fb%3Fc?limit=1&around={}", AccountId(7)));
    }
}

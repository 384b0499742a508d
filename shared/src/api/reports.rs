//! Body of `POST /v1/reports`: a player reports another one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CheatSignals, match_id};
use crate::ids::{AccountId, MatchId, RoomCode};

/// Maximum length of a report's text, in characters.
pub const REPORT_CHARS_MAX: usize = 200;

/// Body of `POST /v1/reports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Resume secret of the reporting player's session, from the answer to its request for a seat.
    pub resume: String,
    /// Seat of the reported player in the same room, 0 to 15.
    pub slot: u8,
    /// What the player has done, 1 to 200 characters.
    pub text: String,
}

/// Answer to `POST /v1/reports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportTaken {
    /// Number of the report on this server.
    pub report: u64,
}

/// A report, as an operator gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Number of the report on this server, from 1.
    pub report: u64,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub unix_s: u64,
    /// The player that reports.
    pub by: ReportedPlayer,
    /// The player that is reported.
    pub about: ReportedPlayer,
    /// Code of their room.
    pub room: RoomCode,
    /// What happened.
    pub text: String,
    /// Cheat signals of the reported player in the room's newest match.
    #[serde(default)]
    pub signals: CheatSignals,
    /// The room's match; `None` before its first one.
    #[serde(flatten)]
    pub place: Option<ReportPlace>,
}

/// A player of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedPlayer {
    /// Lasting id.
    pub player: AccountId,
    /// Name in the room.
    pub name: String,
}

/// Where in a replay a report was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportPlace {
    /// Id of the match.
    #[serde(rename = "match", with = "match_id")]
    #[schema(value_type = String)]
    pub match_id: MatchId,
    /// Tick of the match in which the report came, or its last one.
    pub tick: u32,
    /// File of the replay, in `replays` of the data folder.
    pub replay: String,
}

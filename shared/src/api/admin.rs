//! `POST /v1/admin/{call}`: what an operator can do with a running server. `framehouse-server admin` sends the same calls.
//!
//! The path has the name of the call, the body its fields: `POST /v1/admin/kick` with `{"player":".."}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CheatSignals, Feature, Report, match_id};
use crate::ids::{AccountId, MatchId, RoomCode};

/// Maximum number of players, bans, mutes or reports in one answer.
pub const ADMIN_ENTRIES_MAX: usize = 1000;
/// Longest time of a ban or a mute in seconds: ten years.
pub const SANCTION_SECONDS_MAX: u64 = 315_360_000;
/// Maximum length of the reason of a kick or a ban, in characters.
pub const REASON_CHARS_MAX: usize = 120;

/// A call of an operator. As JSON it has its name in `call`, and its fields beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
pub enum AdminCall {
    /// Players and spectators on this server. Answer: [`AdminAnswer::Players`].
    Players {
        /// Id, or part of a name; empty for all.
        #[serde(default)]
        search: String,
    },
    /// The room of a match. Answer: [`AdminAnswer::Room`].
    Match {
        /// Id of the match.
        #[serde(rename = "match", with = "match_id")]
        #[schema(value_type = String)]
        match_id: MatchId,
    },
    /// A room and its members. Answer: [`AdminAnswer::Room`].
    Room {
        /// Code of the room.
        room: RoomCode,
    },
    /// Close a room. Its members are told that an operator has closed it; its match has no result.
    CloseRoom {
        /// Code of the room.
        room: RoomCode,
    },
    /// End the running match of a room.
    EndMatch {
        /// Code of the room.
        room: RoomCode,
        /// Whether the points as they are become its result.
        #[serde(default)]
        with_result: bool,
    },
    /// Send a player or spectator away. It may come back.
    Kick {
        /// Lasting id of the player.
        player: AccountId,
    },
    /// Send a player away and refuse it from now on. Answer: [`AdminAnswer::Banned`].
    Ban {
        /// Lasting id of the player.
        player: AccountId,
        /// Seconds that the ban lasts, 1 to ten years. Absent: for ever.
        #[serde(default)]
        seconds: Option<u64>,
        /// What the player is told, at most 120 characters.
        #[serde(default)]
        reason: String,
    },
    /// End a ban, or remove it from the list for review.
    Unban {
        /// Lasting id of the player.
        player: AccountId,
    },
    /// Refuse a player's chat and game messages from now on.
    Mute {
        /// Lasting id of the player.
        player: AccountId,
        /// Seconds that it lasts, 1 to ten years. Absent: for ever.
        #[serde(default)]
        seconds: Option<u64>,
    },
    /// End a mute.
    Unmute {
        /// Lasting id of the player.
        player: AccountId,
    },
    /// Bans, mutes, and bans that wait for review. Answer: [`AdminAnswer::Sanctions`].
    Sanctions {},
    /// Say something to everybody in a room, or in all rooms.
    Announce {
        /// The text, at most 200 characters.
        text: String,
        /// Code of the room. Absent: all rooms.
        #[serde(default)]
        room: Option<RoomCode>,
    },
    /// Switch a feature on or off.
    Feature {
        /// The feature.
        feature: Feature,
        /// Whether it is on.
        on: bool,
    },
    /// Change the levels of the log, until the settings are read again with other ones.
    Log {
        /// Lowest level: `off`, `error`, `warn`, `info`, `debug` or `trace`.
        level: String,
        /// Levels of single modules.
        #[serde(default)]
        levels: BTreeMap<String, String>,
    },
    /// Read settings, rules, maps and the TLS files again.
    Reload {},
    /// Let nobody new in and start no match; or let players in again.
    Drain {
        /// Whether to let players in again.
        #[serde(default)]
        undo: bool,
    },
    /// Reports of players, newest first. Answer: [`AdminAnswer::Reports`].
    Reports {},
}

impl AdminCall {
    /// Name of the call, as in its path.
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value["call"].as_str().unwrap_or_default().to_owned()
    }
}

/// Answer to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminAnswer {
    /// It is done; a sentence says what.
    Done(String),
    /// Players and spectators, by name, at most 1000.
    Players(Vec<FoundMember>),
    /// A room.
    Room(RoomDetails),
    /// What has become of a ban.
    Banned(SanctionState),
    /// Bans and mutes.
    Sanctions(Vec<Sanction>),
    /// Reports, newest first, at most 1000.
    Reports(Vec<Report>),
}

/// A player or spectator on this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundMember {
    /// Lasting id. That of a guest ends with its session.
    pub player: AccountId,
    /// Name in the room.
    pub name: String,
    /// Code of the room.
    pub room: RoomCode,
    /// Seat, 0 to 15; `None` for a spectator.
    pub slot: Option<u8>,
    /// Whether it is connected.
    pub connected: bool,
    /// Points in the room's newest match; `None` for a spectator, and before the first match.
    #[serde(default)]
    pub points: Option<i64>,
    /// Round trip to the member in milliseconds, as it was measured last in a running match.
    #[serde(default)]
    pub round_trip_ms: Option<u32>,
    /// Time from the arrival of the newest input to the close of its tick in milliseconds; 0 if it was late.
    #[serde(default)]
    pub margin_ms: Option<u32>,
    /// Cheat signals in the room's newest match; `None` for a spectator, and for a viewer without the admin token.
    #[serde(default)]
    pub signals: Option<CheatSignals>,
}

/// A room, for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomDetails {
    /// Code of the room.
    pub room: RoomCode,
    /// Path of its page, to watch it in a browser.
    pub page: String,
    /// Phase: `lobby`, `loading`, `countdown`, `playing` or `results`.
    pub phase: String,
    /// Whether it is private.
    pub private: bool,
    /// Id of its newest match.
    #[serde(rename = "match")]
    pub match_id: Option<String>,
    /// Next tick of its newest match.
    pub tick: u32,
    /// Members, in order of arrival.
    pub members: Vec<FoundMember>,
}

/// A ban or a mute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sanction {
    /// Lasting id of the player.
    pub player: AccountId,
    /// What it is.
    pub kind: SanctionKind,
    /// Whether it is in force.
    pub state: SanctionState,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub since_unix_s: u64,
    /// When it ends, in seconds since 1970-01-01 UTC; `None` for never.
    pub until_unix_s: Option<u64>,
    /// What the player is told.
    pub reason: String,
}

/// Kind of a sanction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SanctionKind {
    /// The player is not let in.
    Ban,
    /// The player's chat and game messages are refused.
    Mute,
}

/// Whether a sanction is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SanctionState {
    /// It is in force.
    Active,
    /// It was one too many in an hour: it waits until an operator bans the player again or removes it.
    Review,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_its_name_and_its_fields() {
        let ban = AdminCall::Ban { player: AccountId(0xad), seconds: Some(60), reason: "spam".to_owned() };
        let text = format!(r#"{{"call":"ban","player":"{:032x}","seconds":60,"reason":"spam"}}"#, 0xad);
        assert_eq!(serde_json::to_string(&ban).expect("text"), text);
        assert_eq!((serde_json::from_str::<AdminCall>(&text).expect("the same"), ban.name()), (ban, "ban".to_owned()));
        for (text, call) in [
            (r#"{"call":"reload"}"#, AdminCall::Reload {}),
            (r#"{"call":"players"}"#, AdminCall::Players { search: String::new() }),
        ] {
            assert_eq!(serde_json::from_str::<AdminCall>(text).expect("a call"), call);
        }
        for wrong in [r#"{"call":"reboot"}"#, r#"{"call":"reload","now":true}"#, r#"{"call":"kick"}"#] {
            assert!(serde_json::from_str::<AdminCall>(wrong).is_err(), "{wrong}");
        }
    }
}

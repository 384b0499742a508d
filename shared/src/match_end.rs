//! Why a match ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::end::EndCode;

/// Why a match ended: what the phases of a room decide, results and replays keep, and players are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchEnd {
    /// The game said that it is over.
    TimeUp,
    /// All its players had finished it.
    AllFinished,
    /// No player was left in it.
    EverybodyLeft,
    /// Before its first tick too few players were left.
    TooFewLeft,
    /// Too few players had loaded it in time.
    TooFewLoaded,
    /// The room's host ended it.
    HostEnded,
    /// Its room was closed, for an error in it or by its host.
    RoomClosed,
    /// The server was asked to stop.
    ServerStopped,
    /// The server ended without being asked; the last seconds may be missing from the recording.
    ServerCrashed,
    /// The recording ended before the match: it was longer than a replay can hold.
    TooLong,
}

impl MatchEnd {
    /// Whether the match was played to its end.
    pub const fn is_complete(self) -> bool {
        matches!(self, Self::TimeUp | Self::AllFinished)
    }

    /// Whether the match has a result; one that was cut short has none.
    pub const fn has_result(self) -> bool {
        self.is_complete() || matches!(self, Self::EverybodyLeft)
    }

    /// The sentence that the room's players are told in their lobby, where the match was cut short.
    pub const fn sentence(self) -> Option<&'static str> {
        match self {
            Self::TooFewLeft => Some("the match did not start: too few players were left"),
            Self::TooFewLoaded => Some("the match did not start: too few players had loaded it in time"),
            Self::HostEnded => Some("the host ended the match"),
            Self::ServerStopped => Some(EndCode::ServerStopping.sentence()),
            Self::TimeUp | Self::AllFinished | Self::EverybodyLeft => None,
            Self::RoomClosed | Self::ServerCrashed | Self::TooLong => None,
        }
    }
}

/// As people read it in the description of a replay.
impl fmt::Display for MatchEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimeUp | Self::AllFinished => "finished",
            Self::EverybodyLeft => "unfinished: everybody left the match",
            Self::TooFewLeft | Self::TooFewLoaded => "unfinished: the match had too few players",
            Self::HostEnded => "unfinished: the host aborted the match",
            Self::RoomClosed => "unfinished: the room was closed",
            Self::ServerStopped => "unfinished: the server stopped",
            Self::ServerCrashed => "unfinished: the server ended without a goodbye",
            Self::TooLong => "unfinished: the match went on for longer than a replay can hold",
        })
    }
}

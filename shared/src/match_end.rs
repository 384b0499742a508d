//! Reasons for the end of a match.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::end::EndCode;

/// Reason for the end of a match, as in the room's phases, results and replays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchEnd {
    /// The game declared the match over.
    TimeUp,
    /// All players had finished the match.
    AllFinished,
    /// No player was left in the match.
    EverybodyLeft,
    /// Too few players were left before the first tick.
    TooFewLeft,
    /// Too few players had loaded the match in time.
    TooFewLoaded,
    /// The host ended the match.
    HostEnded,
    /// An operator of the server ended the match without a result.
    OperatorEnded,
    /// An operator of the server ended the match, and the points as they were became its result.
    OperatorDecided,
    /// The room was closed, by its host or an operator, or because of an error.
    RoomClosed,
    /// The server was stopped.
    ServerStopped,
    /// The server process ended unexpectedly; the last seconds may be missing from the recording.
    ServerCrashed,
    /// The recording ended before the match, because the match was longer than a replay can be.
    TooLong,
    /// The match was still running when the replay was copied.
    StillRunning,
}

impl MatchEnd {
    /// Whether the match was played to its end.
    pub const fn is_complete(self) -> bool {
        matches!(self, Self::TimeUp | Self::AllFinished)
    }

    /// Whether the match has a result; an aborted match has none.
    pub const fn has_result(self) -> bool {
        self.is_complete() || matches!(self, Self::EverybodyLeft | Self::OperatorDecided)
    }

    /// Message for the players in the lobby, after a match that was cut short.
    pub const fn sentence(self) -> Option<&'static str> {
        match self {
            Self::TooFewLeft => Some("the match did not start: too few players were left"),
            Self::TooFewLoaded => Some("the match did not start: too few players had loaded it in time"),
            Self::HostEnded => Some("the host ended the match"),
            Self::OperatorEnded => Some("an operator of the server ended the match"),
            Self::ServerStopped => Some(EndCode::ServerStopping.sentence()),
            Self::TimeUp | Self::AllFinished | Self::EverybodyLeft | Self::OperatorDecided => None,
            Self::RoomClosed | Self::ServerCrashed | Self::TooLong | Self::StillRunning => None,
        }
    }
}

/// Text for the description of a replay.
impl fmt::Display for MatchEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimeUp | Self::AllFinished => "finished",
            Self::EverybodyLeft => "unfinished: all players left the match",
            Self::TooFewLeft | Self::TooFewLoaded => "unfinished: the match had too few players",
            Self::HostEnded => "unfinished: the host aborted the match",
            Self::OperatorEnded => "unfinished: an operator ended the match",
            Self::OperatorDecided => "unfinished: an operator ended the match, with a result",
            Self::RoomClosed => "unfinished: the room was closed",
            Self::ServerStopped => "unfinished: the server stopped",
            Self::ServerCrashed => "unfinished: the server process ended unexpectedly",
            Self::TooLong => "unfinished: the match was longer than a replay can be",
            Self::StillRunning => "unfinished: the match was still running",
        })
    }
}

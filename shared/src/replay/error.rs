//! Errors in the bytes of a replay.

use std::fmt;

use super::FORMAT;
use crate::tick::Tick;

/// Part of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Description of the match.
    Header,
    /// State before tick 0.
    Opening,
    /// Block that begins with this tick.
    Block(Tick),
    /// End of the match.
    Ending,
    /// Signature of the server.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("header"),
            Self::Opening => f.write_str("opening state"),
            Self::Block(first) => write!(f, "block of ticks from {first}"),
            Self::Ending => f.write_str("ending"),
            Self::Signature => f.write_str("signature"),
        }
    }
}

/// Reason why bytes are not a valid replay, or were changed since they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The bytes do not begin like a replay.
    #[error("it is not a replay")]
    NotAReplay,
    /// Unknown version of the format.
    #[error("it is a replay of format {0}, and this program reads format {FORMAT}: use the release that recorded it")]
    OtherFormat(u16),
    /// The bytes end inside this part.
    #[error("it is cut off in its {0}")]
    CutOff(Part),
    /// The checksum of this part is wrong.
    #[error("it was altered or damaged in its {0}")]
    Damaged(Part),
    /// The part has a value that no recorder writes.
    #[error("its {0} has invalid content")]
    Impossible(Part),
    /// All parts are valid, but the checksum over the whole file is wrong.
    #[error("it was altered: the checksum of the whole file is wrong")]
    Checksum,
    /// Bytes follow the end.
    #[error("it was altered: there is data after its end")]
    TooLong,
    /// More bytes than a replay can have.
    #[error("it is larger than a replay can be")]
    TooLarge,
}

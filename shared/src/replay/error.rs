//! What can be wrong with the bytes of a replay.

use std::fmt;

use super::FORMAT;
use crate::tick::Tick;

/// A part of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the match was.
    Header,
    /// The state before tick 0.
    Opening,
    /// The block that begins with this tick.
    Block(Tick),
    /// How the match ended.
    Ending,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("header"),
            Self::Opening => f.write_str("opening state"),
            Self::Block(first) => write!(f, "block of ticks from {first}"),
            Self::Ending => f.write_str("ending"),
        }
    }
}

/// Why bytes are no replay, or no longer the one that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// They begin like something else.
    #[error("it is not a replay")]
    NotAReplay,
    /// They have another format.
    #[error("it is a replay of format {0}, and this program reads format {FORMAT}: use the release that recorded it")]
    OtherFormat(u16),
    /// They end inside this part.
    #[error("it is cut off in its {0}")]
    CutOff(Part),
    /// The part's bytes do not have the checksum that they were written with.
    #[error("it was altered or damaged in its {0}")]
    Damaged(Part),
    /// The part says something that no recorder writes.
    #[error("its {0} has an impossible content")]
    Impossible(Part),
    /// The parts are good, and the bytes together do not have the checksum that they were written with.
    #[error("it was altered: the checksum of the whole file is another one")]
    Checksum,
    /// Bytes follow the end.
    #[error("it was altered: something follows its end")]
    TooLong,
    /// There are more bytes than any replay has.
    #[error("it is larger than a replay can be")]
    TooLarge,
}

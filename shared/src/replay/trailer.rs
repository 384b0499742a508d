//! How a match ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{SLOTS_MAX, Slot},
    protocol::{
        codec::{self, CodecError},
        control::NAME_BYTES_MAX,
    },
    score::ScoreFrame,
    state_hash::StateHashes,
};

/// Bytes of memory that decoding an ending may claim.
const TRAILER_BYTES_MAX: usize = 8192;

/// How a match ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It came to its end: there is a result.
    Finished,
    /// It was cut short: what was played until then is recorded.
    Unfinished(Unfinished),
}

/// Why a match has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unfinished {
    /// All players left it.
    EveryoneLeft,
    /// The room's host stopped it.
    Aborted,
    /// Its room was closed, for an error in it or by the operator.
    RoomClosed,
    /// The server was asked to stop.
    ServerStopped,
    /// The server ended without being asked; the last seconds may be missing.
    ServerCrashed,
    /// It went on for longer than a replay can hold.
    TooLong,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::Unfinished(Unfinished::EveryoneLeft) => "unfinished: everybody left the match",
            Self::Unfinished(Unfinished::Aborted) => "unfinished: the host aborted the match",
            Self::Unfinished(Unfinished::RoomClosed) => "unfinished: the room was closed",
            Self::Unfinished(Unfinished::ServerStopped) => "unfinished: the server stopped",
            Self::Unfinished(Unfinished::ServerCrashed) => "unfinished: the server ended without a goodbye",
            Self::Unfinished(Unfinished::TooLong) => "unfinished: the match went on for longer than a replay can hold",
        })
    }
}

/// One player's place in the final ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The seat.
    pub slot: Slot,
    /// The player who sat in it last.
    pub name: String,
    /// The last score.
    pub score: ScoreFrame,
}

/// The end of a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// How the match ended.
    pub ending: Ending,
    /// How many ticks are recorded; the last one has the number before.
    pub ticks: u32,
    /// The hashes of the state after the last tick, where the recorder still had it.
    pub hashes: Option<StateHashes>,
    /// Everybody who ever had a seat, best first, where the recorder still had the scores.
    pub ranking: Option<Vec<Place>>,
}

impl Trailer {
    pub(super) fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads an ending whose fields are all in their ranges.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let trailer: Self = codec::decode::<_, TRAILER_BYTES_MAX>(bytes)?;
        let places = trailer.ranking.as_deref().unwrap_or_default();
        let is_right = places.len() <= SLOTS_MAX && places.iter().all(|place| place.name.len() <= NAME_BYTES_MAX);
        if is_right { Ok(trailer) } else { Err(CodecError::Invalid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these bytes needs a new format number.
    #[test]
    fn an_ending_has_its_golden_bytes() {
        let trailer = Trailer {
            ending: Ending::Unfinished(Unfinished::ServerStopped),
            ticks: 7,
            hashes: Some(StateHashes([None, Some(8)].into_iter().collect())),
            ranking: Some(vec![Place {
                slot: Slot::new(2).expect("small"),
                name: "n".to_owned(),
                score: ScoreFrame::default(),
            }]),
        };
        let golden = [&b"\x01\x03\x07\x01\x02\x00\x01\x08\x01\x01\x02\x01n\x00\x00"[..], &[0; 16]].concat();
        assert_eq!(trailer.encode(), golden);
        assert_eq!(Trailer::decode(&golden), Ok(trailer));
    }
}

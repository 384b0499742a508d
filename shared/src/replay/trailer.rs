//! How a match ended.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{SLOTS_MAX, Slot},
    match_end::MatchEnd,
    protocol::{
        codec::{self, CodecError},
        control::NAME_BYTES_MAX,
    },
    score::ScoreFrame,
    state_hash::StateHashes,
};

/// Bytes of memory that decoding an ending may claim.
const TRAILER_BYTES_MAX: usize = 8192;

/// One player's place in the final ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankedPlayer {
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
    /// How the match ended. Of a match that was played to its end a replay does not say how: it reads back as
    /// [`MatchEnd::TimeUp`].
    #[serde(with = "stored_end")]
    pub ending: MatchEnd,
    /// How many ticks are recorded; the last one has the number before.
    pub ticks: u32,
    /// The hashes of the state after the last tick, where the recorder still had it.
    pub hashes: Option<StateHashes>,
    /// Everybody who ever had a seat, best first, where the recorder still had the scores.
    pub ranking: Option<Vec<RankedPlayer>>,
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

/// The form of [`MatchEnd`] in the file.
mod stored_end {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::match_end::MatchEnd;

    #[derive(Serialize, Deserialize)]
    enum Stored {
        Finished,
        Unfinished(Why),
    }

    #[derive(Serialize, Deserialize)]
    enum Why {
        EveryoneLeft,
        Aborted,
        RoomClosed,
        ServerStopped,
        ServerCrashed,
        TooLong,
    }

    pub fn serialize<S: Serializer>(end: &MatchEnd, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = match end {
            MatchEnd::TimeUp | MatchEnd::AllFinished => Stored::Finished,
            MatchEnd::EverybodyLeft => Stored::Unfinished(Why::EveryoneLeft),
            // A match with too few players has no tick, and so no replay.
            MatchEnd::HostEnded | MatchEnd::TooFewLeft | MatchEnd::TooFewLoaded => Stored::Unfinished(Why::Aborted),
            MatchEnd::RoomClosed => Stored::Unfinished(Why::RoomClosed),
            MatchEnd::ServerStopped => Stored::Unfinished(Why::ServerStopped),
            MatchEnd::ServerCrashed => Stored::Unfinished(Why::ServerCrashed),
            MatchEnd::TooLong => Stored::Unfinished(Why::TooLong),
        };
        stored.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MatchEnd, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Finished => MatchEnd::TimeUp,
            Stored::Unfinished(Why::EveryoneLeft) => MatchEnd::EverybodyLeft,
            Stored::Unfinished(Why::Aborted) => MatchEnd::HostEnded,
            Stored::Unfinished(Why::RoomClosed) => MatchEnd::RoomClosed,
            Stored::Unfinished(Why::ServerStopped) => MatchEnd::ServerStopped,
            Stored::Unfinished(Why::ServerCrashed) => MatchEnd::ServerCrashed,
            Stored::Unfinished(Why::TooLong) => MatchEnd::TooLong,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these bytes needs a new format number.
    #[test]
    fn an_ending_has_its_golden_bytes() {
        let trailer = Trailer {
            ending: MatchEnd::ServerStopped,
            ticks: 7,
            hashes: Some(StateHashes([None, Some(8)].into_iter().collect())),
            ranking: Some(vec![RankedPlayer {
                slot: Slot::new(2).expect("small"),
                name: "n".to_owned(),
                score: ScoreFrame::default(),
            }]),
        };
        let golden = [&b"\x01\x03\x07\x01\x02\x00\x01\x08\x01\x01\x02\x01n\x00\x00"[..], &[0; 16]].concat();
        assert_eq!(trailer.encode(), golden);
        assert_eq!(Trailer::decode(&golden), Ok(trailer));
    }

    /// The bytes of every end, which replays of earlier servers have too.
    #[test]
    fn every_end_has_its_golden_bytes() {
        use MatchEnd::*;
        let trailer = |ending| Trailer { ending, ticks: 7, hashes: None, ranking: None };
        for (end, bytes, read) in [
            (TimeUp, &b"\x00"[..], TimeUp),
            (AllFinished, b"\x00", TimeUp),
            (EverybodyLeft, b"\x01\x00", EverybodyLeft),
            (HostEnded, b"\x01\x01", HostEnded),
            (TooFewLeft, b"\x01\x01", HostEnded),
            (TooFewLoaded, b"\x01\x01", HostEnded),
            (RoomClosed, b"\x01\x02", RoomClosed),
            (ServerStopped, b"\x01\x03", ServerStopped),
            (ServerCrashed, b"\x01\x04", ServerCrashed),
            (TooLong, b"\x01\x05", TooLong),
        ] {
            let golden = [bytes, b"\x07\x00\x00"].concat();
            assert_eq!(trailer(end).encode(), golden, "{end:?}");
            assert_eq!(Trailer::decode(&golden), Ok(trailer(read)), "{end:?}");
        }
    }
}

//! Trailer of a replay: how the match ended.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{SLOTS_MAX, Slot},
    match_end::MatchEnd,
    protocol::{
        codec::{self, CodecError},
        messages::NAME_BYTES_MAX,
    },
    score::ScoreFrame,
    state_hash::StateHashes,
};

/// Maximum memory that decoding a trailer may claim, in bytes.
const TRAILER_BYTES_MAX: usize = 8192;

/// A row of the final ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankedPlayer {
    /// Seat.
    pub slot: Slot,
    /// Name of the player that had the seat last.
    pub name: String,
    /// Last score.
    pub score: ScoreFrame,
}

/// End of a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// Reason for the end of the match. A replay does not store why a complete match ended: it is read back as
    /// [`MatchEnd::TimeUp`].
    #[serde(with = "stored_end")]
    pub ending: MatchEnd,
    /// Number of recorded ticks.
    pub ticks: u32,
    /// Hashes of the state after the last tick, if the recorder still had that state.
    pub hashes: Option<StateHashes>,
    /// Everyone who ever had a seat, best first, if the recorder still had the scores.
    pub ranking: Option<Vec<RankedPlayer>>,
}

impl Trailer {
    pub(super) fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes a trailer and checks the range of every field.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let trailer: Self = codec::decode::<_, TRAILER_BYTES_MAX>(bytes)?;
        let places = trailer.ranking.as_deref().unwrap_or_default();
        let is_right = places.len() <= SLOTS_MAX && places.iter().all(|place| place.name.len() <= NAME_BYTES_MAX);
        if is_right { Ok(trailer) } else { Err(CodecError::Invalid) }
    }
}

/// Serialised form of [`MatchEnd`].
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
        OperatorEnded,
        OperatorDecided,
        StillRunning,
    }

    pub fn serialize<S: Serializer>(end: &MatchEnd, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = match end {
            MatchEnd::TimeUp | MatchEnd::AllFinished => Stored::Finished,
            MatchEnd::EverybodyLeft => Stored::Unfinished(Why::EveryoneLeft),
            // A match with too few players has no tick, so it has no replay.
            MatchEnd::HostEnded | MatchEnd::TooFewLeft | MatchEnd::TooFewLoaded => Stored::Unfinished(Why::Aborted),
            MatchEnd::RoomClosed => Stored::Unfinished(Why::RoomClosed),
            MatchEnd::ServerStopped => Stored::Unfinished(Why::ServerStopped),
            MatchEnd::ServerCrashed => Stored::Unfinished(Why::ServerCrashed),
            MatchEnd::TooLong => Stored::Unfinished(Why::TooLong),
            MatchEnd::OperatorEnded => Stored::Unfinished(Why::OperatorEnded),
            MatchEnd::OperatorDecided => Stored::Unfinished(Why::OperatorDecided),
            MatchEnd::StillRunning => Stored::Unfinished(Why::StillRunning),
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
            Stored::Unfinished(Why::OperatorEnded) => MatchEnd::OperatorEnded,
            Stored::Unfinished(Why::OperatorDecided) => MatchEnd::OperatorDecided,
            Stored::Unfinished(Why::StillRunning) => MatchEnd::StillRunning,
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

    /// Bytes of all reasons; replays of earlier servers contain the same ones.
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
            (OperatorEnded, b"\x01\x06", OperatorEnded),
            (OperatorDecided, b"\x01\x07", OperatorDecided),
            (StillRunning, b"\x01\x08", StillRunning),
        ] {
            let golden = [bytes, b"\x07\x00\x00"].concat();
            assert_eq!(trailer(end).encode(), golden, "{end:?}");
            assert_eq!(Trailer::decode(&golden), Ok(trailer(read)), "{end:?}");
        }
    }
}

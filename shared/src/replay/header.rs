//! Header of a replay: description of the match.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    ids::{MatchId, RoomCode, SLOTS_MAX},
    protocol::{
        codec::{self, CodecError},
        messages::GAME_ID_BYTES_MAX,
    },
    room_state::RoomStates,
    state_hash::{COMPONENT_NAME_BYTES_MAX, COMPONENTS_MAX},
};

/// Maximum length of a build's name, in bytes.
pub const BUILD_BYTES_MAX: usize = 64;
/// Maximum length of a map's name, in bytes.
pub const MAP_BYTES_MAX: usize = 64;
/// Maximum memory that decoding a header may claim, in bytes.
const HEADER_BYTES_MAX: usize = 4096;

/// Hash of the rules and the map: over the game's part of the state before tick 0.
///
/// # Errors
/// When the bytes are not a serialised state.
pub fn rules_hash(opening: &[u8]) -> Result<u64, CodecError> {
    RoomStates::game_part(opening).map(xxh3_64)
}

/// Description of a match, known before its first tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Id of the match.
    pub match_id: MatchId,
    /// Code of the room in which it was played.
    pub room: RoomCode,
    /// Time at which the match was set, in seconds since 1970.
    pub started_unix_s: u64,
    /// Version of the program that recorded it, at most [`BUILD_BYTES_MAX`] bytes.
    pub build: String,
    /// Protocol hash of that program: [`GameHandle::protocol_hash`](crate::game::GameHandle::protocol_hash).
    pub protocol: u64,
    /// Id of the game: [`Game::id`](crate::game::Game::id).
    pub game: String,
    /// Version of the rules: [`Game::rules_version`](crate::game::Game::rules_version).
    pub rules_version: u32,
    /// Hash of the rules and the map: [`rules_hash`] of the opening state.
    pub rules_hash: u64,
    /// Seed of the room's random numbers.
    pub seed: u64,
    /// Name of the map, at most [`MAP_BYTES_MAX`] bytes; empty for a game without maps.
    pub map: String,
    /// Number of seats in the room, 1 to 16.
    pub seats: u8,
    /// Tick rate, in ticks a second, at which the match must be simulated.
    pub tick_rate: u16,
    /// Names of the components whose hashes are recorded, in the order of the hashes.
    pub components: Vec<String>,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes a header and checks the range of every field.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let header: Self = codec::decode::<_, HEADER_BYTES_MAX>(bytes)?;
        let is_right = header.build.len() <= BUILD_BYTES_MAX
            && header.game.len() <= GAME_ID_BYTES_MAX
            && header.map.len() <= MAP_BYTES_MAX
            && (1..=SLOTS_MAX).contains(&usize::from(header.seats))
            && header.tick_rate > 0
            && header.components.len() <= COMPONENTS_MAX
            && header.components.iter().all(|name| name.len() <= COMPONENT_NAME_BYTES_MAX);
        if is_right { Ok(header) } else { Err(CodecError::Invalid) }
    }

    /// Name of the component at this index of the recorded hashes.
    pub fn component(&self, index: usize) -> &str {
        self.components.get(index).map_or("unknown", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these bytes needs a new format number.
    #[test]
    fn a_header_has_its_golden_bytes() {
        let header = Header {
            match_id: MatchId(1),
            room: RoomCode::from_number(0),
            started_unix_s: 9,
            build: "b".to_owned(),
            protocol: 2,
            game: "g".to_owned(),
            rules_version: 3,
            rules_hash: 4,
            seed: 300,
            map: String::new(),
            seats: 5,
            tick_rate: 30,
            components: vec!["c".to_owned()],
        };
        let golden = *b"\x01\x042222\x09\x01b\x02\x01g\x03\x04\xfb\x2c\x01\x00\x05\x1e\x01\x01c";
        assert_eq!(header.encode(), golden);
        assert_eq!(Header::decode(&golden), Ok(header));
    }
}

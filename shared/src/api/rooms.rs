//! Bodies of `GET /v1/rooms` and `GET /v1/maps`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::RoomCode;

/// Maximum number of rooms in one answer.
pub const ROOMS_MAX: usize = 500;

/// Answer to `GET /v1/rooms`: public rooms, sorted by free seats, fewest first, full rooms last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomList {
    /// Rooms, at most [`ROOMS_MAX`].
    pub rooms: Vec<ListedRoom>,
}

/// Answer to `GET /v1/maps`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapList {
    /// Names of the maps that a host can choose; empty for a game without maps.
    pub maps: Vec<String>,
}

/// One public room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedRoom {
    /// Room code.
    pub code: RoomCode,
    /// Phase: `lobby`, `loading`, `countdown`, `playing` or `results`.
    pub phase: String,
    /// Name of the host; empty in a room without players.
    pub host: String,
    /// Map of the current match, or the map that the host has chosen for the next one; empty if there is neither.
    pub map: String,
    /// Number of taken seats.
    pub players: usize,
    /// Total number of seats.
    pub seats: u8,
    /// Number of seats that are neither taken nor reserved.
    pub free: usize,
    /// Number of spectators.
    pub spectators: usize,
    /// Whether a seat is free.
    pub joinable: bool,
    /// Whether inputs and frames are sent in every second tick only.
    #[serde(default)]
    pub economy: bool,
}

/// Query of `GET /v1/rooms`. An absent field matches every room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RoomFilter {
    /// Phase: `lobby`, `loading`, `countdown`, `playing` or `results`.
    pub phase: Option<String>,
    /// Whether a seat is free.
    pub joinable: Option<bool>,
    /// Map of the current match, or the map that the host has chosen for the next one.
    pub map: Option<String>,
    /// Maximum number of rooms in the answer, 1 to [`ROOMS_MAX`].
    #[param(minimum = 1, maximum = 500, default = 500)]
    pub limit: Option<usize>,
}

impl RoomFilter {
    /// Selects the matching rooms, sorted by free seats, fewest first, full rooms last.
    pub fn select(&self, rooms: &[ListedRoom]) -> Vec<ListedRoom> {
        let mut found: Vec<&ListedRoom> = rooms.iter().filter(|room| self.matches(room)).collect();
        found.sort_by_key(|room| (!room.joinable, room.free));
        found.truncate(self.limit.unwrap_or(ROOMS_MAX).clamp(1, ROOMS_MAX));
        found.into_iter().cloned().collect()
    }

    /// Formats the filter as a query string without the question mark.
    pub fn to_query(&self) -> String {
        let pairs = [
            ("phase", self.phase.clone()),
            ("joinable", self.joinable.map(|joinable| joinable.to_string())),
            ("map", self.map.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", percent_encoded(&value?))));
        pairs.collect::<Vec<_>>().join("&")
    }

    fn matches(&self, room: &ListedRoom) -> bool {
        self.phase.as_ref().is_none_or(|phase| *phase == room.phase)
            && self.joinable.is_none_or(|joinable| joinable == room.joinable)
            && self.map.as_ref().is_none_or(|map| *map == room.map)
    }
}

/// Percent-encodes every byte that has a special meaning in a path or a query.
pub(super) fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: u32, phase: &str, free: usize) -> ListedRoom {
        ListedRoom {
            code: RoomCode::from_number(number),
            phase: phase.to_owned(),
            host: "Ada".to_owned(),
            map: "basin".to_owned(),
            players: 4 - free,
            seats: 4,
            free,
            spectators: 0,
            joinable: free > 0,
            economy: false,
        }
    }

    fn found(filter: RoomFilter) -> Vec<usize> {
        let rooms = [room(0, "lobby", 3), room(1, "playing", 0), room(2, "playing", 1)];
        let index = |found: &ListedRoom| rooms.iter().position(|room| room == found).expect("one of them");
        filter.select(&rooms).iter().map(index).collect()
    }

    #[test]
    fn rooms_are_found_by_the_filter_and_the_fullest_joinable_comes_first() {
        let any = RoomFilter::default;
        assert_eq!(found(any()), [2, 0, 1]);
        assert_eq!(found(RoomFilter { joinable: Some(true), ..any() }), [2, 0]);
        assert_eq!(found(RoomFilter { phase: Some("playing".to_owned()), ..any() }), [2, 1]);
        assert_eq!(found(RoomFilter { map: Some("crossing".to_owned()), ..any() }), [0; 0]);
        assert_eq!(found(RoomFilter { limit: Some(1), ..any() }), [2]);
        assert_eq!(found(RoomFilter { limit: Some(0), ..any() }), [2], "a list is never empty by its limit");
    }

    #[test]
    fn a_filter_is_a_query_in_which_nothing_has_a_meaning_of_its_own() {
        assert_eq!(RoomFilter::default().to_query(), "");
        let filter = RoomFilter { joinable: Some(true), limit: Some(100), ..RoomFilter::default() };
        assert_eq!(filter.to_query(), "joinable=true&limit=100");
        let filter = RoomFilter { map: Some("a&b=ü".to_owned()), ..RoomFilter::default() };
        assert_eq!(filter.to_query(), "map=a%26b%3D%C3%BC");
    }

    #[test]
    fn fields_that_a_newer_server_adds_are_ignored() {
        let line = r#"{"rooms":[{"code":"K7QX","phase":"lobby","host":"Ada","map":"","players":1,"seats":4,"free":3,
            "spectators":0,"joinable":true,"new":1}]}"#;
        let list: RoomList = serde_json::from_str(line).expect("a list");
        let room = &list.rooms[0];
        assert_eq!((room.host.as_str(), room.joinable, room.economy), ("Ada", true, false));
    }
}

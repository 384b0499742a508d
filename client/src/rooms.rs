//! What a server has: its public rooms, for a browser of rooms, and its maps, for who opens one.

use framehouse_shared::ids::RoomCode;
use serde::Deserialize;

use crate::connect::{ConnectError, get_json};

/// One room of the list. Fields that a newer server adds are left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedRoom {
    /// Its name for people.
    pub code: RoomCode,
    /// `lobby`, `loading`, `countdown`, `playing` or `results`.
    pub phase: String,
    /// The host's name; empty in a room without players.
    pub host: String,
    /// The map of the match, or the one chosen for the next; empty while none is.
    pub map: String,
    /// Seats that are taken.
    pub players: usize,
    /// Seats there are.
    pub seats: u8,
    /// How many people watch.
    pub spectators: usize,
    /// Whether there is a free seat.
    pub joinable: bool,
}

/// Which rooms somebody wants to see; what is not said matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomFilter {
    /// Only rooms with a free seat.
    pub joinable: bool,
    /// Only rooms in this phase.
    pub phase: Option<&'static str>,
}

#[derive(Deserialize)]
struct Page {
    rooms: Vec<ListedRoom>,
}

#[derive(Deserialize)]
struct Maps {
    maps: Vec<String>,
}

/// Asks a server for its public rooms; blocks for up to some seconds, so call it from a thread of its own.
///
/// # Errors
/// When nobody answers, or something else than a Framehouse server.
pub fn list_rooms(server_url: &str, filter: &RoomFilter) -> Result<Vec<ListedRoom>, ConnectError> {
    get_json::<Page>(server_url, &path(filter)).map(|page| page.rooms)
}

/// Asks a server for the maps that a host can choose; blocks like [`list_rooms`].
///
/// # Errors
/// When nobody answers, or something else than a Framehouse server.
pub fn list_maps(server_url: &str) -> Result<Vec<String>, ConnectError> {
    get_json::<Maps>(server_url, "/v1/maps").map(|page| page.maps)
}

fn path(filter: &RoomFilter) -> String {
    let mut path = "/v1/rooms?limit=100".to_owned();
    if filter.joinable {
        path.push_str("&joinable=true");
    }
    if let Some(phase) = filter.phase {
        path.push_str("&phase=");
        path.push_str(phase);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_query() {
        assert_eq!(path(&RoomFilter::default()), "/v1/rooms?limit=100");
        let filter = RoomFilter { joinable: true, phase: Some("lobby") };
        assert_eq!(path(&filter), "/v1/rooms?limit=100&joinable=true&phase=lobby");
    }

    #[test]
    fn a_line_of_the_list_is_read_and_what_is_new_left_out() {
        let line = r#"{"rooms":[{"code":"K7QX","phase":"lobby","host":"Ada","map":"","players":1,"seats":4,"free":3,
            "spectators":0,"joinable":true,"new":1}]}"#;
        let page: Page = serde_json::from_str(line).expect("a list");
        assert_eq!((page.rooms[0].host.as_str(), page.rooms[0].joinable), ("Ada", true));
    }
}

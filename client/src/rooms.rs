//! What a server has: its public rooms, for a browser of rooms, and its maps, for who opens one.

pub use framehouse_shared::api::{ListedRoom, RoomFilter};
use framehouse_shared::api::{MapList, RoomList};

use crate::connect::{ConnectError, get_json};

/// Rooms in a list, unless the filter says otherwise: as many as the client reads of an answer.
const LISTED_MAX: usize = 100;

/// Asks a server for its public rooms; blocks for up to some seconds, so call it from a thread of its own.
///
/// # Errors
/// When nobody answers, or something else than a Framehouse server.
pub fn list_rooms(server_url: &str, filter: &RoomFilter) -> Result<Vec<ListedRoom>, ConnectError> {
    let filter = RoomFilter { limit: filter.limit.or(Some(LISTED_MAX)), ..filter.clone() };
    get_json::<RoomList>(server_url, &format!("/v1/rooms?{}", filter.to_query())).map(|list| list.rooms)
}

/// Asks a server for the maps that a host can choose; blocks like [`list_rooms`].
///
/// # Errors
/// When nobody answers, or something else than a Framehouse server.
pub fn list_maps(server_url: &str) -> Result<Vec<String>, ConnectError> {
    get_json::<MapList>(server_url, "/v1/maps").map(|list| list.maps)
}

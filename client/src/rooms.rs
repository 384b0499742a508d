//! Lists of a server's public rooms and of its maps, its status page, and reports of players.

pub use framehouse_shared::api::{ListedRoom, ReportRequest, RoomFilter};
use framehouse_shared::api::{MapList, ReportTaken, RoomList, Status};

use crate::connect::{ConnectError, get_json, post_json};

/// Maximum number of rooms in a list, unless the filter says otherwise: as many as the client reads of an answer.
const LISTED_MAX: usize = 100;

/// Requests a server's public rooms. Blocks for some seconds at most, so call it from a separate thread.
///
/// # Errors
/// When no server answers, or the answer is not that of a Framehouse server.
pub fn list_rooms(server_url: &str, filter: &RoomFilter) -> Result<Vec<ListedRoom>, ConnectError> {
    let filter = RoomFilter { limit: filter.limit.or(Some(LISTED_MAX)), ..filter.clone() };
    get_json::<RoomList>(server_url, &format!("/v1/rooms?{}", filter.to_query())).map(|list| list.rooms)
}

/// Requests the maps that a host can choose. Blocks like [`list_rooms`].
///
/// # Errors
/// When no server answers, or the answer is not that of a Framehouse server.
pub fn list_maps(server_url: &str) -> Result<Vec<String>, ConnectError> {
    get_json::<MapList>(server_url, "/v1/maps").map(|list| list.maps)
}

/// Requests the status page. Blocks like [`list_rooms`].
///
/// # Errors
/// When no server answers, or the answer is not that of a Framehouse server.
pub fn read_status(server_url: &str) -> Result<Status, ConnectError> {
    get_json(server_url, "/v1/status")
}

/// Reports a player in the same room to the server's operators. Returns the number of the report. Blocks like
/// [`list_rooms`].
///
/// # Errors
/// When no server answers, or it takes no such report.
pub fn report_player(server_url: &str, report: &ReportRequest) -> Result<u64, ConnectError> {
    post_json::<ReportTaken>(server_url, "/v1/reports", report).map(|taken| taken.report)
}

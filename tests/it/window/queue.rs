//! The window in the queue of a full server.

use framehouse_arena::ArenaPlugin;
use framehouse_harness::live::LiveServer;
use framehouse_server::config::RoomSettings;
use framehouse_tools::short_matches::short_matches;
use framehouse_window::screens::Screen;

use super::{Folder, MATCH_TICKS, open_window};
use crate::queue::{leave, seated};

#[test]
fn a_player_in_the_queue_sees_its_place_and_cancels_or_gets_the_seat() {
    let rooms = RoomSettings { rooms_max: 1, size: 2, ..Default::default() };
    let server = LiveServer::start_with_rooms(ArenaPlugin, short_matches(MATCH_TICKS), rooms);
    let ((mut ada, _), _bob) = (seated(&server, "ada"), seated(&server, "bob"));
    let folders = [Folder::new(), Folder::new()];
    let mut window = open_window(&server, &folders[0], "--quick");
    window.until_seen("You are number 1 in the queue");
    let mut other = open_window(&server, &folders[1], "--quick");
    other.until_seen("You are number 2 in the queue");
    other.click("Cancel");
    other.until_screen(Screen::Menu);
    leave(&mut ada);
    window.until_screen(Screen::Lobby);
}

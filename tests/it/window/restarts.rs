//! A server that restarts: the players are told, their match ends normally, and the window leads back to the menu.

use std::time::Duration;

use framehouse_arena::ArenaPlugin;
use framehouse_harness::live::LiveServer;
use framehouse_server::config::RoomSettings;
use framehouse_tools::short_matches::short_matches;
use framehouse_window::screens::Screen;

use super::{Folder, MATCH_TICKS, open_window, until};

#[test]
fn a_restart_is_announced_everywhere_and_the_match_ends_with_its_results() {
    let rooms = RoomSettings { lobby_s: 0.0, countdown_s: 0.5, results_s: 2.0, ..Default::default() };
    let limit = Duration::from_secs(90);
    let server = LiveServer::start_with_drain(ArenaPlugin, short_matches(MATCH_TICKS), rooms, limit);
    let folders = [Folder::new(), Folder::new()];
    let mut playing = open_window(&server, &folders[0], "--practice --autopilot");
    playing.until_screen(Screen::Match);
    let mut waiting = open_window(&server, &folders[1], "--create");
    waiting.until_screen(Screen::Lobby);
    server.stop();
    until("both are told", &mut [&mut playing, &mut waiting], |windows| {
        windows[0].sees("This server restarts within 1:2")
            && windows[0].sees("Your match ends normally.")
            && windows[1].sees("This server restarts within 1:2")
            && windows[1].sees("No new match begins.")
    });
    until("the lobby closes", &mut [&mut playing, &mut waiting], |windows| windows[1].screen() == Screen::Problem);
    assert!(waiting.sees("The server restarts") && waiting.sees("Finished matches are saved."));
    playing.until_screen(Screen::Results);
    assert!(playing.sees("No new match begins.") && !playing.sees("Rematch"));
    playing.until_screen(Screen::Problem);
    assert!(playing.sees("The server restarts"));
    playing.click("Back to the menu");
    playing.until_screen(Screen::Menu);
}

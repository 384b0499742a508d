//! Two windows and two bots in one match: all of them show the result that the server stores.

use std::ops::Range;

use framehouse_client::bots::companions::Companions;
use framehouse_window::screens::Screen;

use super::{Folder, open_window, start_server, until};

/// The column of points, in pixels: it has no ranks, and no numbers of the curves.
const POINTS: Range<f32> = 300.0..640.0;

#[test]
fn two_windows_and_two_bots_see_the_ranking_of_the_results_file() {
    let (server, folders) = (start_server(), [Folder::new(), Folder::new()]);
    let mut ada = open_window(&server, &folders[0], "--name Ada --create");
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    let _bots = Companions::join(&server.url, code, 2, ada.session().game().config());
    ada.until("the bots are there", |ada| ada.sees("Kestrel (bot)") && ada.sees("Wren (bot)"));
    let mut bob = open_window(&server, &folders[1], &format!("--name Bob --autopilot --room {code}"));
    until("Bob is there", &mut [&mut ada, &mut bob], |windows| windows.iter_mut().all(|one| one.sees("Bob")));
    ada.frames(3);
    ada.click("Ready");
    for screen in [Screen::Match, Screen::Results] {
        until("both are there", &mut [&mut ada, &mut bob], |windows| windows.iter().all(|one| one.screen() == screen));
    }
    until("the result is kept", &mut [&mut ada, &mut bob], |_| server.results().len() == 1);
    let players = server.results()[0]["players"].as_array().cloned().expect("players");
    let names: Vec<String> = players.iter().map(|player| player["name"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    let points: Vec<String> = players.iter().map(|player| player["points"].to_string()).collect();
    for window in [&mut ada, &mut bob] {
        window.until("points have counted", |window| window.from_top(&points, POINTS) == points);
        assert_eq!(window.from_top(&names, 0.0..POINTS.end), names, "the order is that of the file");
    }
}

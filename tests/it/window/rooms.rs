//! The list of rooms and the lobby: several windows in one room.

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_harness::live::LiveServer;
use framehouse_server::config::RoomSettings;
use framehouse_shared::protocol::messages::Phase;
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_tools::short_matches::short_matches;
use framehouse_window::screens::Screen;

use super::{Folder, MATCH_TICKS, open_at, open_window, start_server, until};

#[test]
fn a_room_is_found_joined_talked_in_and_its_host_can_send_away() {
    let (server, folders) = (start_server(), [Folder::new(), Folder::new()]);
    let mut ada = open_window(&server, &folders[0], "--name Ada");
    ada.click("Create room");
    ada.until_screen(Screen::Lobby);
    ada.until_seen("Waiting for somebody to play with.");
    let mut bob = open_window(&server, &folders[1], "--name Bob --screen browser");
    bob.until_seen("Ada's room");
    bob.click("Join");
    until("both are in the lobby", &mut [&mut ada, &mut bob], |windows| {
        windows.iter_mut().all(|window| window.sees("Bob") && window.sees("HOST"))
    });
    bob.click("Write to everybody …");
    bob.type_text("Hello, 世界!");
    bob.key(KeyCode::Enter);
    until("the line is read", &mut [&mut ada, &mut bob], |windows| {
        windows.iter_mut().all(|window| window.sees("Hello, 世界!"))
    });
    assert!(!bob.fields().contains(&"Hello, 世界!".to_owned()), "a line that is sent is out of the field");
    ada.click("Kick");
    until("Bob is told", &mut [&mut ada, &mut bob], |windows| windows[1].sees("You were removed from the room"));
    assert_eq!(bob.screen(), Screen::Problem);
    ada.until_seen("Bob was removed by the host.");
    bob.key(KeyCode::Enter);
    bob.until_screen(Screen::Menu);
}

#[test]
fn the_lobby_has_a_link_that_a_browser_opens() {
    let (server, folder) = (start_server(), Folder::new());
    let mut ada = open_window(&server, &folder, "--name Ada");
    ada.click("Create room");
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    ada.until_seen("Copy link");
    ada.click("Copy link");
    // Where there is no clipboard, the link is shown to be written down.
    ada.until_seen(&format!("{}/r/{code}", server.url));
}

#[test]
fn the_host_changes_the_room_and_a_spectator_sees_it() {
    let (server, folders) = (start_server(), [Folder::new(), Folder::new()]);
    let mut ada = open_window(&server, &folders[0], "--name Ada");
    ada.click("Create room");
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    let mut eve = open_window(&server, &folders[1], &format!("--name Eve --watch {code}"));
    until("Eve watches", &mut [&mut ada, &mut eve], |windows| windows[1].sees("You watch this room."));
    ada.until_seen("\u{203a}");
    ada.click("\u{203a}");
    until("the map is chosen", &mut [&mut ada, &mut eve], |windows| windows.iter_mut().all(|one| one.sees("basin")));
    ada.click("public");
    until("the room is private", &mut [&mut ada, &mut eve], |windows| windows[1].sees("private"));
    ada.click("normal");
    until("the room saves data", &mut [&mut ada, &mut eve], |windows| windows[1].sees("data saver"));
    ada.click("+");
    until("there is a seat more", &mut [&mut ada, &mut eve], |windows| windows[1].sees_exactly("9"));
    // Before the server has answered the first click.
    (0..3).for_each(|_| ada.click("+"));
    until("every click counted", &mut [&mut ada, &mut eve], |windows| {
        windows[1].session().client().and_then(|client| client.options()).is_some_and(|options| options.seats == 12)
    });
    ada.click("Close room");
    until("Eve is told", &mut [&mut ada, &mut eve], |windows| windows[1].sees("The room is closed"));
}

#[test]
fn a_button_that_is_held_while_its_screen_changes_is_still_clicked() {
    let (server, folders) = (start_server(), [Folder::new(), Folder::new()]);
    let mut ada = open_window(&server, &folders[0], "--name Ada --create");
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    ada.hold("\u{2212}");
    // With a second player there is one more button in this part of the screen.
    let mut bob = open_window(&server, &folders[1], &format!("--name Bob --room {code}"));
    until("Bob is there", &mut [&mut ada, &mut bob], |windows| windows[0].sees("Bob"));
    assert!(!ada.sees("Start now"), "it is not made anew below the mouse");
    ada.let_go();
    ada.until_seen("Start now");
    ada.until("there is a seat less", |ada| {
        ada.session().client().and_then(|client| client.options()).is_some_and(|options| options.seats == 7)
    });
}

#[test]
fn names_in_any_script_and_of_any_width_stay_in_their_places() {
    let server = start_server();
    for name in
        ["WWWWWWWWWWWWWWWWWWWWWWWW", "محمد بن عبد الله", "张伟张伟张伟张伟张伟", "\u{1f680}\u{1f680}\u{1f680}\u{1f680}"]
    {
        let folders = [Folder::new(), Folder::new()];
        for (folder, name) in folders.iter().zip(["Ada", name]) {
            std::fs::create_dir_all(&folder.0).expect("a folder of ours");
            let settings = format!("name = \"{name}\"\ntext_scale = 1.5\n");
            std::fs::write(folder.0.join("settings.toml"), settings).expect("a folder of ours");
        }
        let open = |folder: &Folder, line: &str| {
            let line = format!("--server {} --config-dir {} {line}", server.url, folder.0.display());
            open_at(&line, UVec2::new(800, 600))
        };
        let mut ada = open(&folders[0], "--create");
        ada.until_screen(Screen::Lobby);
        let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
        let mut bob = open(&folders[1], &format!("--room {code}"));
        until("both are there", &mut [&mut ada, &mut bob], |windows| windows[0].sees(name) && windows[1].sees("Ada"));
        let risen = ada.elapsed().as_secs_f32() + 1.0;
        ada.until("panels have risen", |ada| ada.elapsed().as_secs_f32() > risen);
        let inside = Rect::new(0.0, 0.0, 800.0, 600.0);
        let buttons = ada.buttons();
        assert!(buttons.iter().all(|button| inside.contains(button.min) && inside.contains(button.max)), "{name}");
        let overlaps = |(place, button): (usize, &Rect)| {
            buttons[..place].iter().any(|other| other.intersect(*button).size().min_element() > 1.0)
        };
        assert!(!buttons.iter().enumerate().any(overlaps), "{name}: {buttons:?}");
        // The list of members is on the right and stays within its panel.
        let panel_right = 800.0 - 24.0 * 0.625;
        assert!(buttons.iter().all(|button| button.max.x < panel_right), "{name}: {buttons:?}");
    }
}

/// A server whose matches, votes and countdowns last as long as a test may take.
fn start_patient_server() -> LiveServer {
    let rooms = RoomSettings { countdown_s: 0.5, ready_countdown_s: 600.0, abort_vote_s: 600.0, ..default() };
    LiveServer::start_with_rooms(ArenaPlugin, short_matches(60 * MATCH_TICKS), rooms)
}

#[test]
fn the_host_asks_to_end_a_match_and_the_others_answer() {
    let (server, folders) = (start_patient_server(), [Folder::new(), Folder::new()]);
    let mut ada = open_window(&server, &folders[0], "--name Ada --create");
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    let mut bob = open_window(&server, &folders[1], &format!("--name Bob --room {code}"));
    until("both are in the lobby", &mut [&mut ada, &mut bob], |windows| {
        windows.iter_mut().all(|window| window.sees("Ada") && window.sees("Bob"))
    });
    ada.click("Ready");
    bob.click("Ready");
    let is_playing = |window: &HeadlessWindow| {
        window.session().client().is_some_and(|client| matches!(client.phase(), Some(Phase::Playing { .. })))
    };
    until("the match runs", &mut [&mut ada, &mut bob], |windows| windows.iter().all(|window| is_playing(window)));
    ada.key(KeyCode::Escape);
    until("Ada can ask", &mut [&mut ada, &mut bob], |windows| windows[0].sees("Ask to end the match"));
    ada.click("Ask to end the match");
    until("Bob is asked, and Ada sees the vote", &mut [&mut ada, &mut bob], |windows| {
        windows[0].sees("Ending the match without a result. Agreed: 1 of 2 needed")
            && windows[1].sees("The host wants to end the match without a result. Agreed: 1 of 2 needed")
    });
    bob.key(KeyCode::Escape);
    until("Bob can answer", &mut [&mut ada, &mut bob], |windows| windows[1].sees("Do not end the match"));
    bob.click("Agree to end the match");
    until("the match has ended", &mut [&mut ada, &mut bob], |windows| {
        windows.iter().all(|window| window.screen() == Screen::Lobby)
    });
    ada.until_seen("The host ended the match.");
}

#[test]
fn everybody_sees_that_the_match_starts_without_those_who_are_not_ready() {
    let server = start_patient_server();
    let folders = [Folder::new(), Folder::new(), Folder::new()];
    let mut ada = open_window(&server, &folders[0], "--name Ada --create");
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    let [mut bob, mut eve] =
        [1, 2].map(|place| open_window(&server, &folders[place], &format!("--name P{place} --room {code}")));
    until("all are in the lobby", &mut [&mut ada, &mut bob, &mut eve], |windows| {
        windows.iter_mut().all(|window| window.sees("P1") && window.sees("P2"))
    });
    bob.click("Ready");
    eve.click("Ready");
    until("everybody sees it", &mut [&mut ada, &mut bob, &mut eve], |windows| {
        windows.iter_mut().all(|window| window.sees("Most players are ready: the match starts in "))
    });
    eve.click("Cancel ready");
    until("it is withdrawn", &mut [&mut ada, &mut bob, &mut eve], |windows| {
        !windows.iter_mut().any(|window| window.sees("Most players are ready"))
    });
}

//! The list of rooms and the lobby: several windows in one room.

use bevy::prelude::*;
use framehouse_client::window::screens::Screen;
use framehouse_tests::desk::Desk;

use super::{Folder, desk, start_server};

/// Lets the windows take turns until something is the case.
fn until(what: &str, windows: &mut [&mut Desk], mut done: impl FnMut(&mut [&mut Desk]) -> bool) {
    framehouse_tests::live::wait_until(what, || {
        windows.iter_mut().for_each(|window| window.frames(1));
        done(windows)
    });
}

#[test]
fn a_room_is_found_joined_talked_in_and_its_host_can_send_away() {
    let (server, folders) = (start_server(), [Folder::new(), Folder::new()]);
    let mut ada = desk(&server, &folders[0], "--name Ada");
    ada.click("Create room");
    ada.until_screen(Screen::Lobby);
    ada.until_seen("Waiting for somebody to play with.");
    let mut bob = desk(&server, &folders[1], "--name Bob --screen browser");
    bob.until_seen("Ada's room");
    bob.click("Join");
    until("both are in the lobby", &mut [&mut ada, &mut bob], |windows| {
        windows.iter_mut().all(|window| window.sees("Bob") && window.sees("HOST"))
    });
    bob.click("Write to everybody …");
    bob.type_text("Hello, 世界!");
    bob.key(KeyCode::Enter);
    until("the line is read", &mut [&mut ada, &mut bob], |windows| windows[0].sees("Bob"));
    assert!(!bob.fields().contains(&"Hello, 世界!".to_owned()), "a line that is sent is out of the field");
    ada.click("Kick");
    until("Bob is told", &mut [&mut ada, &mut bob], |windows| windows[1].sees("You were sent away"));
    assert_eq!(bob.screen(), Screen::Problem);
    bob.key(KeyCode::Enter);
    bob.until_screen(Screen::Menu);
}

#[test]
fn the_host_changes_the_room_and_a_spectator_sees_it() {
    let (server, folders) = (start_server(), [Folder::new(), Folder::new()]);
    let mut ada = desk(&server, &folders[0], "--name Ada");
    ada.click("Create room");
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    let mut eve = desk(&server, &folders[1], &format!("--name Eve --watch {code}"));
    until("Eve watches", &mut [&mut ada, &mut eve], |windows| windows[1].sees("You watch this room."));
    ada.click("maps in turn");
    ada.frames(4);
    until("the map is chosen", &mut [&mut ada, &mut eve], |windows| windows.iter_mut().all(|one| one.sees("basin")));
    ada.click("public");
    until("the room is private", &mut [&mut ada, &mut eve], |windows| windows[1].sees("private"));
    ada.click("+");
    until("there is a seat more", &mut [&mut ada, &mut eve], |windows| windows[1].sees("9"));
    ada.click("Close room");
    until("Eve is told", &mut [&mut ada, &mut eve], |windows| windows[1].sees("The room is closed"));
}

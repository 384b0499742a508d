//! Errors: each one is a sentence on the screen, with a button that leads on.

use bevy::prelude::*;
use framehouse_client::connect::ConnectError;
use framehouse_harness::live::LiveServer;
use framehouse_server::room::directory::JoinError;
use framehouse_shared::api::Feature;
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_tiny::TinyPlugin;
use framehouse_window::{
    screens::Screen,
    session::Problem,
    settings::Settings,
    texts::{Language, T},
};

use super::{Folder, open, open_window, start_server};

#[test]
fn a_server_that_is_not_there_is_named_and_can_be_tried_again() {
    let folder = Folder::new();
    let mut window = open(&format!("--server 127.0.0.1:1 --config-dir {}", folder.0.display()));
    window.key(KeyCode::Enter);
    window.until_screen(Screen::Connecting);
    window.until_seen("The server was not reached at http://127.0.0.1:1/v1/sessions.");
    window.click("Try again");
    window.until_screen(Screen::Connecting);
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Menu);
}

#[test]
fn a_server_of_another_kind_is_told() {
    let (server, folder) = (LiveServer::start(TinyPlugin, Vec::new()), Folder::new());
    let mut window = open_window(&server, &folder, "--quick");
    window.until_seen("The versions differ");
    window.click("Back to the menu");
    window.until_screen(Screen::Menu);
}

#[test]
fn rooms_that_are_full_or_gone_are_told() {
    let (server, folders) = (start_server(), [Folder::new(), Folder::new(), Folder::new()]);
    let mut window = open_window(&server, &folders[0], "--room ZZZZ");
    window.until_seen("No room that you can join has this code");
    let mut ada = open_window(&server, &folders[1], "");
    ada.click("Create room");
    ada.until_screen(Screen::Lobby);
    (2..8).for_each(|_| ada.click("\u{2212}"));
    let seats =
        |ada: &HeadlessWindow| ada.session().client().and_then(|client| client.options()).map(|options| options.seats);
    ada.until("two seats are left", |ada| seats(ada) == Some(2));
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    let mut bob = open_window(&server, &folders[2], &format!("--room {code}"));
    bob.until("Bob is in", |bob| bob.session().client().is_some_and(|client| client.phase().is_some()));
    let mut eve = open_window(&server, &folders[0], &format!("--room {code}"));
    eve.until_seen("The room is full");
    assert!(eve.sees("Try again"));
}

#[test]
fn a_stopping_server_says_so() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--quick");
    window.until_screen(Screen::Lobby);
    server.stop();
    window.until_seen("The server is stopping");
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Menu);
}

#[test]
fn a_broken_settings_file_is_kept_aside_and_told() {
    let (server, folder) = (start_server(), Folder::new());
    std::fs::create_dir_all(&folder.0).expect("a folder of ours");
    std::fs::write(folder.0.join("settings.toml"), "name = [").expect("a folder of ours");
    let mut window = open_window(&server, &folder, "");
    window.until_seen("The settings file could not be read.");
    assert!(folder.0.join("settings.broken.toml").exists());
}

#[test]
fn every_refusal_of_a_server_has_words_of_the_clients_own() {
    let code = "K7QX".parse().expect("a code");
    let all = [
        JoinError::NoSuchRoom(code),
        JoinError::NoSuchName("lounge".to_owned()),
        JoinError::RoomFull(code),
        JoinError::SpectatorsFull(code),
        JoinError::NoSuchSeat,
        JoinError::Mismatch("the rules differ".to_owned()),
        JoinError::ServerFull,
        JoinError::Overloaded,
        JoinError::NoCodes,
        JoinError::NoServer,
        JoinError::Stopping,
        JoinError::SentAway(code),
        JoinError::Banned("you are banned from this server until tomorrow".to_owned()),
        JoinError::SwitchedOff(Feature::QuickMatch),
        JoinError::AlreadyPlaying,
        JoinError::AddressFull { max: 8 },
        JoinError::TokensUnused,
        JoinError::TooManyCodes { wait_s: 7 },
        JoinError::BadSize { asked: 99, max: 16 },
    ];
    for error in all {
        let has_own_words = match &error {
            JoinError::NoSuchRoom(_)
            | JoinError::NoSuchName(_)
            | JoinError::RoomFull(_)
            | JoinError::SpectatorsFull(_)
            | JoinError::NoSuchSeat
            | JoinError::Mismatch(_)
            | JoinError::ServerFull
            | JoinError::Overloaded
            | JoinError::NoCodes
            | JoinError::NoServer
            | JoinError::SentAway(_)
            | JoinError::Banned(_)
            | JoinError::SwitchedOff(_)
            | JoinError::AlreadyPlaying
            | JoinError::AddressFull { .. }
            | JoinError::TokensUnused
            | JoinError::TooManyCodes { .. }
            | JoinError::Stopping => true,
            // The client never asks for such a room, so the server's sentence is shown.
            JoinError::BadSize { .. } => false,
        };
        let message = error.to_string();
        let refused = ConnectError::Refused { status: 409, code: error.code().to_owned(), message };
        for language in Language::ALL {
            let settings = Settings { language, ..Default::default() };
            let problem = Problem::of_refusal(&refused, &settings);
            assert_eq!(problem.title != settings.say(T::NoSession), has_own_words, "{problem:?}");
            assert!(problem.sentence.ends_with(['.', '\u{3002}']), "{problem:?}");
        }
    }
}

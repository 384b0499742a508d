//! Whole matches through the window: practice, watching, losing the connection, coming back.

use bevy::prelude::*;
use framehouse_client::window::screens::Screen;
use framehouse_shared::protocol::control::Phase;
use framehouse_tests::desk::Desk;

use super::{Folder, desk, start_server};

fn is_playing(window: &Desk) -> bool {
    window.session().client().is_some_and(|client| matches!(client.phase(), Some(Phase::Playing { .. })))
}

#[test]
fn one_click_plays_a_match_against_bots_to_its_results_and_a_rematch() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = desk(&server, &folder, "");
    window.click("Practice with bots");
    window.until_screen(Screen::Match);
    window.until_screen(Screen::Results);
    let ranking = window.session().client().and_then(|client| client.results().cloned()).expect("results");
    assert_eq!(ranking.ranking.len(), 4, "the player and three bots");
    window.until("points have counted", |window| {
        ranking.ranking.iter().all(|entry| window.sees(&entry.score.points.to_string()) && window.sees(&entry.name))
    });
    window.click("Rematch");
    window.until_screen(Screen::Match);
    window.key(KeyCode::Escape);
    window.until_seen("The match goes on");
    window.click("Leave the room");
    window.until_screen(Screen::Menu);
}

#[test]
fn a_lost_player_sees_the_seconds_and_comes_back_into_the_match() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = desk(&server, &folder, "--practice --autopilot");
    window.until("the match runs", |window| is_playing(window));
    server.be_silent(true);
    window.until_seen("Reconnecting");
    let seconds = window.texts().iter().find_map(|text| text.strip_suffix(" s")?.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (20..=30).contains(&seconds)), "{seconds:?}");
    server.be_silent(false);
    window.until("the player is back", |window| !window.sees("Reconnecting"));
    assert!(window.session().problem().is_none());
    assert!(window.session().client().is_some_and(|client| client.slot().is_some()));
    window.until_screen(Screen::Results);
}

#[test]
fn a_crashed_client_offers_to_rejoin() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = desk(&server, &folder, "--name Ada");
    window.click("Create room");
    window.until_screen(Screen::Lobby);
    let code = window.session().client().and_then(|client| client.code()).expect("in a room");
    window.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
    // Without a word: a crash.
    drop(window);
    let mut window = desk(&server, &folder, "");
    window.until_seen(&format!("You were in room {code}."));
    window.click("Rejoin");
    window.until_screen(Screen::Lobby);
    assert!(window.session().client().is_some_and(|client| client.is_host()), "it is the same seat");
    window.click("Leave");
    window.until_screen(Screen::Menu);
    window.until("the seat is forgotten", |_| !folder.0.join("seat.toml").exists());
}

#[test]
fn who_declines_is_not_asked_again() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = desk(&server, &folder, "--quick");
    window.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
    drop(window);
    let mut window = desk(&server, &folder, "");
    window.until_seen("Your seat and your score may still be there.");
    window.click("No, thanks");
    window.until("the offer is gone", |window| !window.sees("You were in room"));
    window.until("the seat is forgotten", |_| !folder.0.join("seat.toml").exists());
}

#[test]
fn a_seat_that_is_gone_is_told_plainly() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = desk(&server, &folder, "--name Ada --create");
    window.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
    drop(window);
    drop(server);
    // Another server knows no such seat.
    let server = start_server();
    let note = folder.0.join("seat.toml");
    let text = std::fs::read_to_string(&note).expect("noted");
    let line = text.lines().find(|line| line.starts_with("server")).expect("with its server").to_owned();
    std::fs::write(&note, text.replace(&line, &format!("server = \"{}\"", server.url))).expect("a folder of ours");
    let mut window = desk(&server, &folder, "");
    window.click("Rejoin");
    window.until_seen("Your seat is gone");
    window.click("Back to the menu");
    window.until_screen(Screen::Menu);
}

#[test]
fn whoever_does_not_want_to_wait_for_a_lost_server_leaves() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = desk(&server, &folder, "--practice --autopilot");
    window.until("the match runs", |window| is_playing(window));
    server.be_silent(true);
    window.until_seen("Reconnecting");
    window.click("Leave the room");
    window.until_screen(Screen::Menu);
}

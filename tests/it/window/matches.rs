//! Whole matches in the window: practice, watching, losing the connection, reconnecting.

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_harness::live::LiveServer;
use framehouse_server::config::RoomSettings;
use framehouse_shared::protocol::messages::Phase;
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_tools::short_matches::short_matches;
use framehouse_window::screens::Screen;

use super::{Folder, MATCH_TICKS, open_window, start_server, until};

fn is_playing(window: &HeadlessWindow) -> bool {
    window.session().client().is_some_and(|client| matches!(client.phase(), Some(Phase::Playing { .. })))
}

#[test]
fn one_click_plays_a_match_against_bots_to_its_results_and_a_rematch() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "");
    window.click("Practice with bots");
    window.until_screen(Screen::Match);
    window.until_screen(Screen::Results);
    let ranking = window.session().client().and_then(|client| client.results().cloned()).expect("results");
    assert_eq!(ranking.ranking.len(), 4, "the player and three bots");
    window.until("points have counted", |window| {
        ranking
            .ranking
            .iter()
            .all(|entry| window.sees_exactly(&entry.score.points.to_string()) && window.sees_exactly(&entry.name))
    });
    window.until("every player has a line", |window| window.players_in_pictures().len() == 4);
    window.click("Rematch");
    window.until_screen(Screen::Match);
    window.key(KeyCode::Escape);
    window.until_seen("The match goes on");
    window.click("Leave the room");
    window.until_screen(Screen::Menu);
}

#[test]
fn a_spectator_who_joins_during_the_results_sees_the_lines_of_all_players() {
    let rooms = RoomSettings { lobby_s: 0.0, countdown_s: 0.5, results_s: 60.0, ..Default::default() };
    let server = LiveServer::start_with_rooms(ArenaPlugin, short_matches(MATCH_TICKS), rooms);
    let folders = [Folder::new(), Folder::new()];
    let mut window = open_window(&server, &folders[0], "--practice --autopilot");
    window.until_screen(Screen::Results);
    let code = window.session().client().and_then(|client| client.code()).expect("in a room");
    let mut late = open_window(&server, &folders[1], &format!("--watch {code}"));
    until("the spectator sees the results", &mut [&mut window, &mut late], |windows| {
        windows[1].screen() == Screen::Results && windows[1].players_in_pictures().len() == 4
    });
    let results = |window: &HeadlessWindow| window.session().client().and_then(|client| client.results().cloned());
    assert_eq!(results(&late), results(&window));
    server.be_silent(true);
    window.until_seen("Reconnecting");
    server.be_silent(false);
    window.until("the player is back", |window| !window.sees("Reconnecting"));
    window.until("the lines are back", |window| {
        window.screen() == Screen::Results && window.players_in_pictures().len() == 4
    });
}

#[test]
fn a_lost_player_sees_the_seconds_and_comes_back_into_the_match() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice --autopilot");
    window.until("the match runs", |window| is_playing(window));
    server.be_silent(true);
    window.until_seen("Reconnecting");
    let seconds = number_in(&mut window, "", " s");
    assert!(seconds.is_some_and(|seconds| (20..=30).contains(&seconds)), "{seconds:?}");
    server.be_silent(false);
    window.until("the player is back", |window| !window.sees("Reconnecting"));
    assert!(window.session().problem().is_none());
    assert!(window.session().client().is_some_and(|client| client.slot().is_some()));
    window.until_screen(Screen::Results);
}

#[test]
fn a_killed_server_is_told_waited_for_and_told_again_when_the_match_is_gone() {
    let (mut server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice --autopilot");
    window.until("the match runs", |window| is_playing(window));
    server.kill();
    window.until_seen("No data from the server for");
    let silent_s = number_in(&mut window, "No data from the server for ", " s \u{2026}");
    assert!(silent_s.is_some_and(|seconds| seconds <= 5), "{silent_s:?}");
    window.until_seen("Reconnecting");
    let left = number_in(&mut window, "", " s").expect("a countdown");
    window.until("the seconds go down", |window| number_in(window, "", " s").is_some_and(|now| now < left));
    assert_eq!(window.screen(), Screen::Match, "what was last seen stays in view");
    server.revive();
    window.until_screen(Screen::Problem);
    assert!(window.sees("the server was restarted and the match is gone"));
    window.click("Back to the menu");
    window.until_screen(Screen::Menu);
    window.click("Practice with bots");
    window.until("another match runs", |window| is_playing(window));
}

#[test]
fn a_server_that_stays_away_is_given_up_when_the_seconds_are_over() {
    let (mut server, folder) = (LiveServer::start_with(ArenaPlugin, short_matches(300), 2.0), Folder::new());
    let mut window = open_window(&server, &folder, "--practice --autopilot");
    window.until("the match runs", |window| is_playing(window));
    server.kill();
    window.until_seen("Reconnecting");
    let left = number_in(&mut window, "", " s");
    assert!(left.is_some_and(|seconds| seconds <= 2), "{left:?}: seats are kept for two seconds there");
    window.until_screen(Screen::Problem);
    assert!(window.sees("The server did not come back in time"));
    window.key(KeyCode::Enter);
    window.until_screen(Screen::Menu);
}

/// The number between these words, if they are the whole text.
fn number_in(window: &mut HeadlessWindow, before: &str, after: &str) -> Option<u32> {
    window.texts().iter().find_map(|text| text.strip_prefix(before)?.strip_suffix(after)?.parse().ok())
}

#[test]
fn a_crashed_client_offers_to_rejoin() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--name Ada");
    window.click("Create room");
    window.until_screen(Screen::Lobby);
    let code = window.session().client().and_then(|client| client.code()).expect("in a room");
    window.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
    // Without a goodbye, as in a crash.
    drop(window);
    let mut window = open_window(&server, &folder, "");
    window.until_seen(&format!("You were in room {code}."));
    // The question has the focus.
    window.key(KeyCode::Enter);
    window.until_screen(Screen::Lobby);
    assert!(window.session().client().is_some_and(|client| client.is_host()), "it is the same seat");
    window.click("Leave");
    window.until_screen(Screen::Menu);
    window.until("the seat is forgotten", |_| !folder.0.join("seat.toml").exists());
}

#[test]
fn a_second_window_is_not_offered_the_seat_of_the_first() {
    let (server, folder) = (start_server(), Folder::new());
    let mut first = open_window(&server, &folder, "--name Ada --create");
    first.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
    let mut second = open_window(&server, &folder, "");
    second.until_seen("Quick match");
    assert!(!second.sees("You were in room"), "Ada still plays");
    // It does not take over the file either.
    second.click("Create room");
    second.until_screen(Screen::Lobby);
    second.close();
    assert!(folder.0.join("seat.toml").exists(), "the seat of the first window is still noted");
    drop(first);
    let mut third = open_window(&server, &folder, "");
    third.until_seen("You were in room");
}

#[test]
fn a_window_that_is_closed_in_a_session_forgets_the_seat_and_in_a_lost_one_keeps_it() {
    for is_lost in [false, true] {
        let (server, folder) = (start_server(), Folder::new());
        let mut window = open_window(&server, &folder, "--create");
        window.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
        if is_lost {
            server.be_silent(true);
            window.until_seen("Reconnecting");
        }
        window.close();
        assert_eq!(folder.0.join("seat.toml").exists(), is_lost);
    }
}

#[test]
fn who_declines_is_not_asked_again() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--quick");
    window.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
    drop(window);
    let mut window = open_window(&server, &folder, "");
    window.until_seen("Your seat and your score may still be there.");
    // Escape answers no.
    window.key(KeyCode::Escape);
    window.until("the offer is gone", |window| !window.sees("You were in room"));
    window.until("the seat is forgotten", |_| !folder.0.join("seat.toml").exists());
}

#[test]
fn a_seat_that_is_gone_is_told_plainly() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--name Ada --create");
    window.until("the seat is noted", |_| folder.0.join("seat.toml").exists());
    drop(window);
    drop(server);
    // Another server has no such seat.
    let server = start_server();
    let note = folder.0.join("seat.toml");
    let text = std::fs::read_to_string(&note).expect("noted");
    let line = text.lines().find(|line| line.starts_with("server")).expect("with its server").to_owned();
    std::fs::write(&note, text.replace(&line, &format!("server = \"{}\"", server.url))).expect("a folder of ours");
    let mut window = open_window(&server, &folder, "");
    window.click("Rejoin");
    window.until_seen("Your seat is gone");
    window.click("Back to the menu");
    window.until_screen(Screen::Menu);
}

#[test]
fn whoever_does_not_want_to_wait_for_a_lost_server_leaves() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice --autopilot");
    window.until("the match runs", |window| is_playing(window));
    server.be_silent(true);
    window.until_seen("Reconnecting");
    window.click("Leave the room");
    window.until_screen(Screen::Menu);
}

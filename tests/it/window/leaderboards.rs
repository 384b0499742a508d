//! Leaderboards, the standing of a result, and a player's matches with their replays.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use bevy::prelude::*;
use framehouse_client::records::{BoardQuery, board, read_board};
use framehouse_harness::live::{LiveServer, wait_until};
use framehouse_tests::past_results::result_lines;
use framehouse_window::screens::Screen;

use super::{Folder, open, open_at, open_window, start_server};

/// Starts the server again with this number of other players, all better than anybody can be in a match.
fn add_rivals(server: &mut LiveServer, count: u32) {
    let names: Vec<_> = (0..count).map(|number| format!("Rival {number}")).collect();
    // The id 0 is that of people who were forgotten.
    let players: Vec<_> = (1..).zip(&names).map(|(number, name)| (number, name.as_str(), 1_000_000)).collect();
    server.add_results(&result_lines("atoll", &players));
    wait_until("they are on the board", || {
        let page = read_board(&server.url, board::ALL, &BoardQuery { limit: Some(100), ..BoardQuery::default() });
        page.is_ok_and(|entries| entries.len() >= count as usize)
    });
}

#[test]
fn a_result_stands_on_the_boards_and_its_replay_is_watched() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--name Ada --practice");
    window.until_screen(Screen::Results);
    window.until_seen("Rank ");
    assert!(!window.sees("personal best"), "it is the first match");
    window.click("Back to the menu");
    window.until_screen(Screen::Menu);
    window.click("Leaderboards");
    window.until_screen(Screen::Leaderboards);
    window.until("the own entry is marked", |window| window.sees_exactly("Ada") && window.sees_exactly("you"));
    for period in ["This week", "Today"] {
        window.click(period);
        window.until("the entry is there, too", |window| window.sees_exactly("Ada"));
    }
    let map = server.results()[0]["map"].as_str().expect("a name").to_owned();
    window.click("\u{203a}");
    window.until_seen(&map);
    window.until("the entry is on the board of its map", |window| window.sees_exactly("Ada"));
    assert!(!window.sees("Today"), "boards of maps are of all time");
    window.click("Your matches");
    window.until_screen(Screen::Player);
    for words in ["played 1", "rating ", "rank ", &map] {
        window.until_seen(words);
    }
    window.click("Watch replay");
    window.until_screen(Screen::Replay);
    window.until_seen("Ada");
    for screen in [Screen::Player, Screen::Leaderboards, Screen::Menu] {
        window.key(KeyCode::Escape);
        window.until_screen(screen);
    }
}

#[test]
fn an_own_entry_that_is_far_down_is_shown_below_the_list() {
    let (mut server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--name Ada --practice");
    window.until_screen(Screen::Results);
    window.until_seen("Rank ");
    window.close();
    add_rivals(&mut server, 30);
    let mut window = open_window(&server, &folder, "--screen leaderboards");
    window.until("the first twenty and the own entry", |window| window.sees_exactly("Ada"));
    assert!(window.sees_exactly("you"), "it is marked");
    let rivals = window.texts().iter().filter(|text| text.starts_with("Rival ")).count();
    assert_eq!(rivals, 20);
    // The board of the rivals' map, the first one, has no entry of the player.
    window.click("\u{203a}");
    window.until_seen("atoll");
    window.until_seen("You have no result here yet.");
}

#[test]
fn a_players_matches_are_shown_to_others_and_a_lost_replay_is_told() {
    let (mut server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--name Ada --practice");
    window.until_screen(Screen::Results);
    window.until_seen("Rank ");
    window.close();
    add_rivals(&mut server, 1);
    fs::remove_dir_all(server.replays()).expect("a folder of ours");
    let mut window = open_window(&server, &folder, "--screen leaderboards");
    window.until_seen("Rival 0");
    window.click("Your matches");
    window.until_screen(Screen::Player);
    window.until_seen("Watch replay");
    window.click("Watch replay");
    window.until_seen("The server has no replay of this match.");
    window.key(KeyCode::Enter);
    window.until_screen(Screen::Menu);
}

/// A server of an earlier release, which knows no leaderboards. Returns its address.
fn start_old_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        let body = r#"{"error":{"code":"not_found","message":"there is no such path"}}"#;
        for mut stream in listener.incoming().map_while(Result::ok) {
            // A request is one packet, and a caller that is gone is none of the test's business.
            let _ = stream.read(&mut [0; 4096]);
            let length = body.len();
            let head = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{body}");
        }
    });
    url
}

#[test]
fn servers_without_boards_or_results_and_those_that_are_away_are_told() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--screen leaderboards");
    window.until_seen("There is no result here yet.");
    for (server, words) in [
        (start_old_server(), "This server keeps no leaderboards."),
        ("http://127.0.0.1:1".to_owned(), "The server was not reached at http://127.0.0.1:1"),
    ] {
        let folder = Folder::new();
        let line = format!("--server {server} --config-dir {} --screen leaderboards", folder.0.display());
        let mut window = open(&line);
        window.until_seen(words);
        assert!(!window.sees("Your matches"), "nothing is known about the player there");
    }
}

#[test]
fn leaderboards_are_used_by_keyboard_in_small_and_large_windows() {
    for (size, scale) in [(UVec2::new(640, 480), 1.6), (UVec2::new(1280, 720), 1.0), (UVec2::new(3840, 2160), 0.8)] {
        let folder = Folder::new();
        fs::create_dir_all(&folder.0).expect("a folder of ours");
        fs::write(folder.0.join("settings.toml"), format!("text_scale = {scale}")).expect("a folder of ours");
        let line = format!("--server 127.0.0.1:1 --screen leaderboards --config-dir {}", folder.0.display());
        let mut window = open_at(&line, size);
        window.until_screen(Screen::Leaderboards);
        window.until_seen("The server was not reached");
        window.until("panels have risen", |window| window.elapsed().as_secs_f32() > 0.8);
        let inside = Rect::from_corners(Vec2::ZERO, size.as_vec2());
        let buttons = window.buttons();
        assert_eq!(buttons.len(), 7, "refresh, two for the map, three periods, back");
        let outside = buttons.iter().find(|button| !inside.contains(button.min) || !inside.contains(button.max));
        assert_eq!(outside, None, "{size} and {scale}");
        // The last one.
        (0..7).for_each(|_| window.key(KeyCode::Tab));
        window.key(KeyCode::Enter);
        window.until_screen(Screen::Menu);
    }
}

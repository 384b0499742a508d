//! Replays in the window: saved from the results, listed, and played with pause, speed and a time bar.

use std::fs;

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_shared::replay::canned_replay;
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_window::screens::Screen;

use super::{Folder, open, open_at, open_window, start_server};

fn position(window: &HeadlessWindow) -> f64 {
    window.session().playback().map(|playback| playback.timeline().position()).expect("a replay is shown")
}

fn until_position(window: &mut HeadlessWindow, what: &str, is_there: impl Fn(f64) -> bool) {
    window.until(what, |window| is_there(position(window)));
}

#[test]
fn a_match_is_saved_listed_and_watched_again() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--name Ada --practice");
    window.until_screen(Screen::Results);
    let ranking = window.session().client().and_then(|client| client.results().cloned()).expect("results").ranking;
    window.until_seen("Save replay");
    window.click("Save replay");
    window.until_seen("The replay is saved:");
    let saved = fs::read_dir(folder.0.join("replays")).expect("the folder is there").next().expect("a file");
    let saved = saved.expect("a file").path();
    assert!(window.sees(&saved.display().to_string()), "the screen names the file");
    window.click("Back to the menu");
    window.until_screen(Screen::Menu);
    window.click("Replays");
    window.until_seen(&format!("{} {}", ranking[0].name, ranking[0].score.points));
    window.click("Watch");
    window.until_screen(Screen::Replay);
    until_position(&mut window, "the playback goes on", |position| position > 3.0);
    assert!(ranking.iter().all(|entry| window.sees(&entry.name)), "everybody is on the leaderboard");
    // The button that pauses has the focus.
    window.key(KeyCode::Space);
    window.until_seen("Play");
    let paused = position(&window);
    window.frames(20);
    assert_eq!(position(&window), paused);
    // Slower, faster, then the bar.
    (0..3).for_each(|_| window.key(KeyCode::Tab));
    window.key(KeyCode::ArrowRight);
    until_position(&mut window, "five seconds on", |position| position >= paused + 149.0);
    window.key(KeyCode::ArrowLeft);
    until_position(&mut window, "and back", |position| position < paused + 3.0);
    window.click("+");
    window.until_seen("\u{d7}2");
    (0..3).for_each(|_| window.click("+"));
    window.until_seen("\u{d7}8");
    window.click("Play");
    window.until_seen("From the start");
    assert!(window.session().timeline().is_some_and(|timeline| timeline.is_over() && timeline.broken().is_none()));
    window.click("From the start");
    until_position(&mut window, "once more", |position| position < 200.0);
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Replays);
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Menu);
}

#[test]
fn a_replay_from_the_command_line_is_shown_and_a_bad_one_is_told() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).expect("a folder of ours");
    let show = |bytes: &[u8]| {
        let file = folder.0.join("some.fhr");
        fs::write(&file, bytes).expect("a folder of ours");
        open(&format!("--config-dir {} --replay {}", folder.0.display(), file.display()))
    };
    let replay = canned_replay(ArenaPlugin, 3, 4, 200);
    let mut window = show(&replay);
    window.until_screen(Screen::Replay);
    window.until_seen("Ada");
    for words in ["4 / 4", "basin"] {
        window.until_seen(words);
    }
    assert!(!window.sees("\u{2013}"), "nothing is left open: {:?}", window.texts());
    for (bytes, words) in [
        (&b"nonsense"[..], "it is not a replay"),
        (&replay[..replay.len() - 40], "it is cut off"),
        (&canned_replay(framehouse_tiny::TinyPlugin, 3, 2, 50), "It is from another game or release"),
    ] {
        let mut window = show(bytes);
        window.until_screen(Screen::Problem);
        assert!(window.sees(words), "{words}: {:?}", window.texts());
        window.key(KeyCode::Enter);
        window.until_screen(Screen::Menu);
    }
    let mut window = open(&format!("--config-dir {} --replay /nowhere/at/all.fhr", folder.0.display()));
    window.until_seen("The file /nowhere/at/all.fhr cannot be read");
}

#[test]
fn the_time_bar_keeps_clear_of_the_column_at_the_right() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).expect("a folder of ours");
    let file = folder.0.join("some.fhr");
    fs::write(&file, canned_replay(ArenaPlugin, 3, 4, 200)).expect("a folder of ours");
    for (size, text_scale) in [((1280, 720), 1.0), ((1280, 720), 1.5), ((800, 600), 1.5), ((2560, 1080), 1.0)] {
        fs::write(folder.0.join("settings.toml"), format!("text_scale = {text_scale}\n")).expect("a folder of ours");
        let line = format!("--config-dir {} --replay {}", folder.0.display(), file.display());
        let mut window = open_at(&line, size.into());
        window.until_screen(Screen::Replay);
        window.until_seen("LEADERBOARD");
        window.until("the bar has its place", |window| window.buttons().len() == 4);
        window.frames(3);
        let column = window.panels().iter().map(|panel| panel.min.x).fold(0.0, f32::max);
        for button in window.buttons() {
            assert!(button.min.x > 0.0 && button.max.x < column, "{size:?}: {button:?} and the column at {column}");
        }
    }
}

#[test]
fn a_replay_that_is_not_to_be_had_is_told() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_window(&server, &folder, "--practice");
    window.until_screen(Screen::Results);
    window.until_seen("Save replay");
    window.until("the replay is written", |_| fs::read_dir(server.replays()).is_ok_and(|files| files.count() > 0));
    fs::remove_dir_all(server.replays()).expect("a folder of ours");
    window.click("Save replay");
    window.until_seen("The server has no replay of this match.");
    assert!(window.sees("Save replay"), "it can be tried again");
}

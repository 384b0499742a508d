//! Rewind in the window: the time bar below a running match, and the button that returns to the present.

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_harness::live::LiveServer;
use framehouse_shared::protocol::messages::Phase;
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_tools::short_matches::short_matches;
use framehouse_window::{screens::Screen, session::Moment};

use super::{Folder, open_window, until};

/// A minute.
const LONG_MATCH_TICKS: u32 = 1800;

fn moment(window: &HeadlessWindow) -> Moment {
    window.session().moment().expect("a match whose past can be shown")
}

fn shows_past(window: &HeadlessWindow) -> bool {
    window.session().is_rewound()
}

fn live_end(window: &HeadlessWindow) -> u32 {
    window.session().client().map_or(0, |client| client.live_end())
}

/// A position on the time bar, 0 to 1 of its length.
fn click_bar(window: &mut HeadlessWindow, part: f32) {
    let bar = window.sliders()[0];
    window.click_at(Vec2::new(bar.min.x + bar.width() * part, bar.center().y));
}

#[test]
fn a_spectator_goes_back_by_the_bar_and_to_the_present_by_button_and_key() {
    let (server, folders) =
        (LiveServer::start(ArenaPlugin, short_matches(LONG_MATCH_TICKS)), [Folder::new(), Folder::new()]);
    let mut ada = open_window(&server, &folders[0], "--name Ada --practice --autopilot");
    ada.until("the match runs for a while", |ada| live_end(ada) > 240);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    assert!(ada.sliders().is_empty() && !ada.sees("Live"), "who plays has no time bar");
    let mut bob = open_window(&server, &folders[1], &format!("--name Bob --watch {code}"));
    until("Bob watches", &mut [&mut ada, &mut bob], |windows| {
        windows[1].screen() == Screen::Match && windows[1].sees("Live")
    });
    // The buttons beside the bar push it to its place.
    bob.until_seen("From the start");
    bob.frames(8);
    bob.until("the bar has its place", |bob| bob.sliders().first().is_some_and(|bar| bar.width() > 100.0));
    assert!(moment(&bob).is_live && !bob.sees("Pause"));
    let end = f64::from(moment(&bob).end);
    click_bar(&mut bob, 0.25);
    bob.until("the past is shown", |bob| shows_past(bob));
    let there = moment(&bob);
    let part = there.position / end;
    assert!(!there.is_live && (0.15..0.5).contains(&part), "{there:?}, of {end}");
    bob.click("Pause");
    let paused = moment(&bob).position;
    bob.until("the match goes on meanwhile", |bob| moment(bob).end > there.end + 30);
    assert_eq!(moment(&bob).position, paused);
    assert!(bob.sees("Play"));
    bob.click("Live");
    bob.until("the present is shown", |bob| moment(bob).is_live && !shows_past(bob));
    bob.click("From the start");
    bob.until("the beginning is shown", |bob| shows_past(bob) && moment(bob).position < 60.0);
    bob.key(KeyCode::KeyL);
    bob.until("the present is shown", |bob| moment(bob).is_live && !shows_past(bob));
    assert_eq!(bob.session().client().map(|client| client.stats().desyncs), Some(0));
}

#[test]
fn a_player_who_gave_up_plays_the_past_faster_until_the_present_and_sees_the_results() {
    let (server, folder) = (LiveServer::start(ArenaPlugin, short_matches(900)), Folder::new());
    let mut window = open_window(&server, &folder, "--practice --autopilot");
    window.until("the match runs for a while", |window| live_end(window) > 150);
    window.key(KeyCode::Escape);
    window.until_seen("Give up and watch");
    window.click("Give up and watch");
    window.until_seen("Live");
    window.frames(4);
    window.click("From the start");
    window.until("the past is shown", |window| shows_past(window));
    (0..3).for_each(|_| window.click("+"));
    window.until("the past has caught up", |window| moment(window).is_live);
    assert!(window.session().client().is_some_and(|client| matches!(client.phase(), Some(Phase::Playing { .. }))));
    window.click("From the start");
    window.until_screen(Screen::Results);
    assert!(window.sliders().is_empty(), "the bar goes with the match");
}

//! The window, screen by screen, against real servers in this process, without a display or a graphics card.

mod another_game;
mod arena;
mod errors;
mod languages;
mod leaderboards;
mod matches;
mod menu;
mod queue;
mod replays;
mod reports;
mod restarts;
mod rewind;
mod rooms;
mod settings;
mod together;

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use bevy::math::UVec2;
use framehouse_arena::ArenaPlugin;
use framehouse_arena_client::ArenaView;
use framehouse_harness::live::{LiveServer, wait_until};
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_tools::short_matches::short_matches;

/// Ten seconds: the shortest match that the rules allow.
const MATCH_TICKS: u32 = 300;

/// A folder for settings, removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("framehouse-window-{}-{number}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn start_server() -> LiveServer {
    LiveServer::start(ArenaPlugin, short_matches(MATCH_TICKS))
}

/// An arena window of the usual size.
fn open(line: &str) -> HeadlessWindow {
    open_at(line, UVec2::new(1280, 720))
}

/// An arena window of `size` pixels.
fn open_at(line: &str, size: UVec2) -> HeadlessWindow {
    HeadlessWindow::open(line, size, ArenaPlugin, ArenaView)
}

/// A window with its settings in a folder of the test.
fn open_window(server: &LiveServer, folder: &Folder, line: &str) -> HeadlessWindow {
    open(&format!("--server {} --config-dir {} {line}", server.url, folder.0.display()))
}

/// Updates the windows in turn until `done`.
fn until(what: &str, windows: &mut [&mut HeadlessWindow], mut done: impl FnMut(&mut [&mut HeadlessWindow]) -> bool) {
    wait_until(what, || {
        windows.iter_mut().for_each(|window| window.frames(1));
        done(windows)
    });
}

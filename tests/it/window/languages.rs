//! Languages: every screen shows the player's language only.

use std::path::Path;

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_arena_client::ArenaView;
use framehouse_client::client::InputRequest;
use framehouse_harness::live::LiveServer;
use framehouse_shared::{input::Input, score::ScoreFrame};
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_window::{
    controls::Controls,
    keys::InputAction,
    screens::Screen,
    settings::Settings,
    texts::{Language, Phrase, T},
    view::{About, Backdrop, Hint, View},
};

use super::{Folder, start_server};

/// The arena on a computer with a Chinese font, independent of the fonts on this one.
struct WithLetters;

impl View for WithLetters {
    fn about(&self) -> About {
        ArenaView.about()
    }

    fn field(&self) -> Vec2 {
        ArenaView.field()
    }

    fn input(&self, controls: &Controls, request: &InputRequest<'_>) -> Input {
        ArenaView.input(controls, request)
    }

    fn build(&self, app: &mut App) {
        ArenaView.build(app);
    }

    fn actions(&self) -> Vec<InputAction> {
        ArenaView.actions()
    }

    fn hints(&self) -> Vec<Hint> {
        ArenaView.hints()
    }

    fn languages(&self) -> Vec<Language> {
        vec![Language::new("chinese", "中文", |text| Some(Phrase::from(text).text(Language::CHINESE)))]
    }

    fn backdrop(&self) -> Backdrop {
        ArenaView.backdrop()
    }

    fn ticks_left(&self, room: EntityRef<'_>) -> Option<u32> {
        ArenaView.ticks_left(room)
    }

    fn detail(&self, score: &ScoreFrame, settings: &Settings) -> String {
        ArenaView.detail(score, settings)
    }
}

fn open_chinese(server: &LiveServer, folder: &Folder, line: &str) -> HeadlessWindow {
    std::fs::create_dir_all(&folder.0).expect("a folder of ours");
    let settings = "name = \"Nova\"\nlanguage = \"chinese\"\n";
    std::fs::write(folder.0.join("settings.toml"), settings).expect("a folder of ours");
    let line = format!("--server {} --config-dir {} {line}", server.url, folder.0.display());
    HeadlessWindow::open(&line, UVec2::new(1280, 720), ArenaPlugin, WithLetters)
}

fn is_chinese(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

/// Texts that are the same in every language: names, addresses, units, labels of keys.
fn is_a_name(text: &str, window: &HeadlessWindow) -> bool {
    const NAMES: [&str; 8] = ["FRAMEHOUSE", "English", "Nova", "basin", "crossing", " fps", " ms", " KB/s"];
    let code = window.session().client().and_then(|client| client.code());
    let keys = &window.settings().keys;
    let is_key = |action: &InputAction| keys.of(action.id()).iter().flatten().any(|press| press.label() == text);
    !text.chars().any(char::is_alphabetic)
        || NAMES.iter().any(|name| text.ends_with(name))
        || text.ends_with("(bot)")
        || text.starts_with("http://")
        || Path::new(text).is_absolute()
        || code.is_some_and(|code| text == code.as_str())
        || keys.actions().iter().any(is_key)
}

/// Asserts that every visible text is Chinese, or the same in every language.
fn assert_chinese(window: &mut HeadlessWindow, screen: &str) {
    let texts = window.texts();
    let english: Vec<&String> =
        texts.iter().filter(|text| !text.chars().any(is_chinese) && !is_a_name(text, window)).collect();
    assert_eq!(english, [] as [&String; 0], "{screen}");
    assert!(texts.iter().any(|text| text.chars().any(is_chinese)), "{screen} says nothing: {texts:?}");
}

fn chinese(text: T) -> &'static str {
    Phrase::from(text).text(Language::CHINESE)
}

#[test]
fn every_screen_speaks_chinese() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_chinese(&server, &folder, "");
    assert_chinese(&mut window, "the menu");
    for (way, screen) in [
        (T::Settings, Screen::Settings),
        (T::BrowseRooms, Screen::Browser),
        (T::Replays, Screen::Replays),
        (T::Leaderboards, Screen::Leaderboards),
    ] {
        window.click(chinese(way));
        window.until_screen(screen);
        assert_chinese(&mut window, &format!("{screen:?}"));
        window.key(KeyCode::Escape);
        window.until_screen(Screen::Menu);
    }
    window.click(chinese(T::CreateRoom));
    window.until_screen(Screen::Lobby);
    assert_chinese(&mut window, "the lobby");
    window.click(chinese(T::Leave));
    window.until_screen(Screen::Menu);
    window.click(chinese(T::Practice));
    window.until_screen(Screen::Match);
    for words in ["排行榜", "房间 ", "冲刺", "丢包", "W A S D：移动"] {
        window.until_seen(words);
    }
    assert_chinese(&mut window, "the match");
    window.key(KeyCode::F3);
    window.until_seen("往返");
    window.key(KeyCode::Escape);
    window.until_seen(chinese(T::Paused));
    assert_chinese(&mut window, "the match's menu");
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Results);
    window.until_seen(chinese(T::SaveReplay));
    assert_chinese(&mut window, "the results");
}

#[test]
fn a_problem_is_told_in_chinese() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_chinese(&server, &folder, "--room ZZZZ");
    window.until_screen(Screen::Problem);
    assert_chinese(&mut window, "the problem");
}

#[test]
fn a_language_is_chosen_and_every_word_changes() {
    let (server, folder) = (start_server(), Folder::new());
    let mut window = open_chinese(&server, &folder, "--screen settings");
    window.until_seen(chinese(T::LanguageTitle));
    window.click("English");
    window.until_seen("Language");
    window.frames(3);
    let texts = window.texts();
    let left: Vec<&String> = texts.iter().filter(|text| *text != "中文" && text.chars().any(is_chinese)).collect();
    assert_eq!(left, [] as [&String; 0]);
}

/// A game with a language for which no font has letters.
struct Unwritable;

impl View for Unwritable {
    fn about(&self) -> About {
        ArenaView.about()
    }

    fn field(&self) -> Vec2 {
        ArenaView.field()
    }

    fn input(&self, _: &Controls, _: &InputRequest<'_>) -> Input {
        Input::NEUTRAL
    }

    fn build(&self, _: &mut App) {}

    fn languages(&self) -> Vec<Language> {
        // A letter from a private-use plane.
        vec![Language::new("klingon", "tlhIngan Hol", |_| Some("\u{f8d0}")).written_in(*b"Piqd", '\u{10fffd}')]
    }
}

#[test]
fn a_language_without_letters_is_refused_by_name() {
    let folder = Folder::new();
    let line = format!("--server 127.0.0.1:1 --screen settings --config-dir {}", folder.0.display());
    let mut window = HeadlessWindow::open(&line, UVec2::new(1280, 720), ArenaPlugin, Unwritable);
    window.until_seen("tlhIngan Hol");
    window.click("tlhIngan Hol");
    window.until_seen("No font on this computer has the letters of tlhIngan Hol");
    assert_eq!(window.settings().language, Language::ENGLISH);
    assert!(window.sees("Language"), "nothing else has changed");
}

//! The window with the tiny game: it shows that game's words, action and colours, and nothing of the arena.

use std::path::Path;

use bevy::{input::ButtonState, prelude::*};
use framehouse_arena_client::ArenaView;
use framehouse_client::client::InputRequest;
use framehouse_harness::live::LiveServer;
use framehouse_shared::{game::Game, ids::Slot, input::Input, rng::SimRng, sim::MatchSetup, tick::Tick};
use framehouse_tests::headless_window::HeadlessWindow;
use framehouse_tiny::{MatchSeconds, PRESS, Presses, TinyPlugin};
use framehouse_tiny_client::TinyView;
use framehouse_window::{
    args::Args,
    controls::Controls,
    palette::{Colors, rgb},
    screens::Screen,
    texts::{Language, Words},
    view::View,
};

use super::Folder;

/// Words of the arena that may be parts of other words.
const ARENA_WORDS: [&str; 8] = ["gem", "spark", "craft", "dash", "fire", "arena", "framehouse", "combo"];

/// The tiny game with matches of five seconds.
#[derive(Clone, Copy)]
struct QuickTiny;

impl Game for QuickTiny {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
        app.insert_resource(MatchSeconds(5.0));
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
    }

    fn missing_input(&self, last: Input) -> Input {
        TinyPlugin.missing_input(last)
    }

    fn bot_input(&self, room: EntityRef, slot: Slot, last: Input, rng: &mut SimRng) -> Input {
        TinyPlugin.bot_input(room, slot, last, rng)
    }
}

fn open(server: &LiveServer, folder: &Folder, line: &str) -> HeadlessWindow {
    let line = format!("--server {} --config-dir {} {line}", server.url, folder.0.display());
    HeadlessWindow::open(&line, UVec2::new(1280, 720), QuickTiny, TinyView)
}

/// All English texts of the arena's view.
fn words_of_the_arena() -> Vec<&'static str> {
    let said = |words: Words| words.text(Language::ENGLISH);
    let labels = ArenaView.actions().into_iter().map(|action| said(action.label()));
    let hints = ArenaView.hints().into_iter().map(|hint| said(hint.words()).trim_start_matches("{}: "));
    let about = ArenaView.about();
    labels.chain(hints).chain([said(about.title), said(about.how_to_play)]).collect()
}

/// Asserts that nothing on the screen is of the arena: neither its words nor its colour.
fn assert_nothing_of_the_arena(window: &mut HeadlessWindow) {
    // The list of replays names their folder, which belongs to the test.
    let texts: Vec<String> = window.texts().into_iter().filter(|text| !Path::new(text).is_absolute()).collect();
    assert!(!texts.is_empty());
    let theirs = words_of_the_arena();
    assert!(theirs.len() > 10, "{theirs:?}");
    for text in &texts {
        let lower = text.to_lowercase();
        assert!(!theirs.contains(&text.as_str()), "{text} on {:?}", window.screen());
        assert!(!ARENA_WORDS.iter().any(|word| lower.contains(word)), "{text} on {:?}", window.screen());
    }
    let usual = Colors::default().accent;
    // The first seat has that colour, too: it is no accent on these screens.
    if matches!(window.screen(), Screen::Menu | Screen::Browser | Screen::Replays) {
        assert!(!window.colors().contains(&usual), "{:?} has the usual accent", window.screen());
    }
}

#[test]
fn a_game_with_a_small_view_is_played_from_the_menu_to_the_results() {
    let (server, folder) = (LiveServer::start(QuickTiny, Vec::new()), Folder::new());
    let mut window = open(&server, &folder, "");
    assert!(window.sees_exactly("Tiny") && window.sees_exactly("The player with the most presses wins."));
    assert_nothing_of_the_arena(&mut window);
    window.click("Practice with bots");
    window.until_screen(Screen::Match);
    window.until("a press counts", |window| {
        window.key(KeyCode::KeyP);
        let client = window.session().client().expect("in a room");
        let own = client.slot().expect("with a seat");
        client.simulation().and_then(|match_| match_.get::<Presses>()).is_some_and(|it| it.count[own.index()] > 2)
    });
    window.until_seen("presses [");
    assert_nothing_of_the_arena(&mut window);
    window.key(KeyCode::Escape);
    window.until_seen("The match goes on");
    assert_nothing_of_the_arena(&mut window);
    window.key(KeyCode::Escape);
    window.until_screen(Screen::Results);
    window.until_seen("Presses over time");
    assert_nothing_of_the_arena(&mut window);
    let ranking = window.session().client().and_then(|client| client.results().cloned()).expect("results");
    assert_eq!(ranking.ranking.len(), 4, "the player and three bots");
    assert!(ranking.ranking.iter().all(|entry| entry.score.points > 0), "{ranking:?}");
    assert_eq!(window.session().stats().expect("measured").desyncs, 0);
}

#[test]
fn every_screen_has_the_games_words_and_accent() {
    let (server, folder) = (LiveServer::start(QuickTiny, Vec::new()), Folder::new());
    let mut window = open(&server, &folder, "");
    let accent = rgb(0xe86a33);
    for (way, screen) in
        [("Settings", Screen::Settings), ("Browse rooms", Screen::Browser), ("Replays", Screen::Replays)]
    {
        window.click(way);
        window.until_screen(screen);
        assert_nothing_of_the_arena(&mut window);
        // The mouse is still where it clicked: over the only button of the list of replays, whose colour changes on hover.
        assert!(screen == Screen::Replays || window.colors().contains(&accent), "{screen:?}");
        window.key(KeyCode::Escape);
        window.until_screen(Screen::Menu);
    }
    window.click("Create room");
    window.until_screen(Screen::Lobby);
    assert_nothing_of_the_arena(&mut window);
    assert!(window.colors().contains(&accent));
}

#[test]
fn the_settings_list_the_games_action_and_bind_it_anew() {
    let (server, folder) = (LiveServer::start(QuickTiny, Vec::new()), Folder::new());
    std::fs::create_dir_all(&folder.0).expect("a folder of ours");
    let others = "[keys]\nfire = [\"KeyP\"]\n[keys.arena]\ndash = [\"KeyX\"]\n";
    std::fs::write(folder.0.join("settings.toml"), others).expect("a folder of ours");
    let mut window = open(&server, &folder, "--screen settings");
    window.until_screen(Screen::Settings);
    assert!(window.sees_exactly("Press the button") && window.sees_exactly("P"), "{:?}", window.texts());
    assert_nothing_of_the_arena(&mut window);
    window.click("P");
    window.until_seen("Press a key or a mouse button for: Press the button");
    window.mouse(MouseButton::Right, ButtonState::Pressed);
    window.mouse(MouseButton::Right, ButtonState::Released);
    window.until("it is bound", |window| window.sees_exactly("Mouse right"));
    window.until("the settings are written", |_| {
        let text = std::fs::read_to_string(folder.0.join("settings.toml")).unwrap_or_default();
        text.contains("press = [\"MouseRight\"]") && text.contains("dash = [\"KeyX\"]") && text.contains("[keys.tiny]")
    });
}

#[test]
fn the_help_is_the_games() {
    let help = Args::try_of(&TinyView.about(), ["tiny-client", "--help"]).expect_err("it is printed").to_string();
    assert!(help.starts_with("Plays the tiny game.") && help.contains("Usage: tiny-client"), "{help}");
    assert!(!ARENA_WORDS.iter().filter(|word| **word != "framehouse").any(|word| help.contains(word)), "{help}");
}

#[test]
fn a_press_goes_out_in_one_input() {
    let [button] = TinyView.actions()[..] else { panic!("there is one thing to do") };
    let slot = Slot::new(0).expect("in range");
    let request = InputRequest { tick: Tick(0), slot, last: Input::NEUTRAL, simulation: None };
    let mut controls = Controls::default().pressing(&button);
    let inputs = [(); 3].map(|()| {
        let input = TinyView.input(&controls, &request);
        controls.note_input();
        input
    });
    assert_eq!(inputs, [PRESS, Input::NEUTRAL, Input::NEUTRAL], "a key that is held is pressed once");
}

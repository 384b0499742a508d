//! Golden pictures: draws the screens with fixed content, without a window, and compares them with the repository's
//! pictures.
//!
//!     cargo build --workspace --all-targets && target/debug/golden [FOLDER]
//!
//! Needs a Vulkan driver; a software driver is enough. `FRAMEHOUSE_BLESS=1` writes new pictures after an intended change.
//! Pictures that differ are written into FOLDER.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use bevy::math::UVec2;
use framehouse_arena::ArenaPlugin;
use framehouse_arena_client::ArenaView;
use framehouse_client::{bots::companions::Companions, complain, say};
use framehouse_harness::live::LiveServer;
use framehouse_tests::{
    golden::Picture,
    headless_window::HeadlessWindow,
    past_results::{Past, result_lines},
};
use framehouse_tools::short_matches::short_matches;
use framehouse_window::screens::Screen;

/// Where the pictures are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/pictures/golden");
/// The share of pixels that may differ, because system fonts draw a few letters.
const DIFFERENT_MAX: f64 = 0.001;
/// The text that replaces a room's random code.
const CODE: &str = "K7QX";
/// A window of the usual size, and the smallest one with large text.
const LOOKS: [Look; 2] = [
    Look { suffix: "", size: UVec2::new(1280, 720), text_scale: 1.0 },
    Look { suffix: "-small", size: UVec2::new(800, 600), text_scale: 1.5 },
];
/// The screens that are drawn.
const SCREENS: [(&str, fn(&Scratch, Look) -> Picture); 4] =
    [("menu", menu), ("settings", settings), ("lobby", lobby), ("leaderboards", leaderboards)];
/// Players on the leaderboard; the window's own one is the last.
const PLAYERS: [Past<'_>; 5] =
    [(1, "Kestrel", 2140), (2, "Priya", 1985), (3, "Wren", 1270), (4, "Osprey", 880), (5, "Nova", 415)];
/// The address that replaces the server's.
const SERVER: &str = "http://127.0.0.1:7777";

#[derive(Clone, Copy)]
struct Look {
    suffix: &'static str,
    size: UVec2,
    text_scale: f32,
}

/// An empty folder for settings, removed at the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is in a temporary folder, so a failure to remove it does no harm.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn main() -> ExitCode {
    let is_blessing = env::var_os("FRAMEHOUSE_BLESS").is_some();
    let seen = env::args().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let scratch = Scratch(env::temp_dir().join(format!("framehouse-golden-{}", std::process::id())));
    fs::create_dir_all(&scratch.0).expect("a temporary folder can be made");
    let mut code = ExitCode::SUCCESS;
    for (look, (screen, draw)) in LOOKS.into_iter().flat_map(|look| SCREENS.map(|screen| (look, screen))) {
        let name = format!("{screen}{}.png", look.suffix);
        let (file, drawn) = (Path::new(FOLDER).join(&name), draw(&scratch, look));
        if is_blessing {
            drawn.save(&file);
            say!("{name}: written");
            continue;
        }
        let different = Picture::load(&file).map_or(1.0, |golden| golden.difference(&drawn));
        say!("{name}: {:.3} % of the pixels differ", 100.0 * different);
        if different > DIFFERENT_MAX {
            drawn.save(&seen.join(&name));
            complain!("It is not as in {}: see {}.", file.display(), seen.join(&name).display());
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn open(scratch: &Scratch, look: Look, line: &str) -> HeadlessWindow {
    let settings = format!("name = \"Nova\"\ntext_scale = {}\n", look.text_scale);
    fs::write(scratch.0.join("settings.toml"), settings).expect("a folder of ours");
    // The window of the previous picture was closed without a goodbye.
    drop(fs::remove_file(scratch.0.join("seat.toml")));
    HeadlessWindow::painted(&format!("--config-dir {} {line}", scratch.0.display()), look.size, ArenaPlugin, ArenaView)
}

fn menu(scratch: &Scratch, look: Look) -> Picture {
    open(scratch, look, "--server http://127.0.0.1:1").picture()
}

fn settings(scratch: &Scratch, look: Look) -> Picture {
    let mut window = open(scratch, look, "--server http://127.0.0.1:1 --screen settings");
    window.until_screen(Screen::Settings);
    window.picture()
}

fn lobby(scratch: &Scratch, look: Look) -> Picture {
    let server = LiveServer::start(ArenaPlugin, short_matches(300));
    let mut window = open(scratch, look, &format!("--server {} --create", server.url));
    window.until_screen(Screen::Lobby);
    let code = window.session().client().and_then(|client| client.code()).expect("in a room");
    // One bot: two would join in any order.
    let _bot = Companions::join(&server.url, code, 1, window.session().game().config());
    window.until("the bot is ready and the maps are known", |window| {
        window.texts().iter().any(|text| text == "ready") && window.sees("\u{203a}")
    });
    window.write_over(code.as_str(), CODE);
    window.picture()
}

fn leaderboards(scratch: &Scratch, look: Look) -> Picture {
    let mut server = LiveServer::start(ArenaPlugin, short_matches(300));
    server.add_results(&result_lines("basin", &PLAYERS));
    // The window's own player, as an earlier session would have left it.
    let [.., (own, ..)] = PLAYERS;
    let known = format!("\"{}\" = \"{own:032x}\"\n", server.url);
    fs::write(scratch.0.join("players.toml"), known).expect("a folder of ours");
    let mut window = open(scratch, look, &format!("--server {} --screen leaderboards", server.url));
    window.until_seen("Kestrel");
    window.write_over(&server.url, SERVER);
    window.picture()
}

//! Draws the screens whose content is fixed, without a window, and compares them with the pictures in the repository.
//!
//!     cargo run -p framehouse-tests --bin golden [FOLDER]
//!
//! Wants a Vulkan driver; one without a graphics card will do. `FRAMEHOUSE_BLESS=1` writes new pictures after a change that
//! is meant. Pictures that differ are written into FOLDER, to be looked at.

use std::{env, path::Path, process::ExitCode};

use bevy::math::UVec2;
use framehouse_client::{bots::company::Company, window::screens::Screen};
use framehouse_shared::arena::ArenaPlugin;
use framehouse_tests::{
    desk::Desk,
    golden::Picture,
    live::{LiveServer, short_matches},
};

/// Where the pictures are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/pictures/golden");
/// The part of a picture's pixels that may differ: the system's fonts draw a few letters.
const DIFFERENT_MAX: f64 = 0.001;
/// The size of the window.
const SIZE: UVec2 = UVec2::new(1280, 720);
/// A room's code is random: this stands in its place.
const CODE: &str = "K7QX";

fn main() -> ExitCode {
    let is_blessing = env::var_os("FRAMEHOUSE_BLESS").is_some();
    let seen = env::args().nth(1).unwrap_or_else(|| env::temp_dir().display().to_string());
    let pictures: [(&str, fn() -> Picture); 3] = [("menu", menu), ("settings", settings), ("lobby", lobby)];
    let mut code = ExitCode::SUCCESS;
    for (name, draw) in pictures {
        let (file, drawn) = (Path::new(FOLDER).join(format!("{name}.png")), draw());
        if is_blessing {
            drawn.save(&file);
            println!("{name}: written");
            continue;
        }
        let different = Picture::load(&file).map_or(1.0, |golden| golden.difference(&drawn));
        println!("{name}: {:.3} % of the pixels differ", 100.0 * different);
        if different > DIFFERENT_MAX {
            let shown = Path::new(&seen).join(format!("{name}.png"));
            drawn.save(&shown);
            eprintln!("{name} is not as in {}: see {}", file.display(), shown.display());
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn alone(screen: &str) -> Desk {
    // Nobody's settings: there is no such folder.
    let folder = env::temp_dir().join(format!("framehouse-golden-{}", std::process::id()));
    Desk::painted(
        &format!("--server http://127.0.0.1:1 --name Nova --screen {screen} --config-dir {}", folder.display()),
        SIZE,
    )
}

fn menu() -> Picture {
    alone("menu").picture()
}

fn settings() -> Picture {
    let mut desk = alone("settings");
    desk.until_screen(Screen::Settings);
    desk.picture()
}

fn lobby() -> Picture {
    let server = LiveServer::start(ArenaPlugin, short_matches(300));
    let mut desk = Desk::painted(&format!("--server {} --name Nova --create --config-dir /nowhere", server.url), SIZE);
    desk.until_screen(Screen::Lobby);
    let code = desk.session().client().and_then(|client| client.code()).expect("in a room");
    let _bots = Company::join(&server.url, code, 2, desk.session().game().config());
    let are_ready = |desk: &mut Desk| desk.texts().iter().filter(|text| *text == "ready").count() == 2;
    desk.until("two bots are ready", are_ready);
    desk.write_over(code.as_str(), CODE);
    desk.picture()
}

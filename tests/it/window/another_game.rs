//! The window with the tiny game: it knows nothing of the arena.

use bevy::{input::ButtonState, prelude::*};
use framehouse_client::window::screens::Screen;
use framehouse_shared::{game::Game, ids::Slot, input::Input, rng::SimRng, sim::MatchSetup};
use framehouse_tests::{
    desk::Desk,
    live::LiveServer,
    tiny::{MatchTicks, Presses, TinyPlugin, TinyView},
};

use super::Folder;

/// The tiny game with matches of five seconds.
#[derive(Clone, Copy)]
struct QuickTiny;

impl Game for QuickTiny {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
        app.insert_resource(MatchTicks(150));
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

#[test]
fn a_game_with_a_view_of_ten_lines_is_played_from_the_menu_to_the_results() {
    let (server, folder) = (LiveServer::start(QuickTiny, Vec::new()), Folder::new());
    let line = format!("--server {} --config-dir {} --practice", server.url, folder.0.display());
    let mut window = Desk::open_game(&line, UVec2::new(1280, 720), QuickTiny, TinyView);
    window.until_screen(Screen::Match);
    window.until("a press counts", |window| {
        for state in [ButtonState::Pressed, ButtonState::Released] {
            window.mouse(MouseButton::Left, state);
        }
        let client = window.session().client().expect("in a room");
        let own = client.slot().expect("with a seat");
        client.simulation().and_then(|match_| match_.get::<Presses>()).is_some_and(|it| it.count[own.index()] > 2)
    });
    window.until_seen("presses [");
    window.until_screen(Screen::Results);
    let ranking = window.session().client().and_then(|client| client.results().cloned()).expect("results");
    assert_eq!(ranking.ranking.len(), 4, "the player and three bots");
    assert!(ranking.ranking.iter().all(|entry| entry.score.points > 0), "{ranking:?}");
    assert_eq!(window.session().stats().expect("measured").desyncs, 0);
}

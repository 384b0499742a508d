//! Games of the tests with WebSockets.

use bevy::prelude::*;
use framehouse_shared::{
    game::Game,
    ids::Slot,
    input::Input,
    rng::SimRng,
    sim::{MatchSetup, SimTickCount},
    web_view::ViewWriter,
};
use framehouse_tiny::{MatchSeconds, TinyPlugin};

/// The module of the game for browsers.
pub const MODULE: &str = "export function draw() {}\n";

/// A game with a view for browsers: the number of the next tick.
#[derive(Clone, Copy)]
pub struct Viewed;

impl Game for Viewed {
    fn id(&self) -> &'static str {
        "viewed"
    }

    fn build(&self, _: &mut App) {}

    fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {}

    fn web_view(&self, room: EntityRef, view: &mut ViewWriter) {
        view.u32(room.get::<SimTickCount>().expect("the engine puts it into every room").0.0);
    }

    fn web_module(&self) -> Option<&'static str> {
        Some(MODULE)
    }
}

/// The tiny game with matches of eight seconds.
#[derive(Clone, Copy)]
pub struct ShortTiny;

impl Game for ShortTiny {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
        app.insert_resource(MatchSeconds(8.0));
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

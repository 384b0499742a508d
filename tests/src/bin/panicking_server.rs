//! The arena's server with a game that panics at every opportunity that harms no match, for tests of what a panic prints.

use std::{env, process::ExitCode};

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_shared::{game::Game, sim::MatchSetup};

/// The arena, whose maps cannot be listed.
#[derive(Clone)]
struct NoMaps;

impl Game for NoMaps {
    fn id(&self) -> &'static str {
        ArenaPlugin.id()
    }

    fn build(&self, app: &mut App) {
        assert!(env::var_os("PANIC_AT_START").is_none(), "a test wants the start to panic");
        ArenaPlugin.build(app);
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        ArenaPlugin.open_match(room, setup);
    }

    fn maps(&self, _: &World) -> Vec<String> {
        panic!("a test wants this game to have no maps")
    }
}

fn main() -> ExitCode {
    framehouse_server::run(NoMaps)
}

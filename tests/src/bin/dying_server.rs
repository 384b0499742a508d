//! The arena's server with a tick thread that panics after a second, outside of everything that keeps panics in their
//! room, for tests of how a server ends. With anything in the variable `DIE_AT_START` it panics while it starts.

use std::{env, process::ExitCode};

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_server::schedule::{Now, TickSet};
use framehouse_shared::{game::Game, sim::MatchSetup};

/// The arena, with a system that panics in the server's own schedule.
#[derive(Clone)]
struct Dying;

impl Game for Dying {
    fn id(&self) -> &'static str {
        ArenaPlugin.id()
    }

    fn build(&self, app: &mut App) {
        assert!(env::var_os("DIE_AT_START").is_none_or(|value| value.is_empty()), "a test wants the start to panic");
        ArenaPlugin.build(app);
        app.add_systems(FixedUpdate, panic_after_a_second.in_set(TickSet::Control));
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        ArenaPlugin.open_match(room, setup);
    }
}

fn panic_after_a_second(now: Option<Res<Now>>) {
    assert!(now.is_none_or(|now| now.tick < 30), "a test wants the tick thread to panic");
}

fn main() -> ExitCode {
    framehouse_server::run(Dying)
}

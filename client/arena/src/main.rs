//! The client of the arena game; `--help` lists the options.

use bevy::app::AppExit;
use framehouse_arena::ArenaPlugin;
use framehouse_arena_client::ArenaView;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> AppExit {
    framehouse_window::run(ArenaPlugin, ArenaView)
}

//! The client of the arena game; `--help` says what it can do.

use bevy::app::AppExit;
use framehouse_client::window::arena::ArenaView;
use framehouse_shared::arena::ArenaPlugin;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> AppExit {
    framehouse_client::run(ArenaPlugin, ArenaView)
}

//! The program `framehouse-server`: the server of the arena game.

use std::process::ExitCode;

use framehouse_arena::ArenaPlugin;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    framehouse_server::run(ArenaPlugin)
}

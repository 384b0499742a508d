//! Load bots of the arena game; `--help` says what they can do.

use std::process::ExitCode;

use framehouse_arena::ArenaPlugin;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    framehouse_client::bots::main(ArenaPlugin)
}

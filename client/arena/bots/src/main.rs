//! Load bots of the arena game; `--help` lists the options.

use std::process::ExitCode;

use framehouse_arena::ArenaPlugin;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    framehouse_client::bots::main(ArenaPlugin)
}

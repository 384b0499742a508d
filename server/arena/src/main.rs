//! The program `framehouse-server`: the server of the arena game.

use std::process::ExitCode;

use framehouse_arena::ArenaPlugin;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How to join a server that has just started.
const HINTS: &[&str] = &[
    "Play   cargo run --release -p framehouse-arena-client -- --server {url} --quick",
    "Bots   cargo run --release -p framehouse-arena-bots -- --server {url} --rooms 1 --players 3 --seconds 300",
];

fn main() -> ExitCode {
    framehouse_server::run_with_hints(ArenaPlugin, HINTS)
}

//! The arena's server, for tests that need a process of its own: cargo builds the programs of a package before its tests.

use std::process::ExitCode;

use framehouse_arena::ArenaPlugin;

fn main() -> ExitCode {
    framehouse_server::run(ArenaPlugin)
}

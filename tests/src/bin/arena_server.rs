//! The arena's server as a program of this package, for tests that need a server process: cargo builds a package's programs
//! before its tests.

use std::process::ExitCode;

use framehouse_arena::ArenaPlugin;

fn main() -> ExitCode {
    framehouse_server::run(ArenaPlugin)
}

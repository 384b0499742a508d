//! The arena's bots as a program of this package, for tests that need a process of them.

use std::process::ExitCode;

use framehouse_arena::ArenaPlugin;

fn main() -> ExitCode {
    framehouse_client::bots::main(ArenaPlugin)
}

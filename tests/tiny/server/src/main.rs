//! The server of the tiny game.

use std::process::ExitCode;

use framehouse_tiny::TinyPlugin;

fn main() -> ExitCode {
    framehouse_server::run(TinyPlugin)
}

//! Load bots of the tiny game.

use std::process::ExitCode;

use framehouse_tiny::TinyPlugin;

fn main() -> ExitCode {
    framehouse_client::bots::main(TinyPlugin)
}

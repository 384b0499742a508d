//! The server of the tiny game.

use std::process::ExitCode;

use framehouse_tiny::TinyPlugin;

/// How to join a server that has just started.
const HINTS: &[&str] =
    &["Play   cargo run --release -p framehouse-tiny-client --bin tiny-client -- --server {url} --quick"];

fn main() -> ExitCode {
    framehouse_server::run_with_hints(TinyPlugin, HINTS)
}

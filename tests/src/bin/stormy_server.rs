//! The server of `store_load storm` as a program of this package, for tests: cargo builds a package's programs before its
//! tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    framehouse_tools::store_load::run_server()
}

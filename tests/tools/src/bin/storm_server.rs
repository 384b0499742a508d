//! The arena's server that a storm of results comes over, for `store_load storm`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    framehouse_tools::store_load::run_server()
}

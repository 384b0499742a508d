//! The arena's server with an allocator that counts, for `load --allocations`.

use std::{env, path::Path, process::ExitCode, thread, time::Duration};

use framehouse_tools::allocations::{self, COUNTED_ARENA, Counting, FILE_VARIABLE};
use mimalloc::MiMalloc;

// Around the same allocator as that of the server.
#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting(MiMalloc);

/// Interval of the file's versions.
const WRITE_INTERVAL: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    if let Some(path) = env::var_os(FILE_VARIABLE) {
        thread::spawn(move || keep_writing(Path::new(&path)));
    }
    framehouse_server::run(COUNTED_ARENA)
}

fn keep_writing(path: &Path) {
    // The folder goes when the measurement is over.
    while allocations::published().write(path).is_ok() {
        thread::sleep(WRITE_INTERVAL);
    }
}

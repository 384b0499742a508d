//! Runs the life cycles of many rooms in virtual time, with short timers and random commands; exits with 1 if anything is
//! left of a room: entities, sessions, seats, buffers, scheduled cleanups, or memory. An alert or a counter that stands still
//! fails it, too.
//!
//! `cargo run --release -p framehouse-tools --bin lifecycles -- --rooms 100000`
//! `cargo run --release -p framehouse-tools --bin lifecycles -- --hours 48`

use std::{
    alloc::{GlobalAlloc, Layout, System},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::lifecycles::{rate, run, run_hours};

/// Bytes that may be alive beyond those after the first checkpoint, for tables that have grown to the busiest moment.
const SLACK_BYTES: u64 = 256 * 1024;

#[derive(Parser)]
#[command(about = "Lets many rooms live and die in virtual time and looks whether anything is left")]
struct Arguments {
    /// Rooms, from 1.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    rooms: u64,
    /// Rooms between two checkpoints, at which all clients leave and everything is compared.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint: u64,
    /// Virtual hours of a busy server, instead of a number of rooms.
    #[arg(long, conflicts_with_all = ["rooms", "checkpoint"])]
    hours: Option<f64>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Counts the bytes that are alive.
struct Counting;

static LIVE: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes on to the system's allocator unchanged; counting touches no memory of it.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises of `GlobalAlloc`, which are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn main() -> ExitCode {
    let Arguments { rooms, checkpoint, hours, seed } = Arguments::parse();
    let (start, live_bytes) = (Instant::now(), || LIVE.load(Ordering::Relaxed));
    let report = match hours {
        Some(hours) => run_hours(seed, hours, live_bytes),
        None => run(seed, rooms, checkpoint, live_bytes),
    };
    let (first, last) = (report.live_bytes[0], report.live_bytes[report.live_bytes.len() - 1]);
    let most = report.live_bytes.iter().map(|(_, bytes)| *bytes).max().unwrap_or_default();
    say!(
        "{:.2} virtual hours, {} rooms, {} clients, {} matches; {:?}; live bytes after {} rooms {}, after {} rooms {}, at most {}; {:.0} rooms/s",
        report.hours,
        report.rooms,
        report.clients,
        report.matches,
        report.cleanup,
        first.0,
        first.1,
        last.0,
        last.1,
        most,
        rate(&report, start.elapsed())
    );
    if last.1 > first.1 + SLACK_BYTES {
        complain!("lifecycles: {} bytes are left that were not there at first", last.1 - first.1);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

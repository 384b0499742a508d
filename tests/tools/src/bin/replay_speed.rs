//! Measures the speed of replay verification: records a seeded match of bots, verifies it several times, and compares the
//! processor time with the length of the match. Wall time would include other processes of the machine.
//!
//! `cargo run --release -p framehouse-tools --bin replay_speed -- --seconds 180 --players 4`

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Parser;
use framehouse_arena::ArenaPlugin;
use framehouse_client::say;
use framehouse_server::replay::verify::verify;
use framehouse_shared::replay::canned_replay;
use framehouse_tools::replays::ArenaFor;
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The required speed, as a multiple of real time.
const RATIO_MIN: f64 = 1000.0;
const RUNS: usize = 9;
const TICKS_PER_S: u32 = 30;

/// Measures the verification of a match of bots; exits with 1 below 1000 times real time.
#[derive(Parser)]
struct Args {
    /// Seconds that the match takes, 10 to 3600.
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(10..=3600))]
    seconds: u32,
    /// Players in the match.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    players: u8,
    /// Keep the replay in this file.
    #[arg(long)]
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let match_ticks = args.seconds * TICKS_PER_S;
    let bytes = canned_replay(ArenaFor { match_s: args.seconds }, 2024, args.players, match_ticks);
    if let Some(file) = &args.keep {
        fs::write(file, &bytes).expect("the file can be written");
    }
    let mut seconds: Vec<f64> = (0..RUNS).map(|_| timed(&bytes)).collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[RUNS / 2];
    let ratio = f64::from(args.seconds) / median;
    let per_minute = bytes.len() as f64 * 60.0 / f64::from(args.seconds);
    say!("{} players, {} s: {} bytes, {per_minute:.0} a minute", args.players, args.seconds, bytes.len());
    say!("verified in {:.1} ms of one core (median of {RUNS}): {ratio:.0} times real time", median * 1000.0);
    if ratio >= RATIO_MIN { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn timed(bytes: &[u8]) -> f64 {
    let start = processor_seconds();
    verify(ArenaPlugin, bytes).expect("it was recorded just now");
    processor_seconds() - start
}

/// The processor time of this process, on all its threads.
fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

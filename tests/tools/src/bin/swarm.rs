//! Runs many seeds of the swarm test in virtual time; prints the seeds that fail and exits with 1 if there are any.
//!
//! `cargo run --release -p framehouse-tools --bin swarm -- --seeds 1000 --ticks 3000`

use std::process::ExitCode;

use clap::Parser;
use framehouse_client::say;
use framehouse_tools::swarm;

#[derive(Parser)]
#[command(about = "Runs seeded worlds full of mishaps in virtual time and prints the seeds that fail")]
struct Arguments {
    /// Number of seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Ticks with mishaps in each run. About nine hundred more follow, in which all clients recover and leave.
    #[arg(long, default_value_t = 3000)]
    ticks: u32,
    /// Print the counters of every run.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let Arguments { seeds, first, ticks, verbose } = Arguments::parse();
    let mut passed = 0u64;
    let failed = swarm::failing(first..first.saturating_add(seeds), ticks, |seed, report| {
        passed += 1;
        if verbose {
            say!("seed {seed}: {report:?}");
        }
    });
    say!("{passed} seeds passed, {} failed: {failed:?}", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

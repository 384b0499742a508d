//! Kills a real server, its database and an archiver at random moments while matches end on it, and checks after each run
//! that every result that a client was told is saved is in the file exactly once, and each result of the file in the
//! database, with nothing left in the stream; exits with 1 otherwise.
//!
//! `cargo run --release -p framehouse-tools --bin crash -- --runs 50 [--postgres | --archiver]`

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::{Parser, value_parser};
use framehouse_client::{complain, say};
use framehouse_tools::crash::{CrashReport, Plan, run};
use signal_hook::consts::{SIGINT, SIGTERM};

#[derive(Parser)]
#[command(about = "Kills a real server at random moments and looks whether a saved result was lost")]
struct Arguments {
    /// Number of runs: the server is started and killed once in each. A run takes some five seconds, with `--archiver` up to
    /// twenty: what a killed archiver had taken goes to the other one after ten.
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Rooms of two players each.
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u32).range(1..=100))]
    rooms: u32,
    /// Seed of the random moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Use a Postgres server that is started for the test, instead of SQLite, and kill it in half of the runs.
    #[arg(long)]
    postgres: bool,
    /// Let two archivers store the results, from a Redis in a Postgres server that are started for the test, and kill one
    /// of them, or Postgres, or both in each run.
    #[arg(long)]
    archiver: bool,
}

fn main() -> ExitCode {
    let Arguments { runs, rooms, seed, postgres, archiver } = Arguments::parse();
    match crash(&Plan { runs, rooms, seed, postgres, archiver }) {
        Ok(CrashReport { runs, database_kills, archiver_kills, matches_seen, found }) => {
            say!(
                "{runs} kills, {database_kills} of the database, {archiver_kills} of an archiver, {matches_seen} matches \
                 seen to end, {} results in the file, {} of them acknowledged: each is there once, and once in the \
                 database",
                found.in_file,
                found.acknowledged
            );
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            complain!("crash: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// A signal ends it, and with it the server.
fn crash(plan: &Plan) -> Result<CrashReport, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    run(plan, &stop)
}

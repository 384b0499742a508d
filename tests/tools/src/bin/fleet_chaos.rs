//! Kills nodes, gateways, the manager and Redis of a real fleet by seed, while players play through the gateways, and checks
//! what they were promised; exits with 1 otherwise. Needs `redis-server`.
//!
//! `cargo run --release -p framehouse-tools --bin fleet_chaos -- --minutes 20`

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::{Parser, value_parser};
use framehouse_client::{complain, say};
use framehouse_tools::fleet_chaos::{Plan, run};
use signal_hook::consts::{SIGINT, SIGTERM};

#[derive(Parser)]
#[command(about = "Kills processes of a real fleet and looks whether its players are hurt")]
struct Arguments {
    /// Minutes of play.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=10_000))]
    minutes: u32,
    /// Seed of the kills.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of players.
    #[arg(long, default_value_t = 12, value_parser = value_parser!(u32).range(2..=500))]
    players: u32,
}

fn main() -> ExitCode {
    let Arguments { minutes, seed, players } = Arguments::parse();
    match chaos(&Plan { minutes, seed, players }) {
        Ok(report) => {
            say!("{report}");
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            complain!("fleet_chaos: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// A signal ends it, and with it the fleet.
fn chaos(plan: &Plan) -> Result<String, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    run(plan, &stop).map(|report| report.to_string())
}

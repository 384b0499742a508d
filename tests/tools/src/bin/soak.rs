//! Runs arena bots for a long time over a bad network in virtual time. Prints one line, the same for the same arguments in
//! every process and build; exits with 1 on any desync or client error.
//!
//! `cargo run --release -p framehouse-tools --bin soak -- --minutes 20 --players 8 --seed 1`

use std::process::ExitCode;

use clap::Parser;
use framehouse_arena::ArenaPlugin;
use framehouse_client::say;
use framehouse_shared::net_sim::NetSimConfig;
use framehouse_tools::soak::{Soak, soak};

#[derive(Parser)]
#[command(about = "Runs arena bots on a bad network in virtual time and prints what came of it")]
struct Arguments {
    /// Virtual minutes to run, from 1.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// Players in the room, 2 to 16.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(2..=16))]
    players: u8,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The links: a preset or key=value,.. as for the client's --net-sim.
    #[arg(long, default_value = "spread=400,loss=0.2,dup=0.05", value_parser = check_link)]
    link: String,
    /// Play in economy mode: inputs and frames are sent in every second tick.
    #[arg(long)]
    economy: bool,
}

fn check_link(text: &str) -> Result<String, String> {
    text.parse::<NetSimConfig>().map(|_| text.to_owned())
}

fn main() -> ExitCode {
    let Arguments { minutes, players, seed, link, economy } = Arguments::parse();
    let report = soak(ArenaPlugin, &Soak { seed, minutes, players, link: &link, economy });
    say!("{report:?}");
    if report.desyncs == 0 && report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! Load bots for a Framehouse server; `--help` says what they can do.

use std::{process::ExitCode, sync::Arc};

use clap::Parser;
use framehouse_client::{
    bots::{self, args::Args},
    client::{ClientConfig, MakeSimulation},
};
use framehouse_shared::{
    arena::ArenaPlugin,
    protocol::control::{Hello, protocol_hash},
    simulation::{Simulation, determinism_fingerprint},
};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    log_to_stderr();
    let report = bots::run(&args, &arena_config(args.thin));
    if args.json {
        println!("{}", serde_json::to_string(&report).expect("numbers and sentences serialise"));
    } else {
        println!("{report}");
    }
    match report.failure() {
        None => ExitCode::SUCCESS,
        Some(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn arena_config(is_thin: bool) -> ClientConfig {
    let make: MakeSimulation = Arc::new(|| Simulation::new(ArenaPlugin));
    let game = Simulation::new(ArenaPlugin).game().id.to_owned();
    let hello = Hello { protocol: protocol_hash(), game, fingerprint: determinism_fingerprint(ArenaPlugin) };
    ClientConfig { hello, game: (!is_thin).then_some(make) }
}

/// netcode and renet log single datagrams as errors; the clients count those.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::new("warn,renetcode=off,renet=off");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

//! Load bots for a Framehouse server; `--help` says what they can do.

use std::process::ExitCode;

use clap::Parser;
use framehouse_arena::ArenaPlugin;
use framehouse_client::{
    bots::{self, args::Args},
    client::ClientConfig,
};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    log_to_stderr();
    let config = ClientConfig::of(ArenaPlugin);
    let report = bots::run(&args, &if args.thin { config.thin() } else { config });
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

/// netcode and renet log single datagrams as errors; the clients count those.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::new("warn,renetcode=off,renet=off");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

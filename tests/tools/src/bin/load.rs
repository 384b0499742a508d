//! Starts a server, loads it with clients over loopback, and reports its cost; exits with 1 on any desync, game message out
//! of order or failed client.
//!
//! `cargo run --release -p framehouse-tools --bin load -- --rooms 20 --seconds 20`

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::load::{args::Args, report::Report, run};
use mimalloc::MiMalloc;
use signal_hook::consts::{SIGINT, SIGTERM};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    match measured(&args) {
        Ok(report) => {
            print_report(&args, &report);
            match report.failure() {
                None => ExitCode::SUCCESS,
                Some(sentence) => fail(&sentence),
            }
        }
        Err(sentence) => fail(&sentence),
    }
}

/// A signal ends the measurement, and with it the server.
fn measured(args: &Args) -> Result<Report, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    run(args, &stop)
}

fn print_report(args: &Args, report: &Report) {
    if args.json {
        say!("{}", serde_json::to_string(report).expect("numbers and sentences serialise"));
    } else {
        say!("{report}");
    }
}

fn fail(sentence: &str) -> ExitCode {
    complain!("load: {sentence}");
    ExitCode::FAILURE
}

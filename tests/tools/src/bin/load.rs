//! Starts a server, loads it with clients over loopback, and reports its cost; exits with 1 on any desync, game message out
//! of order or failed client.
//!
//! `cargo run --release -p framehouse-tools --bin load -- --rooms 20 --seconds 20`

use std::{
    fmt::Display,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::load::{args::Args, processes::drive_share, run, run_beyond, ws::run_ws};
use mimalloc::MiMalloc;
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(url) = &args.server {
        drive_share(&args, url);
        return ExitCode::SUCCESS;
    }
    match measured(&args) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(sentence)) | Err(sentence) => {
            complain!("load: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the report and returns the first failed condition. A signal ends the measurement, and with it the server.
fn measured(args: &Args) -> Result<Option<String>, String> {
    args.check()?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    if args.ws {
        let report = run_ws(args, &stop)?;
        print_report(args, &report);
        return Ok(report.failure());
    }
    match args.beyond {
        Some(factor) => {
            let report = run_beyond(args, factor, &stop)?;
            print_report(args, &report);
            Ok(report.failure().cloned())
        }
        None => {
            let report = run(args, &stop)?;
            print_report(args, &report);
            Ok(report.failure())
        }
    }
}

fn print_report(args: &Args, report: &(impl Serialize + Display)) {
    if args.json {
        say!("{}", serde_json::to_string(report).expect("numbers and sentences serialise"));
    } else {
        say!("{report}");
    }
}

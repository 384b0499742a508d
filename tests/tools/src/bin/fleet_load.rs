//! Measures a fleet: joining it, and a deploy while it is played on. Prints a line; exits with 1 if a condition does not hold.
//!
//! `cargo run --release -p framehouse-tools --bin fleet_load -- join|deploy [--json]`

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::{
    bursts::report::Report,
    fleet_load::{Args, run},
};
use signal_hook::consts::{SIGINT, SIGTERM};

fn main() -> ExitCode {
    let args = Args::parse();
    match measured(&args) {
        Ok(report) => {
            if args.json {
                say!("{}", serde_json::to_string(&report).expect("numbers and sentences serialise"));
            } else {
                say!("{report}");
            }
            if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(sentence) => {
            complain!("fleet_load: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// A signal ends the measurement, and with it the fleet.
fn measured(args: &Args) -> Result<Report, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    run(args, &stop)
}

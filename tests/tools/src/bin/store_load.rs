//! Loads the database of a server, or takes it away: ten thousand results in a second, a million matches, an outage under
//! playing rooms. Prints a line; exits with 1 if a condition does not hold.
//!
//! `cargo run --release -p framehouse-tools --bin store_load -- storm|million|outage [--postgres|--full] [--json]`

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::{
    bursts::report::Report,
    namespace::enter,
    store_load::{
        args::{Args, OutageArgs, Scenario},
        run,
    },
};
use signal_hook::consts::{SIGINT, SIGTERM};

fn main() -> ExitCode {
    let args = Args::parse();
    if matches!(args.scenario, Scenario::Outage(OutageArgs { full: true, .. })) && !args.inside {
        return fail(&enter("mount"));
    }
    match measured(&args) {
        Ok(report) => {
            print_report(&args, &report);
            if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(sentence) => fail(&sentence),
    }
}

/// A signal ends the measurement, and with it the servers.
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
    report.logged.1.iter().for_each(|line| complain!("the server logged: {line}"));
}

fn fail(sentence: &str) -> ExitCode {
    complain!("store_load: {sentence}");
    ExitCode::FAILURE
}

//! Attacks a server in all known ways at once, in a network namespace of its own, and exits with 1 if honest players notice
//! or an attack is not refused.
//!
//! `cargo run --release -p framehouse-tools --bin door`

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::{
    door::{args::Args, namespace, report::Report, run},
    namespace::enter,
};
use signal_hook::consts::{SIGINT, SIGTERM};

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.inside {
        return fail(&[enter("net")]);
    }
    match measured(&args) {
        Ok(report) => {
            print_report(&args, &report);
            if report.failures.is_empty() { ExitCode::SUCCESS } else { fail(&report.failures) }
        }
        Err(sentence) => fail(&[sentence]),
    }
}

/// A signal ends the measurement, and with it the server.
fn measured(args: &Args) -> Result<Report, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    namespace::set_up()?;
    run(args, &stop)
}

fn print_report(args: &Args, report: &Report) {
    if args.json {
        say!("{}", serde_json::to_string(report).expect("numbers and sentences serialise"));
    } else {
        say!("{report}");
    }
}

fn fail(sentences: &[String]) -> ExitCode {
    sentences.iter().for_each(|sentence| complain!("door: {sentence}"));
    ExitCode::FAILURE
}

//! Measures how sudden bursts affect all other players of a server: a thousand rooms end, 500 clients join, 5,000
//! players ask at a full server, rules are reloaded, 200 matches begin, clients stop. Prints a line for each; exits with 1 if a condition does not hold.
//!
//! `cargo run --release -p framehouse-tools --bin bursts -- [cleanup|joins|queue|reloads|starts|slow|all] [--json]`

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::Parser;
use framehouse_client::{complain, say};
use framehouse_tools::bursts::{
    args::{Args, Scenario},
    report::Report,
    run,
};
use signal_hook::consts::{SIGINT, SIGTERM};

// The system's allocator: mimalloc clears megabytes for each new thread, and a hundred threads join at once.
fn main() -> ExitCode {
    let args = Args::parse();
    // A signal ends the scenario, and with it the server.
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
            complain!("bursts: cannot handle signals: {error}");
            return ExitCode::FAILURE;
        }
    }
    let mut has_failed = false;
    for scenario in args.scenarios() {
        has_failed |= !play(*scenario, &args, &stop);
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Returns whether all conditions held.
fn play(scenario: Scenario, args: &Args, stop: &Arc<AtomicBool>) -> bool {
    match run(scenario, args.percent, stop) {
        Ok(report) => {
            print_report(args, &report);
            report.failures.is_empty()
        }
        Err(sentence) => {
            complain!("bursts: {scenario:?}: {sentence}");
            false
        }
    }
}

fn print_report(args: &Args, report: &Report) {
    if args.json {
        say!("{}", serde_json::to_string(report).expect("numbers and sentences serialise"));
    } else {
        say!("{report}");
    }
    report.logged.1.iter().for_each(|line| complain!("the server logged: {line}"));
}

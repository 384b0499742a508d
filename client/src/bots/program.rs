//! The load bot program: command line, log, report and exit status.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use framehouse_shared::game::Game;

use super::{args::Args, run};
use crate::{
    client::ClientConfig,
    complain,
    connect::{trust_authorities, use_tokens},
    program::without_empty_variables,
    say,
};

/// The command line of the load bot program, for manual pages and completions.
pub fn command() -> clap::Command {
    Args::command()
}

/// Runs a complete load bot program for this game.
///
/// Exits 0 when every client played to the end and no state differed from the server's, 1 with one sentence on standard
/// error otherwise, and 2 for a wrong command line.
pub fn main(game: impl Game + Clone) -> ExitCode {
    let matches = without_empty_variables(Args::command()).get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    log_to_stderr();
    let trusted = args.ca.as_deref().map_or(Ok(()), trust_authorities);
    if let Err(sentence) = trusted.and_then(|()| args.token_file.as_deref().map_or(Ok(()), use_tokens)) {
        complain!("{sentence}");
        return ExitCode::FAILURE;
    }
    let config = ClientConfig::of(game);
    let config = if args.thin { config.thin() } else { config };
    let report = run(&args, &config);
    if args.json {
        say!("{}", serde_json::to_string(&report).expect("numbers and sentences serialise"));
    } else {
        say!("{report}");
    }
    match report.failure() {
        None => ExitCode::SUCCESS,
        Some(sentence) => {
            complain!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Logs warnings to standard error, except netcode's and renet's: they log single datagrams as errors, which clients
/// count.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::new("warn,renetcode=off,renet=off");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false).init();
}

//! The server program: from the command line to a running server.

mod addresses;
mod admin;
mod agones;
mod archive;
mod control;
mod data;
mod data_dir;
mod failure;
mod file_limit;
mod fleet;
mod game_files;
mod health;
mod listen;
mod logging;
mod lookup;
mod manager;
mod node;
mod operator;
mod print;
mod reload;
mod replays;
mod serve;
mod signals;
mod store;

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::{CommandFactory, Parser};
use framehouse_shared::{game::Game, guarded::guarded};

use failure::Failure;
use fleet::run_gateway;
use logging::Log;
use node::node_name;
use print::{complain, print};
use replays::{Known, show_info, verify_files};
use serve::{Context, run_server};

use crate::{
    config::{self, Cli, Command, ConfigAction, Environment, Layers, ReplayAction, Settings},
    ops::alerts::Alerts,
};

/// The whole server program for a game: reads the command line and runs until SIGTERM or SIGINT, and then until running
/// matches have ended or the drain limit is reached.
///
/// Returns exit code 0 after a normal stop, 1 when the server cannot start or could not write all results before it
/// stopped, and 101 after a panic of the tick thread or while it starts or stops, each with one sentence on standard error.
/// A wrong command line exits the process with code 2.
pub fn run(game: impl Game + Clone) -> ExitCode {
    run_with_hints(game, &[])
}

/// Like [`run`], and prints these lines below the addresses of a started server: how to join it, for example. `{url}` in
/// a line becomes the server's URL.
pub fn run_with_hints(game: impl Game + Clone, hints: &[&str]) -> ExitCode {
    let cli = Cli::parse();
    let done =
        match &cli.command {
            None | Some(Command::Serve) => return serve(game, &cli, hints),
            Some(Command::Gateway) => return run_gateway(&cli, game.web_module()),
            Some(Command::Config { action: ConfigAction::Check { file } }) => check_file(file),
            Some(Command::Config { action: ConfigAction::Show }) => show(&cli),
            Some(Command::Config { action: ConfigAction::Env }) => print(config::list_variables()),
            Some(Command::Health) => settings(&cli).and_then(|settings| health::ask(&settings)),
            Some(Command::Replay { action: ReplayAction::Verify { files, key } }) => settings(&cli)
                .and_then(|settings| verify_files(game, files, &Known::of(&settings.server.data_dir, *key))),
            Some(Command::Replay { action: ReplayAction::Info { file } }) => show_info(file),
            Some(Command::Manager) => return manager::run(&cli.flags),
            Some(Command::Fleet { action }) => settings(&cli).and_then(|settings| manager::order(action, &settings)),
            Some(Command::Admin { server, token_file, action }) => settings(&cli)
                .and_then(|settings| admin::run(action, server.as_deref(), token_file.as_deref(), &settings)),
            Some(Command::Archive) => settings(&cli).and_then(|settings| archive::run(&settings)),
            Some(Command::Store { action }) => settings(&cli).and_then(|settings| store::run(action, &settings)),
        };
    exit_code(done)
}

fn exit_code(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            complain(&sentence);
            ExitCode::FAILURE
        }
    }
}

/// The command line of the server program, for manual pages and completions.
pub fn command() -> clap::Command {
    <Cli as CommandFactory>::command()
}

fn check_file(file: &Path) -> Result<(), String> {
    Layers::of_file(file).settings()?;
    print(format_args!("{} is good\n", file.display()))
}

fn settings(cli: &Cli) -> Result<Settings, String> {
    Layers::of(&cli.flags, &Environment::of_program()).settings()
}

fn show(cli: &Cli) -> Result<(), String> {
    let environment = Environment::of_program();
    environment.warnings().iter().for_each(|sentence| complain(sentence));
    print(config::show(&Layers::of(&cli.flags, &environment))?)
}

/// Runs the server, and tells the operator if it does not start or ends by itself.
fn serve(game: impl Game + Clone, cli: &Cli, hints: &[&str]) -> ExitCode {
    let environment = Environment::of_program();
    let layers = Layers::of(&cli.flags, &environment);
    let usable = layers.usable_settings();
    let node = node_name(&usable.server);
    // Before the log, so that a log that does not start is told.
    let alerts = match Alerts::start(&usable.alerts, &node) {
        Ok(alerts) => alerts,
        Err(error) => return exit_code(Err(format!("cannot start the thread that sends alerts: {error}"))),
    };
    // Dropped first, when nothing more is logged: it writes the last lines.
    let log = match Log::start(&usable, &node) {
        Ok(log) => log,
        Err(sentence) => return end(&alerts, &Failure::Start(sentence)),
    };
    environment.warnings().iter().for_each(|sentence| tracing::warn!("{sentence}"));
    let context = Context { flags: &cli.flags, log: &log, alerts: &alerts, hints };
    let run = || run_server(game, layers.settings()?, &context);
    match guarded(run).unwrap_or(Err(Failure::Panic)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&alerts, &failure),
    }
}

/// Tells the operator why the program ends. This is the last thing that it does.
fn end(alerts: &Alerts, failure: &Failure) -> ExitCode {
    alerts.raise_fatal(failure.kind(), failure.notice());
    complain(&failure.to_string());
    failure.exit_code()
}

/// Time since 1970-01-01 UTC.
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

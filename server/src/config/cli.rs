//! The program's subcommands. Settings on the command line are in `flags.rs`.

use std::{env, ffi::OsStr, path::PathBuf};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, builder::Resettable};
use framehouse_shared::replay::PublicKey;

use super::Flags;

/// The parsed command line.
#[derive(Parser, Debug)]
#[command(name = "framehouse-server", version, about = "A room-based, server-authoritative frame-sync game server")]
pub struct Cli {
    /// What to do; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings on the command line or in the environment.
    #[command(flatten)]
    pub flags: Flags,
}

impl Cli {
    /// Reads the program's command line and environment; `--help`, `--version` and mistakes end the program. An empty
    /// environment variable is as good as none.
    pub fn of_program() -> Self {
        let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
        let command = Self::command()
            .mut_args(|arg| if arg.get_env().is_some_and(is_empty) { arg.env(Resettable::Reset) } else { arg });
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

/// Subcommands of the server program.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server (the default).
    Serve,
    /// Check or print settings.
    Config {
        /// What to do with settings.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Ask the running server of the same settings whether it works: exits with 0, or with 1 and a sentence.
    Health,
    /// Verify or describe recorded matches.
    Replay {
        /// What to do with recorded matches.
        #[command(subcommand)]
        action: ReplayAction,
    },
}

/// Subcommands of `replay`.
#[derive(Subcommand, Debug)]
pub enum ReplayAction {
    /// Run recorded matches again and compare the outcome, the signature and the stored result; exits with 1 when one
    /// differs.
    Verify {
        /// The server's public key, as in GET /v1/key; by default that of the data folder.
        #[arg(long, value_name = "KEY")]
        key: Option<PublicKey>,
        /// Replay files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a summary of a replay: match, length, size and players.
    Info {
        /// Replay file.
        file: PathBuf,
    },
}

/// Subcommands of `config`.
#[derive(Subcommand, Debug)]
pub enum ConfigAction {
    /// Check whether a settings file is valid.
    Check {
        /// Settings file.
        file: PathBuf,
    },
    /// Print the effective settings of this command line, environment and file.
    Show,
}

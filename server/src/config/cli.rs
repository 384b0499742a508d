//! The program's subcommands. Settings on the command line are in `flags.rs`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use framehouse_shared::replay::PublicKey;

use super::Flags;

/// The parsed command line.
#[derive(Parser, Debug)]
#[command(name = "framehouse-server", version, about = "A room-based, server-authoritative frame-sync game server")]
#[command(
    after_help = "Every setting has an environment variable and a line in a settings file: see `config env` and `config show`."
)]
pub struct Cli {
    /// What to do; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings on the command line.
    #[command(flatten)]
    pub flags: Flags,
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
    /// Print the effective settings as a settings file, with the origin of each value: default, line of the file,
    /// environment variable or flag.
    Show,
    /// List the environment variables of all settings, with meaning, range and default.
    Env,
}

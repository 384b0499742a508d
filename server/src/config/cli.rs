//! The program's subcommands. Settings on the command line are in `flags.rs`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::Flags;

/// The command line.
#[derive(Parser, Debug)]
#[command(name = "framehouse-server", version, about = "A room-based, server-authoritative frame-sync game server")]
pub struct Cli {
    /// What to do; nothing means `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings on the command line or in the environment.
    #[command(flatten)]
    pub flags: Flags,
}

/// What the program can do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server (the default).
    Serve,
    /// Look at settings.
    Config {
        /// What to look at.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Look at recorded matches.
    Replay {
        /// What to do with them.
        #[command(subcommand)]
        action: ReplayAction,
    },
}

/// What can be done with recorded matches.
#[derive(Subcommand, Debug)]
pub enum ReplayAction {
    /// Run matches again and say whether they come out the same; exits with 1 when one does not.
    Verify {
        /// The replays.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print what a replay is.
    Info {
        /// The replay.
        file: PathBuf,
    },
}

/// What can be done with settings.
#[derive(Subcommand, Debug)]
pub enum ConfigAction {
    /// Say whether a settings file is good.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Print the settings that this command line, environment and file give.
    Show,
}

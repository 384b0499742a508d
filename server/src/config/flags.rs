//! Settings on the command line or in the environment, and how they win over the file.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::ServerSettings;

/// Settings on the command line or in the environment; they win over the file.
#[derive(Args, Debug, Default)]
pub struct Flags {
    /// Address of the HTTP gateway.
    #[arg(long, env = "FRAMEHOUSE_HTTP", value_name = "ADDRESS", global = true)]
    pub http: Option<SocketAddr>,
    /// Address of the first lane; lane i listens on port + i, and port 0 lets the system choose them all.
    #[arg(long, env = "FRAMEHOUSE_UDP", value_name = "ADDRESS", global = true)]
    pub udp: Option<SocketAddr>,
    /// Number of lanes (UDP ports of up to 256 clients each).
    #[arg(long, env = "FRAMEHOUSE_LANES", value_name = "COUNT", global = true)]
    pub lanes: Option<u16>,
    /// Host name or address that clients are told to send to.
    #[arg(long, env = "FRAMEHOUSE_PUBLIC_HOST", value_name = "HOST", global = true)]
    pub public_host: Option<String>,
    /// Let anybody on the network play without an account: needed to listen on other addresses than loopback.
    #[arg(long, env = "FRAMEHOUSE_OPEN_TO_PUBLIC", global = true)]
    pub open_to_public: bool,
    /// Ticks a second.
    #[arg(long, env = "FRAMEHOUSE_TICK_RATE", value_name = "HZ", global = true)]
    pub tick_rate: Option<u16>,
    /// Settings file.
    #[arg(long, env = "FRAMEHOUSE_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder with the game's rules.ron and maps/*.ron, instead of the embedded ones.
    #[arg(long, env = "FRAMEHOUSE_GAME_DIR", value_name = "DIR", global = true)]
    pub game_dir: Option<PathBuf>,
    /// Folder for what the server keeps; one server at a time.
    #[arg(long, env = "FRAMEHOUSE_DATA_DIR", value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// How log lines look.
    #[arg(long, env = "FRAMEHOUSE_LOG_FORMAT", value_name = "FORMAT", global = true)]
    pub log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Flags {
    /// Replaces the settings that are given on the command line or in the environment.
    pub(super) fn apply_to(&self, settings: &mut ServerSettings) {
        fn set<T: Clone>(setting: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                setting.clone_from(value);
            }
        }
        set(&mut settings.http, &self.http);
        set(&mut settings.udp, &self.udp);
        set(&mut settings.lanes, &self.lanes);
        set(&mut settings.tick_rate, &self.tick_rate);
        set(&mut settings.data_dir, &self.data_dir);
        set(&mut settings.log_format, &self.log_format);
        set(&mut settings.public_host, &self.public_host.clone().map(Some));
        set(&mut settings.game_dir, &self.game_dir.clone().map(Some));
        settings.open_to_public |= self.open_to_public;
    }
}

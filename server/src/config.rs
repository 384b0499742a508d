//! Settings: embedded defaults < file < environment < flags.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use bevy::prelude::*;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::tick::TickRate;

/// Every setting with its default and its comment.
pub const DEFAULT_FILE: &str = include_str!("../../assets/server.toml");

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

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The process.
    pub server: ServerSettings,
    /// The rooms.
    pub rooms: RoomSettings,
    /// What is freed, and when.
    pub cleanup: CleanupSettings,
    /// The connections.
    pub net: NetSettings,
    /// The recorded matches.
    pub replays: ReplaySettings,
}

/// Settings of the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address of the HTTP gateway.
    pub http: SocketAddr,
    /// Address of the first lane.
    pub udp: SocketAddr,
    /// Number of lanes, 1 to 64.
    pub lanes: u16,
    /// Host that clients are told to send to; the bound address when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_host: Option<String>,
    /// Whether anybody on the network may play without an account.
    pub open_to_public: bool,
    /// Ticks a second, 1 to 120.
    pub tick_rate: u16,
    /// Folder with the game's rules and maps; the embedded ones when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub game_dir: Option<PathBuf>,
    /// Folder for what the server keeps.
    pub data_dir: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            http: SocketAddr::from(([127, 0, 0, 1], 7777)),
            udp: SocketAddr::from(([127, 0, 0, 1], 7800)),
            lanes: 4,
            public_host: None,
            open_to_public: false,
            tick_rate: 30,
            game_dir: None,
            data_dir: PathBuf::from("data"),
            log_format: LogFormat::Pretty,
        }
    }
}

/// Settings of the rooms.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomSettings {
    /// Seats of a room that quick match opens, 2 to 16.
    pub size: u8,
    /// Rooms at a time, 1 to 100,000.
    pub rooms_max: u32,
    /// Seconds that players may take to load a match, 0.5 to 120; who takes longer comes in late.
    pub loading: f64,
    /// Seconds from then to the match's first tick, 0.5 to 60.
    pub countdown: f64,
    /// Seconds that a room stays in its lobby at least between two matches, 0 to 60.
    pub lobby: f64,
    /// Seconds that results stay, 0.1 to 600.
    pub results: f64,
    /// Seconds between leaderboards, 0.1 to 60.
    pub leaderboard_broadcast_interval: f64,
    /// Score frames kept for each player, 1 to 1000.
    pub score_buffer_maxlen: u32,
    /// Seconds that a lost player's seat is kept, 0 to 600.
    pub grace: f64,
    /// Seconds of silence after which a player is shown as away, 0.5 to 60.
    pub away_after: f64,
    /// People who may watch in a room, 0 to 200.
    pub spectators_max: u8,
    /// Seconds in which nothing happens in a lobby after which its room is closed, 10 to 86400.
    pub idle_timeout: f64,
    /// Frames of a match that are kept as they are, 30 to 3000; older ones are compressed in blocks of as many.
    pub history_frames: u32,
    /// Ticks that a room waits for a missing input before it makes one up, 0 to 2.
    pub hard_tolerance: u32,
    /// Seconds that a strict room waits for everybody's input, 0 to 600; 0 makes rooms that do not wait.
    pub strict_timeout: f64,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            size: 4,
            rooms_max: 2000,
            loading: 10.0,
            countdown: 3.0,
            lobby: 3.0,
            results: 10.0,
            leaderboard_broadcast_interval: 2.0,
            score_buffer_maxlen: 50,
            grace: 30.0,
            away_after: 2.0,
            spectators_max: 8,
            idle_timeout: 600.0,
            history_frames: 300,
            hard_tolerance: 0,
            strict_timeout: 0.0,
        }
    }
}

/// Settings of the cleanup.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleanupSettings {
    /// Seconds until what is left behind is freed, 0 to 600.
    pub cleanup_delay: f64,
    /// Seconds after which it is freed even if somebody may still want it or the budget is spent, up to 3600.
    pub force_cleanup_delay: f64,
    /// Seconds between two searches for what nobody owns any more, 1 to 3600.
    pub sweep_interval: f64,
    /// Microseconds of a tick that freeing may take, 10 to 10000.
    pub budget_us: u32,
}

impl Default for CleanupSettings {
    fn default() -> Self {
        Self { cleanup_delay: 5.0, force_cleanup_delay: 30.0, sweep_interval: 60.0, budget_us: 200 }
    }
}

/// Settings of the connections.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetSettings {
    /// Seconds a connected client may take to introduce itself, 1 to 60.
    pub handshake_timeout: f64,
    /// Seconds of silence after which a connection is lost, 2 to 120.
    pub connection_timeout: u32,
    /// Seconds between signs of life on a silent connection, 0.25 to 10.
    pub keep_alive: f64,
    /// Seconds a client may acknowledge nothing while something is outstanding, 2 to 600.
    pub stall_timeout: f64,
    /// Room messages a client may send in a second, 1 to 1000; in a burst twice as many.
    pub room_messages_per_s: u32,
    /// Bytes of a room message, 1 to 1000.
    pub room_message_bytes: u32,
    /// Commands of the game that a client may send in a second, 1 to 100; in a burst twice as many.
    pub commands_per_s: u32,
    /// Lines of chat that a client may write in a second, 0.1 to 10; five at once.
    pub chat_lines_per_s: f64,
    /// Requests for a seat that one address may make in a second, 0.1 to 1000; in a burst four times as many.
    pub joins_per_s: f64,
}

impl Default for NetSettings {
    fn default() -> Self {
        Self {
            handshake_timeout: 5.0,
            connection_timeout: 10,
            keep_alive: 0.5,
            stall_timeout: 30.0,
            room_messages_per_s: 20,
            room_message_bytes: 256,
            commands_per_s: 10,
            chat_lines_per_s: 0.5,
            joins_per_s: 5.0,
        }
    }
}

/// Settings of the recorded matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplaySettings {
    /// Whether matches are recorded.
    pub enabled: bool,
    /// Days that a replay is kept, 0 to 3650; 0 keeps them whatever their age.
    pub keep_days: u32,
    /// Bytes of all replays, 1,000,000 to 10^15; the oldest go first.
    pub keep_bytes: u64,
}

impl Default for ReplaySettings {
    fn default() -> Self {
        Self { enabled: true, keep_days: 30, keep_bytes: 1 << 30 }
    }
}

impl RoomSettings {
    /// How long a room waits for missing inputs, in ticks.
    pub fn wait_ticks_max(&self, rate: TickRate) -> u32 {
        let strict = if self.strict_timeout > 0.0 { rate.ticks_in_seconds(self.strict_timeout) } else { 0 };
        strict.max(self.hard_tolerance)
    }
}

/// Why the settings cannot be used, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not a settings file.
    #[error("{}: {error}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What is wrong, with line and column.
        error: Box<toml::de::Error>,
    },
    /// A setting is out of its range.
    #[error("the setting `{name}` has to be {range}, not {value}")]
    Range {
        /// The setting.
        name: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it is.
        value: String,
    },
    /// The server would be open to anybody.
    #[error(
        "{address} can be reached from other machines, and anybody there could play without an account: \
         bind 127.0.0.1, or allow it with --open-to-public"
    )]
    Public {
        /// The address.
        address: SocketAddr,
    },
    /// Clients could not be told where to send.
    #[error("{address} is no address that clients can send to: name this machine with --public-host HOST")]
    NoPublicHost {
        /// The address.
        address: SocketAddr,
    },
}

impl Settings {
    /// The settings that the flags (which hold the environment too) and the file they name give.
    ///
    /// # Errors
    /// When the file cannot be read or used, or a value is out of its range.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let mut settings = match &flags.config {
            Some(file) => Self::from_file(file)?,
            None => Self::default(),
        };
        settings.server.apply(flags);
        settings.check()?;
        Ok(settings)
    }

    /// The settings of a file, with defaults for what it does not name. Ranges are not checked yet.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a settings file.
    pub fn from_file(file: &Path) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(file).map_err(|error| ConfigError::Unreadable { file: file.to_owned(), error })?;
        toml::from_str(&text).map_err(|error| ConfigError::Syntax { file: file.to_owned(), error: Box::new(error) })
    }

    /// Says whether every value is in its range and the addresses make sense together.
    ///
    /// # Errors
    /// With the first that is not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let Self { server, rooms, cleanup, net, replays } = self;
        in_range("tick_rate", "1 to 120", server.tick_rate, 1, 120)?;
        in_range("lanes", "1 to 64", server.lanes, 1, 64)?;
        in_range("size", "2 to 16", rooms.size, 2, 16)?;
        in_range("rooms_max", "1 to 100000", rooms.rooms_max, 1, 100_000)?;
        in_range("loading", "0.5 to 120 seconds", rooms.loading, 0.5, 120.0)?;
        in_range("lobby", "0 to 60 seconds", rooms.lobby, 0.0, 60.0)?;
        in_range("countdown", "0.5 to 60 seconds", rooms.countdown, 0.5, 60.0)?;
        in_range("results", "0.1 to 600 seconds", rooms.results, 0.1, 600.0)?;
        in_range(
            "leaderboard_broadcast_interval",
            "0.1 to 60 seconds",
            rooms.leaderboard_broadcast_interval,
            0.1,
            60.0,
        )?;
        in_range("score_buffer_maxlen", "1 to 1000", rooms.score_buffer_maxlen, 1, 1000)?;
        in_range("grace", "0 to 600 seconds", rooms.grace, 0.0, 600.0)?;
        in_range("away_after", "0.5 to 60 seconds", rooms.away_after, 0.5, 60.0)?;
        in_range("spectators_max", "0 to 200", rooms.spectators_max, 0, 200)?;
        in_range("idle_timeout", "10 to 86400 seconds", rooms.idle_timeout, 10.0, 86_400.0)?;
        in_range("history_frames", "30 to 3000", rooms.history_frames, 30, 3000)?;
        in_range("cleanup_delay", "0 to 600 seconds", cleanup.cleanup_delay, 0.0, 600.0)?;
        let latest = "0 to 3600 seconds, and not before cleanup_delay";
        in_range("force_cleanup_delay", latest, cleanup.force_cleanup_delay, cleanup.cleanup_delay, 3600.0)?;
        in_range("sweep_interval", "1 to 3600 seconds", cleanup.sweep_interval, 1.0, 3600.0)?;
        in_range("budget_us", "10 to 10000 microseconds", cleanup.budget_us, 10, 10_000)?;
        in_range("hard_tolerance", "0 to 2 ticks", rooms.hard_tolerance, 0, 2)?;
        in_range("strict_timeout", "0 to 600 seconds", rooms.strict_timeout, 0.0, 600.0)?;
        in_range("handshake_timeout", "1 to 60 seconds", net.handshake_timeout, 1.0, 60.0)?;
        in_range("connection_timeout", "2 to 120 seconds", net.connection_timeout, 2, 120)?;
        in_range("keep_alive", "0.25 to 10 seconds", net.keep_alive, 0.25, 10.0)?;
        in_range("stall_timeout", "2 to 600 seconds", net.stall_timeout, 2.0, 600.0)?;
        in_range("room_messages_per_s", "1 to 1000", net.room_messages_per_s, 1, 1000)?;
        in_range("room_message_bytes", "1 to 1000", net.room_message_bytes, 1, 1000)?;
        in_range("commands_per_s", "1 to 100", net.commands_per_s, 1, 100)?;
        in_range("chat_lines_per_s", "0.1 to 10", net.chat_lines_per_s, 0.1, 10.0)?;
        in_range("joins_per_s", "0.1 to 1000", net.joins_per_s, 0.1, 1000.0)?;
        in_range("keep_days", "0 to 3650", replays.keep_days, 0, 3650)?;
        in_range("keep_bytes", "1000000 to 1000000000000000", replays.keep_bytes, 1_000_000, 1_000_000_000_000_000)?;
        server.check_addresses()
    }
}

impl ServerSettings {
    fn apply(&mut self, flags: &Flags) {
        fn set<T: Clone>(setting: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                setting.clone_from(value);
            }
        }
        set(&mut self.http, &flags.http);
        set(&mut self.udp, &flags.udp);
        set(&mut self.lanes, &flags.lanes);
        set(&mut self.tick_rate, &flags.tick_rate);
        set(&mut self.data_dir, &flags.data_dir);
        set(&mut self.log_format, &flags.log_format);
        set(&mut self.public_host, &flags.public_host.clone().map(Some));
        set(&mut self.game_dir, &flags.game_dir.clone().map(Some));
        self.open_to_public |= flags.open_to_public;
    }

    fn check_addresses(&self) -> Result<(), ConfigError> {
        for address in [self.http, self.udp] {
            if !address.ip().is_loopback() && !self.open_to_public {
                return Err(ConfigError::Public { address });
            }
        }
        if self.udp.ip().is_unspecified() && self.public_host.is_none() {
            return Err(ConfigError::NoPublicHost { address: self.udp });
        }
        if self.udp.port() != 0 && self.udp.port().checked_add(self.lanes - 1).is_none() {
            let value = format!("{} with {} lanes", self.udp.port(), self.lanes);
            return Err(ConfigError::Range { name: "udp", range: "a port with room for all lanes", value });
        }
        Ok(())
    }

    /// The address lane `index` binds.
    pub fn lane_address(&self, index: u16) -> SocketAddr {
        let port = if self.udp.port() == 0 { 0 } else { self.udp.port() + index };
        SocketAddr::new(self.udp.ip(), port)
    }

    /// The host clients are told, looked up once at start.
    ///
    /// # Errors
    /// When the name has no address.
    pub fn public_ip(&self) -> Result<IpAddr, String> {
        use std::net::ToSocketAddrs;
        let Some(host) = &self.public_host else { return Ok(self.udp.ip()) };
        let mut found = (host.as_str(), 0).to_socket_addrs().ok().into_iter().flatten().map(|address| address.ip());
        found
            .find(|ip| ip.is_ipv4() == self.udp.is_ipv4())
            .ok_or_else(|| format!("--public-host {host} has no address of the same kind as {}", self.udp.ip()))
    }
}

fn in_range<T: PartialOrd + std::fmt::Display>(
    name: &'static str,
    range: &'static str,
    value: T,
    low: T,
    high: T,
) -> Result<(), ConfigError> {
    // Written so that a NaN is out of range too.
    if value >= low && value <= high {
        Ok(())
    } else {
        Err(ConfigError::Range { name, range, value: value.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_says_the_defaults() {
        let settings: Settings = toml::from_str(DEFAULT_FILE).expect("the embedded file is good");
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn the_embedded_file_names_every_setting() {
        let shown = toml::to_string(&Settings::default()).expect("settings serialise");
        for line in shown.lines().filter(|line| line.contains('=')) {
            let name = line.split('=').next().expect("a name").trim();
            assert!(DEFAULT_FILE.contains(&format!("\n{name} =")), "`{name}` is not in assets/server.toml");
        }
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_rest_stays() {
        let mut settings: Settings = toml::from_str("[server]\nlanes = 2\ntick_rate = 20").expect("good");
        settings.server.apply(&Flags { lanes: Some(8), ..default() });
        assert_eq!((settings.server.lanes, settings.server.tick_rate), (8, 20));
    }

    #[test]
    fn an_unknown_setting_is_refused_with_its_line() {
        let error = toml::from_str::<Settings>("[server]\nlanse = 2").expect_err("misspelt");
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(error.to_string().contains("lanse"), "{error}");
    }

    #[test]
    fn a_public_address_has_to_be_allowed_and_named() {
        let mut settings = Settings::default();
        settings.server.udp = SocketAddr::from(([0, 0, 0, 0], 7800));
        assert!(matches!(settings.check(), Err(ConfigError::Public { .. })));
        settings.server.open_to_public = true;
        assert!(matches!(settings.check(), Err(ConfigError::NoPublicHost { .. })));
        settings.server.public_host = Some("localhost".into());
        assert!(settings.check().is_ok());
    }
}

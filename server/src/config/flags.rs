//! Settings on the command line. They override the environment and the file.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use serde::Serialize;

use super::LogFormat;

/// Settings on the command line. They serialise as a table of those that are given. [`setting_of`] says which settings they
/// are.
#[derive(Args, Clone, Debug, Default, Serialize)]
pub struct Flags {
    /// Address of the HTTP gateway.
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub http: Option<SocketAddr>,
    /// File with the certificate chain in PEM: the HTTP gateway then speaks HTTPS. Read again when it changes.
    #[arg(long, value_name = "FILE", global = true)]
    pub tls_cert: Option<String>,
    /// File with the private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", global = true)]
    pub tls_key: Option<String>,
    /// Address of the first UDP endpoint; endpoint i listens on port + i, port 0 lets the system choose all ports.
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub udp: Option<SocketAddr>,
    /// Number of UDP endpoints, 1 to 64, each for up to 1024 clients.
    #[arg(long, value_name = "COUNT", global = true)]
    pub lanes: Option<u16>,
    /// Host name or address that clients connect to; the bound address by default.
    #[arg(long, value_name = "HOST", global = true)]
    pub public_host: Option<String>,
    /// Port that clients of the first UDP endpoint connect to, if a NAT maps it to the bound port.
    #[arg(long, value_name = "PORT", global = true)]
    pub public_udp_port: Option<u16>,
    /// Let anybody on the network play without an account; needed to listen on addresses other than loopback
    /// where players need no tokens.
    #[arg(
        long,
        value_name = "YES|NO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no,
        global = true
    )]
    pub open_to_public: Option<bool>,
    /// Ticks per second, 10 to 120.
    #[arg(long, value_name = "HZ", global = true)]
    pub tick_rate: Option<u16>,
    /// Settings file. Also FRAMEHOUSE_CONFIG.
    #[arg(long, value_name = "FILE", global = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Folder with the game's rules.ron and maps/*.ron, used instead of the embedded ones.
    #[arg(long, value_name = "DIR", global = true)]
    pub game_dir: Option<String>,
    /// Folder for results, replays and reports; one server at a time.
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<String>,
    /// URL of a Postgres database for players, matches and leaderboards; by default SQLite in the data folder. With a
    /// password it is a secret: set it in the environment or in the settings file.
    #[arg(long, value_name = "URL", global = true)]
    pub database: Option<String>,
    /// URL of the Redis of a fleet, which makes this server one of its nodes. With a password it is a secret: set it in the
    /// environment or in the settings file.
    #[arg(long, value_name = "URL", global = true)]
    pub redis: Option<String>,
    /// Use a Redis on another machine without a password.
    #[arg(
        long,
        value_name = "YES|NO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no,
        global = true
    )]
    pub open_redis: Option<bool>,
    /// Channel of the players that this node or gateway of a fleet serves; stable by default.
    #[arg(long, value_name = "NAME", global = true)]
    pub channel: Option<String>,
    /// Zone of this machine in a fleet: a gateway prefers nodes of its own zone.
    #[arg(long, value_name = "NAME", global = true)]
    pub zone: Option<String>,
    /// URL that notices of alerts are sent to. It is a secret: other users of this machine see it on a command line, so
    /// set it in the environment or in the settings file.
    #[arg(long, value_name = "URL", global = true)]
    pub webhook_url: Option<String>,
    /// Name of this server among others, in its log and in a fleet; the host name by default.
    #[arg(long, value_name = "NAME", global = true)]
    pub node: Option<String>,
    /// Tell the SDK server of Agones, at the port in AGONES_SDK_HTTP_PORT, the state of this server.
    #[arg(
        long,
        value_name = "YES|NO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no,
        global = true
    )]
    pub agones: Option<bool>,
    /// Format of log lines.
    #[arg(long, value_name = "FORMAT", global = true)]
    pub log_format: Option<LogFormat>,
    /// Seconds for which running matches go on after SIGTERM or Ctrl-C, 0 to 3600.
    #[arg(long, value_name = "SECONDS", global = true)]
    pub drain_limit: Option<f64>,
    /// After SIGTERM or Ctrl-C, wait for all running matches, without a limit.
    #[arg(
        long,
        value_name = "YES|NO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no,
        global = true
    )]
    pub until_empty: Option<bool>,
}

/// The flags whose setting has another name, or is not in `[server]`: flag, section and name.
const OTHER_SETTINGS: [(&str, &str, &str); 10] = [
    ("tls_cert", "http", "tls_cert"),
    ("tls_key", "http", "tls_key"),
    ("drain_limit", "server", "drain_limit_s"),
    ("database", "store", "database"),
    ("redis", "fleet", "redis"),
    ("open_redis", "fleet", "open_redis"),
    ("channel", "fleet", "channel"),
    ("zone", "fleet", "zone"),
    ("webhook_url", "alerts", "webhook_url"),
    ("log_format", "log", "format"),
];

/// Section and name of the setting that a flag gives.
pub(super) fn setting_of(flag: &str) -> (&str, &str) {
    let other = OTHER_SETTINGS.iter().find(|other| other.0 == flag);
    other.map_or(("server", flag), |&(_, section, name)| (section, name))
}

/// The flag that gives a setting of another name or section.
pub(super) fn flag_of(section: &str, name: &str) -> Option<&'static str> {
    OTHER_SETTINGS.iter().find(|other| (other.1, other.2) == (section, name)).map(|other| other.0)
}

/// Parses the value of a switch.
pub(super) fn yes_or_no(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("say 1, true, yes or on, or 0, false, no or off"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::config::Cli;

    #[test]
    fn a_switch_is_on_alone_and_as_told_otherwise() {
        let switch = |line: &str| {
            let line = std::iter::once("server").chain(line.split_whitespace());
            Cli::try_parse_from(line).map(|cli| cli.flags.open_to_public).ok()
        };
        assert_eq!(switch(""), Some(None));
        assert_eq!(switch("--open-to-public"), Some(Some(true)));
        assert_eq!(switch("--open-to-public config show"), Some(Some(true)), "a word after it is not its value");
        for word in ["1", "true", "YES", "on"] {
            assert_eq!(switch(&format!("--open-to-public={word}")), Some(Some(true)));
        }
        for word in ["0", "false", "no", "Off"] {
            assert_eq!(switch(&format!("--open-to-public={word}")), Some(Some(false)));
        }
        assert_eq!(switch("--open-to-public=maybe"), None);
    }
}

//! Settings on the command line or in the environment. They override the file.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{LogFormat, Settings};

/// Settings on the command line or in the environment.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// Address of the HTTP gateway.
    #[arg(long, env = "FRAMEHOUSE_HTTP", value_name = "ADDRESS", global = true)]
    pub http: Option<SocketAddr>,
    /// File with the certificate chain in PEM: the HTTP gateway then speaks HTTPS. Read again when it changes.
    #[arg(long, env = "FRAMEHOUSE_TLS_CERT", value_name = "FILE", global = true)]
    pub tls_cert: Option<PathBuf>,
    /// File with the private key of the certificate, in PEM.
    #[arg(long, env = "FRAMEHOUSE_TLS_KEY", value_name = "FILE", global = true)]
    pub tls_key: Option<PathBuf>,
    /// Address of the first UDP endpoint; endpoint i listens on port + i, port 0 lets the system choose all ports.
    #[arg(long, env = "FRAMEHOUSE_UDP", value_name = "ADDRESS", global = true)]
    pub udp: Option<SocketAddr>,
    /// Number of UDP endpoints, 1 to 64, each for up to 1024 clients.
    #[arg(long, env = "FRAMEHOUSE_LANES", value_name = "COUNT", global = true)]
    pub lanes: Option<u16>,
    /// Host name or address that clients connect to; the bound address by default.
    #[arg(long, env = "FRAMEHOUSE_PUBLIC_HOST", value_name = "HOST", global = true)]
    pub public_host: Option<String>,
    /// Port that clients of the first UDP endpoint connect to, if a NAT maps it to the bound port.
    #[arg(long, env = "FRAMEHOUSE_PUBLIC_UDP_PORT", value_name = "PORT", global = true)]
    pub public_udp_port: Option<u16>,
    /// Let anybody on the network play without an account; needed to listen on addresses other than loopback.
    #[arg(
        long,
        env = "FRAMEHOUSE_OPEN_TO_PUBLIC",
        value_name = "YES|NO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no,
        global = true
    )]
    pub open_to_public: Option<bool>,
    /// Ticks per second, 10 to 120.
    #[arg(long, env = "FRAMEHOUSE_TICK_RATE", value_name = "HZ", global = true)]
    pub tick_rate: Option<u16>,
    /// Settings file.
    #[arg(long, env = "FRAMEHOUSE_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder with the game's rules.ron and maps/*.ron, used instead of the embedded ones.
    #[arg(long, env = "FRAMEHOUSE_GAME_DIR", value_name = "DIR", global = true)]
    pub game_dir: Option<PathBuf>,
    /// Folder for results, replays and reports; one server at a time.
    #[arg(long, env = "FRAMEHOUSE_DATA_DIR", value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Name of this server among others, in its log; the host name by default.
    #[arg(long, env = "FRAMEHOUSE_NODE", value_name = "NAME", global = true)]
    pub node: Option<String>,
    /// Format of log lines.
    #[arg(long, env = "FRAMEHOUSE_LOG_FORMAT", value_name = "FORMAT", global = true)]
    pub log_format: Option<LogFormat>,
}

impl Flags {
    /// Overrides the settings that are given on the command line or in the environment.
    pub(super) fn apply_to(&self, settings: &mut Settings) {
        fn set<T: Clone>(setting: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                setting.clone_from(value);
            }
        }
        set(&mut settings.http.tls_cert, &self.tls_cert.clone().map(Some));
        set(&mut settings.http.tls_key, &self.tls_key.clone().map(Some));
        set(&mut settings.log.format, &self.log_format);
        let settings = &mut settings.server;
        set(&mut settings.node, &self.node.clone().map(Some));
        set(&mut settings.http, &self.http);
        set(&mut settings.udp, &self.udp);
        set(&mut settings.lanes, &self.lanes);
        set(&mut settings.tick_rate, &self.tick_rate);
        set(&mut settings.data_dir, &self.data_dir);
        set(&mut settings.public_host, &self.public_host.clone().map(Some));
        set(&mut settings.public_udp_port, &self.public_udp_port.map(Some));
        set(&mut settings.game_dir, &self.game_dir.clone().map(Some));
        set(&mut settings.open_to_public, &self.open_to_public);
    }
}

/// Parses the value of a switch.
fn yes_or_no(text: &str) -> Result<bool, &'static str> {
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

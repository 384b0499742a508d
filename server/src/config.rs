//! Settings. Precedence: flags > environment > file > defaults.
//!
//! ```text
//! server.rs http.rs rooms.rs cleanup.rs net.rs replays.rs   the sections of the file: fields, defaults, ranges
//! flags.rs   settings on the command line or in the environment
//! cli.rs     subcommands
//! renamed.rs settings that had another name before
//! error.rs   errors of settings
//! ```

mod cleanup;
mod cli;
mod error;
mod flags;
mod http;
mod net;
mod renamed;
mod replays;
mod rooms;
mod server;

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

pub use cleanup::CleanupSettings;
pub(crate) use cli::{Cli, Command, ConfigAction, ReplayAction};
pub(crate) use error::ConfigError;
pub(crate) use flags::{Flags, LogFormat};
pub use http::HttpSettings;
pub use net::NetSettings;
use renamed::refuse_old_names;
pub use replays::ReplaySettings;
pub use rooms::RoomSettings;
pub(crate) use server::ServerSettings;

/// The documented example file: every setting with its default. Tests compare it with the code.
#[cfg(test)]
const DEFAULT_FILE: &str = include_str!("../../assets/server.toml");

/// All settings of the server program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// `[server]`: process, addresses and folders.
    pub server: ServerSettings,
    /// `[http]`: limits by address, proxies, names and TLS of the HTTP gateway.
    pub http: HttpSettings,
    /// `[rooms]`: sizes, phases and limits of rooms.
    pub rooms: RoomSettings,
    /// `[cleanup]`: delays and budget of freeing memory.
    pub cleanup: CleanupSettings,
    /// `[net]`: timeouts and budgets of connections.
    pub net: NetSettings,
    /// `[replays]`: recording and retention of replays.
    pub replays: ReplaySettings,
}

impl Settings {
    /// Loads the settings: the file that `flags` names, overridden by the flags and the environment, which `flags`
    /// holds too.
    ///
    /// # Errors
    /// When the file cannot be read or used, or a value is out of its range.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let mut settings = match &flags.config {
            Some(file) => Self::from_file(file)?,
            None => Self::default(),
        };
        flags.apply_to(&mut settings);
        settings.check()?;
        Ok(settings)
    }

    /// Reads a settings file. Missing settings get their defaults. Ranges are not checked.
    ///
    /// # Errors
    /// When the file cannot be read or is not a valid settings file.
    pub fn from_file(file: &Path) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(file).map_err(|error| ConfigError::Unreadable { file: file.to_owned(), error })?;
        let syntax = |error| ConfigError::Syntax { file: file.to_owned(), error: Box::new(error) };
        refuse_old_names(&text.parse().map_err(syntax)?)?;
        toml::from_str(&text).map_err(syntax)
    }

    /// Checks that every value is in its range and that the addresses are usable together.
    ///
    /// # Errors
    /// With the first violation.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.server.check()?;
        self.http.check()?;
        self.rooms.check()?;
        self.cleanup.check()?;
        self.net.check()?;
        self.replays.check()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

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
        Flags { lanes: Some(8), ..Default::default() }.apply_to(&mut settings);
        assert_eq!((settings.server.lanes, settings.server.tick_rate), (8, 20));
    }

    #[test]
    fn an_unknown_setting_is_refused_with_its_line() {
        let error = toml::from_str::<Settings>("[server]\nlanse = 2").expect_err("misspelt");
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(error.to_string().contains("lanse"), "{error}");
    }

    #[test]
    fn the_public_ports_have_room_for_all_lanes() {
        let mut settings = Settings::default();
        settings.server.public_udp_port = Some(65_533);
        assert!(matches!(settings.check(), Err(ConfigError::Range { name: "public_udp_port", .. })));
        settings.server.public_udp_port = Some(65_532);
        assert!(settings.check().is_ok());
        assert_eq!(settings.server.public_port(3, 7803), 65_535);
        settings.server.public_udp_port = None;
        assert_eq!(settings.server.public_port(3, 7803), 7803);
    }

    #[test]
    fn a_host_of_both_kinds_is_served_on_a_socket_of_both_kinds() {
        let mut server = ServerSettings { public_host: Some("127.0.0.9".into()), ..Default::default() };
        assert_eq!(server.public_addresses(), Ok(vec![[127, 0, 0, 9].into()]));
        server.udp = "[::]:7800".parse().expect("an address");
        assert_eq!(server.public_addresses(), Ok(vec![[127, 0, 0, 9].into()]));
        server.udp = "[::1]:7800".parse().expect("an address");
        assert!(server.public_addresses().is_err());
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

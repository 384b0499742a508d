//! Settings: defaults < file < environment < flags.
//!
//! ```text
//! server.rs rooms.rs cleanup.rs net.rs replays.rs   the sections of the file: fields, defaults, ranges
//! flags.rs   settings on the command line or in the environment
//! cli.rs     subcommands
//! error.rs   why settings are refused
//! ```

mod cleanup;
mod cli;
mod error;
mod flags;
mod net;
mod replays;
mod rooms;
mod server;

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

pub use cleanup::CleanupSettings;
pub(crate) use cli::{Cli, Command, ConfigAction, ReplayAction};
pub(crate) use error::ConfigError;
pub(crate) use flags::{Flags, LogFormat};
pub use net::NetSettings;
pub use replays::ReplaySettings;
pub use rooms::RoomSettings;
pub(crate) use server::ServerSettings;

/// The documented example of a settings file: every setting with its default. Tests hold it against the code.
#[cfg(test)]
const DEFAULT_FILE: &str = include_str!("../../assets/server.toml");

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
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
        flags.apply_to(&mut settings.server);
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
        self.server.check()?;
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
        Flags { lanes: Some(8), ..Default::default() }.apply_to(&mut settings.server);
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

//! Why settings are refused.

use std::{net::SocketAddr, path::PathBuf};

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

/// Refuses a value outside `low..=high`.
pub(super) fn in_range<T: PartialOrd + std::fmt::Display>(
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

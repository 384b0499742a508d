//! Errors of settings.

use std::{net::SocketAddr, path::PathBuf};

/// An error that makes the settings unusable, as one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The I/O error.
        error: std::io::Error,
    },
    /// The file is not a settings file.
    #[error("{}: {error}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The parser's error, with line and column.
        error: Box<toml::de::Error>,
    },
    /// The file has a setting's old name.
    #[error("the setting `{old}` in [{section}] has another name now: `{new}`")]
    Renamed {
        /// Section of the setting.
        section: &'static str,
        /// The name in the file.
        old: &'static str,
        /// The name now.
        new: &'static str,
    },
    /// A setting is out of its range.
    #[error("the setting `{name}` must be {range}, not {value}")]
    Range {
        /// Name of the setting.
        name: &'static str,
        /// The allowed range, as text.
        range: &'static str,
        /// The value given.
        value: String,
    },
    /// The server would be reachable from other machines without permission.
    #[error(
        "{address} can be reached from other machines, and anybody there could play without an account: \
         bind 127.0.0.1, or allow it with --open-to-public"
    )]
    Public {
        /// The address.
        address: SocketAddr,
    },
    /// Only one of the two files of TLS is set.
    #[error("`{given}` needs `{missing}`: set both for HTTPS, or none of them for HTTP")]
    HalfTls {
        /// The setting that is set.
        given: &'static str,
        /// The setting that is not set.
        missing: &'static str,
    },
    /// The UDP address is a wildcard, and no public host is set.
    #[error("clients cannot send to {address}: set the address of this machine with --public-host HOST")]
    NoPublicHost {
        /// The address.
        address: SocketAddr,
    },
}

/// Checks that a value is within `low..=high`.
pub(super) fn in_range<T: PartialOrd + std::fmt::Display>(
    name: &'static str,
    range: &'static str,
    value: T,
    low: T,
    high: T,
) -> Result<(), ConfigError> {
    // Written so that NaN is refused too.
    if value >= low && value <= high {
        Ok(())
    } else {
        Err(ConfigError::Range { name, range, value: value.to_string() })
    }
}

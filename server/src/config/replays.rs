//! `[replays]`: what is kept of recorded matches.

use serde::{Deserialize, Serialize};

use super::{ConfigError, error::in_range};

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

impl ReplaySettings {
    /// Says whether every value is in its range.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        in_range("keep_days", "0 to 3650", self.keep_days, 0, 3650)?;
        in_range("keep_bytes", "1000000 to 1000000000000000", self.keep_bytes, 1_000_000, 1_000_000_000_000_000)
    }
}

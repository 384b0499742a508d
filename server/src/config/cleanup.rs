//! `[cleanup]`: delays and budget of freeing memory.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ConfigError, error::in_range};

/// Settings of the cleanup: when the data of left players, finished matches and closed rooms is freed.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleanupSettings {
    /// Seconds from the end of a player, match or room until its data is freed, 0 to 600.
    pub cleanup_delay_s: f64,
    /// Seconds after which data is freed even if the budget is spent, from `cleanup_delay_s` to 3600.
    pub force_cleanup_delay_s: f64,
    /// Seconds between two searches for orphaned data, 1 to 3600.
    pub sweep_interval_s: f64,
    /// Budget for freeing, in microseconds a tick, 10 to 10000.
    pub budget_us: u32,
}

impl Default for CleanupSettings {
    fn default() -> Self {
        Self { cleanup_delay_s: 5.0, force_cleanup_delay_s: 30.0, sweep_interval_s: 60.0, budget_us: 200 }
    }
}

impl CleanupSettings {
    /// Checks that every value is in its range.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        in_range("cleanup_delay_s", "0 to 600 seconds", self.cleanup_delay_s, 0.0, 600.0)?;
        let latest = "0 to 3600 seconds, and not before cleanup_delay_s";
        in_range("force_cleanup_delay_s", latest, self.force_cleanup_delay_s, self.cleanup_delay_s, 3600.0)?;
        in_range("sweep_interval_s", "1 to 3600 seconds", self.sweep_interval_s, 1.0, 3600.0)?;
        in_range("budget_us", "10 to 10000 microseconds", self.budget_us, 10, 10_000)
    }
}

//! `[cleanup]`: delays and budget of freeing memory.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Violation, catalogue::Ranges};

/// Settings of the cleanup: when the data of left players, finished matches and closed rooms is freed.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleanupSettings {
    /// Seconds from the end of a player, match or room until its data is freed, 0 to 600.
    pub cleanup_delay_s: f64,
    /// Seconds after which data is freed even if the budget is spent, 0 to 3600 and at least
    /// `cleanup_delay_s`.
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
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("cleanup_delay_s", 0.0, 600.0),
        ("force_cleanup_delay_s", 0.0, 3600.0),
        ("sweep_interval_s", 1.0, 3600.0),
        ("budget_us", 10.0, 10_000.0),
    ];

    /// Checks that the delays are in order.
    pub(super) fn check(&self) -> Result<(), Violation> {
        let (delay, latest) = (self.cleanup_delay_s, self.force_cleanup_delay_s);
        if delay <= latest {
            return Ok(());
        }
        let paths = ["cleanup.force_cleanup_delay_s", "cleanup.cleanup_delay_s"];
        let sentence = format!("`{}` must be at least `{}`: {latest} is less than {delay}", paths[0], paths[1]);
        Err(Violation::new(paths, sentence))
    }
}

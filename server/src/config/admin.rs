//! `[admin]`: limits on what an operator can do.

use serde::{Deserialize, Serialize};

use super::catalogue::Ranges;

/// Settings of the admin API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// Largest number of bans in an hour, 0 to 10,000. Further ones only wait for review, so that a script with a fault
    /// cannot empty the server.
    pub bans_per_hour_max: u32,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { bans_per_hour_max: 20 }
    }
}

impl AdminSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[("bans_per_hour_max", 0.0, 10_000.0)];
}

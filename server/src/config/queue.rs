//! `[queue]`: waiting while the server is full.

use serde::{Deserialize, Serialize};

use super::catalogue::Ranges;

/// Settings of the queue of a full server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// Largest number of players that wait, 0 to 100,000. Further ones are refused; 0 means no queue.
    pub waiting_max: u32,
    /// Largest number of places of one IP address, 1 to 10,000. A /24 and a /64 may have four times as many, a /48 eight
    /// times as many.
    pub waiting_per_address: u32,
    /// Seconds for which a place is kept after the time at which its holder was to ask again, 5 to 600.
    pub patience_s: f64,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { waiting_max: 10_000, waiting_per_address: 16, patience_s: 20.0 }
    }
}

impl QueueSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges =
        &[("waiting_max", 0.0, 100_000.0), ("waiting_per_address", 1.0, 10_000.0), ("patience_s", 5.0, 600.0)];
}

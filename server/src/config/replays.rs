//! `[replays]`: recording and retention of replays.

use serde::{Deserialize, Serialize};

use super::catalogue::Ranges;

/// Settings of replays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplaySettings {
    /// Whether matches are recorded.
    pub enabled: bool,
    /// Days that a replay is kept, 0 to 3650; 0 means no age limit. In a day at most a tenth of the replays are deleted
    /// for their age, and none in the first hour after a start. A restart begins a new day.
    pub keep_days: u32,
    /// Largest total size of all replays and their desync reports in bytes, 10^6 to 10^15. Beyond, the oldest replays of
    /// the network address that has caused the most are deleted.
    pub keep_bytes: u64,
}

impl Default for ReplaySettings {
    fn default() -> Self {
        Self { enabled: true, keep_days: 30, keep_bytes: 1 << 30 }
    }
}

impl ReplaySettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges =
        &[("keep_days", 0.0, 3650.0), ("keep_bytes", 1_000_000.0, 1_000_000_000_000_000.0)];
}

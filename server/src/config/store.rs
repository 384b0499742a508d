//! `[store]`: the database of players, matches, leaderboards and messages.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{SecretUrl, catalogue::Ranges};

/// Settings of the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// URL of a Postgres database. `None` means SQLite in the data folder.
    pub database: Option<SecretUrl>,
    /// Whether matches count on leaderboards without a proof. Those that their replays refute never do.
    pub boards_unproven: bool,
    /// Whether chat lines and game messages are archived.
    pub messages: bool,
    /// Days that messages are kept, 1 to 3650.
    pub message_days: u32,
    /// Seconds for which a server that stops tries to store its last results, 0 to 600.
    pub stop_limit_s: f64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { database: None, boards_unproven: false, messages: true, message_days: 30, stop_limit_s: 2.0 }
    }
}

impl StoreSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[("message_days", 1.0, 3650.0), ("stop_limit_s", 0.0, 600.0)];

    /// Time for which a server that stops tries to store its last results.
    pub fn stop_limit(&self) -> Duration {
        Duration::from_secs_f64(self.stop_limit_s)
    }
}

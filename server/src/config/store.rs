//! `[store]`: the database of players, matches, leaderboards and messages.

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
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { database: None, boards_unproven: false, messages: true, message_days: 30 }
    }
}

impl StoreSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[("message_days", 1.0, 3650.0)];
}

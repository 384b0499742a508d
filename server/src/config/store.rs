//! `[store]`: the database of players, matches and leaderboards.

use serde::{Deserialize, Serialize};

/// Settings of the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// URL of a Postgres database. `None` means SQLite in the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

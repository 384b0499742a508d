//! `[store]`: the database of players, matches, leaderboards and messages.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::catalogue::Ranges;

/// Settings of the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// URL of a Postgres database. `None` means SQLite in the data folder.
    pub database: Option<DatabaseUrl>,
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

/// URL of a database. It may have a password, so only its scheme is shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole URL, secrets included.
    pub fn reveal(&self) -> &str {
        self.0.trim()
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.reveal().split_once("://").map_or("", |(scheme, _)| scheme);
        write!(f, "{scheme}://***")
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_shown_without_its_secrets() {
        let settings: StoreSettings = toml::from_str("database = \"postgres://ada:pw@host/name\"").expect("good");
        assert_eq!(settings.database.as_ref().map(DatabaseUrl::reveal), Some("postgres://ada:pw@host/name"));
        let shown = [toml::to_string(&settings).expect("settings serialise"), format!("{settings:?}")];
        assert!(shown.iter().all(|text| text.contains("postgres://***") && !text.contains("pw")), "{shown:?}");
    }
}

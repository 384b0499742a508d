//! Which settings change in a running server when they are read again.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Settings, catalogue::SECRETS};

/// Sections whose settings all change.
const SECTIONS: [&str; 5] = ["queue", "rooms", "cleanup", "features", "admin"];
/// Settings of other sections that change. All others hold after a restart.
const SETTINGS: [(&str, &[&str]); 4] = [
    (
        "net",
        &[
            "handshake_timeout_s",
            "room_messages_per_s",
            "room_message_bytes",
            "commands_per_s",
            "chat_lines_per_s",
            "joins_per_s",
            "sessions_per_address",
            "tokens_per_address",
            "limit_loopback",
        ],
    ),
    ("http", &["connections_per_address", "downloads_per_address", "requests_per_s"]),
    ("ws", &["connections_per_address", "unauthenticated_per_address"]),
    ("log", &["level", "levels"]),
];
/// The setting of `[alerts]` that does not change, beside the secret URL.
const WEBHOOK_FORMAT: &str = "webhook_format";

fn changes(section: &str, name: &str) -> bool {
    SECTIONS.contains(&section)
        || (section == "alerts" && name != WEBHOOK_FORMAT)
        || SETTINGS.iter().any(|(of, names)| *of == section && names.contains(&name))
}

impl Settings {
    /// The settings of a running server after `read` was read, and the names of those that hold only after a restart.
    pub fn reloaded(&self, read: &Self) -> (Self, Vec<String>) {
        let (mut merged, read_table) = (table(self), table(read));
        let mut after_restart = Vec::new();
        for (section, values) in &read_table {
            let (Some(running), Some(values)) =
                (merged.get_mut(section).and_then(Value::as_table_mut), values.as_table())
            else {
                continue;
            };
            // A setting without a value is not in its table.
            let names: BTreeSet<String> = running.keys().chain(values.keys()).cloned().collect();
            for name in names {
                match values.get(&name) {
                    value if value == running.get(&name) => {}
                    _ if !changes(section, &name) => after_restart.push(format!("{section}.{name}")),
                    Some(value) => drop(running.insert(name, value.clone())),
                    None => drop(running.remove(&name)),
                }
            }
        }
        let mut merged: Self = merged.try_into().expect("every value is one of checked settings");
        after_restart.extend(merged.keep_secrets(self, read).map(str::to_owned));
        after_restart.sort();
        (merged, after_restart)
    }

    /// Takes the secrets of the running server, which are in no table. Returns the names of those that were read as others.
    fn keep_secrets(&mut self, running: &Self, read: &Self) -> impl Iterator<Item = &'static str> {
        self.alerts.webhook_url.clone_from(&running.alerts.webhook_url);
        self.store.database.clone_from(&running.store.database);
        self.fleet.redis.clone_from(&running.fleet.redis);
        self.fleet.secret = running.fleet.secret;
        let others = [
            ("alerts.webhook_url", running.alerts.webhook_url != read.alerts.webhook_url),
            ("store.database", running.store.database != read.store.database),
            ("fleet.redis", running.fleet.redis != read.fleet.redis),
            ("fleet.secret", running.fleet.secret != read.fleet.secret),
        ];
        others.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name)
    }
}

/// The settings without secrets, which are not written out.
fn table(settings: &Settings) -> Table {
    let mut table = Table::try_from(settings).expect("settings are tables of text, numbers and lists");
    for (section, name) in SECRETS {
        table.get_mut(section).and_then(Value::as_table_mut).map(|section| section.remove(name));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::catalogue;

    fn read(text: &str) -> Settings {
        toml::from_str(text).expect("settings")
    }

    #[test]
    fn what_can_change_changes_and_the_rest_is_named() {
        let running = read("[server]\nlanes = 2\ngame_dir = \"a\"\n[rooms]\nsize = 3");
        let text = "[server]\nlanes = 3\n[rooms]\nsize = 4\n[alerts]\ntick_max_ms = 60.0\nwebhook_url = \"http://h/s\"\n\
                    [features]\nchat = false\n[log]\nlevel = \"debug\"\nformat = \"json\"";
        let (now, after_restart) = running.reloaded(&read(text));
        assert_eq!(after_restart, ["alerts.webhook_url", "log.format", "server.game_dir", "server.lanes"]);
        assert_eq!((now.server.lanes, now.rooms.size, now.features.chat), (2, 4, false));
        assert_eq!((now.alerts.tick_max_ms, now.alerts.webhook_url), (60.0, None));
        assert_eq!((now.log.level.name(), now.server.game_dir), ("debug", Some("a".into())));
        assert_eq!(running.reloaded(&running), (running.clone(), Vec::new()));
    }

    #[test]
    fn only_settings_that_exist_are_named_here() {
        let named = SETTINGS.iter().flat_map(|(section, names)| names.iter().map(move |name| (*section, *name)));
        for (section, name) in named.chain([("alerts", WEBHOOK_FORMAT)]) {
            assert!(catalogue::find(section, name).is_ok(), "{section}.{name}");
        }
        assert!(SECTIONS.into_iter().all(catalogue::is_section));
    }
}

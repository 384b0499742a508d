//! Settings that had another name before.

use toml::Table;

use super::ConfigError;

/// Section, old name and new name of each renamed setting.
const RENAMED: [(&str, &str, &str); 22] = [
    ("rooms", "loading", "loading_s"),
    ("rooms", "countdown", "countdown_s"),
    ("rooms", "lobby", "lobby_s"),
    ("rooms", "results", "results_s"),
    ("rooms", "leaderboard_broadcast_interval", "leaderboard_broadcast_interval_s"),
    ("rooms", "grace", "grace_s"),
    ("rooms", "away_after", "away_after_s"),
    ("rooms", "idle_timeout", "idle_timeout_s"),
    ("rooms", "ready_countdown", "ready_countdown_s"),
    ("rooms", "host_idle", "host_idle_s"),
    ("rooms", "abort_vote", "abort_vote_s"),
    ("rooms", "history", "history_s"),
    ("rooms", "history_frames", "history_s"),
    ("rooms", "hard_tolerance", "hard_tolerance_ticks"),
    ("rooms", "strict_timeout", "strict_timeout_s"),
    ("cleanup", "cleanup_delay", "cleanup_delay_s"),
    ("cleanup", "force_cleanup_delay", "force_cleanup_delay_s"),
    ("cleanup", "sweep_interval", "sweep_interval_s"),
    ("net", "handshake_timeout", "handshake_timeout_s"),
    ("net", "connection_timeout", "connection_timeout_s"),
    ("net", "keep_alive", "keep_alive_s"),
    ("net", "stall_timeout", "stall_timeout_s"),
];

/// Refuses a file that has a setting's old name.
pub(super) fn refuse_old_names(file: &Table) -> Result<(), ConfigError> {
    let has = |section: &str, name: &str| file.get(section).is_some_and(|section| section.get(name).is_some());
    match RENAMED.iter().find(|(section, old, _)| has(section, old)) {
        Some((section, old, new)) => Err(ConfigError::Renamed { section, old, new }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn an_old_name_is_refused_with_the_new_one_which_exists() {
        let known = Table::try_from(Settings::default()).expect("settings serialise");
        for (section, old, new) in RENAMED {
            let file = format!("[{section}]\n{old} = 1").parse().expect("TOML");
            let sentence = refuse_old_names(&file).expect_err("an old name").to_string();
            assert!(sentence.contains(&format!("`{new}`")), "{sentence}");
            assert!(known[section].get(new).is_some() && known[section].get(old).is_none(), "{new}");
        }
    }
}

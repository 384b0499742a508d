//! `[log]`: format, levels and file of the log.

use std::{collections::BTreeMap, path::PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Violation, catalogue::Ranges};

/// Settings of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// Format of log lines.
    pub format: LogFormat,
    /// The lowest level that is logged.
    pub level: LogLevel,
    /// File that lines are appended to. `None` means standard error.
    pub file: Option<PathBuf>,
    /// Size in bytes from which a new file begins, 10^4 to 10^12.
    pub file_bytes_max: u64,
    /// Age in hours from which a new file begins, 1 to 8760.
    pub file_age_max_h: u32,
    /// Number of full files that are kept, 1 to 1000. The oldest one is deleted.
    pub files_kept: u32,
    /// Days after which a full file is deleted, 1 to 3650: the log may have addresses of players.
    pub files_kept_days: u32,
    /// Levels of single modules of the server, by their names: `net`, `room::phase`.
    pub levels: BTreeMap<String, LogLevel>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            level: LogLevel::Info,
            file: None,
            file_bytes_max: 100_000_000,
            file_age_max_h: 168,
            files_kept: 10,
            files_kept_days: 30,
            levels: BTreeMap::new(),
        }
    }
}

/// Format of log lines.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Level of log lines. Lines of this level and of all higher ones are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing is logged.
    Off,
    /// Something is lost or does not work.
    Error,
    /// Somebody should look; nothing is lost.
    Warn,
    /// Changes of state.
    Info,
    /// Details, and what strangers do wrong.
    Debug,
    /// Everything, also of libraries.
    Trace,
}

impl LogLevel {
    /// All levels, the lowest last.
    const ALL: [Self; 6] = [Self::Off, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// Name of the level in a directive.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Modules of the server whose levels can be set.
const MODULES: [&str; 30] = [
    "address",
    "cleanup",
    "config",
    "control",
    "counters",
    "desync",
    "disk",
    "dispatch",
    "error_streak",
    "features",
    "fleet",
    "heartbeat",
    "histogram",
    "identity",
    "ingest",
    "key",
    "manager",
    "match_end",
    "net",
    "ops",
    "replay",
    "results",
    "room",
    "schedule",
    "server",
    "start",
    "store",
    "threads",
    "tick_load",
    "tick_loop",
];

impl LogSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("file_bytes_max", 1e4, 1e12),
        ("file_age_max_h", 1.0, 8760.0),
        ("files_kept", 1.0, 1000.0),
        ("files_kept_days", 1.0, 3650.0),
    ];

    /// These levels, with defaults for everything else.
    ///
    /// # Errors
    /// With a sentence, when they are no levels, or of no modules of the server.
    pub(crate) fn of_levels(level: &str, levels: &BTreeMap<String, String>) -> Result<Self, String> {
        let parse = |level: &str| {
            let found = LogLevel::ALL.into_iter().find(|known| known.name() == level);
            found.ok_or_else(|| {
                format!("`{level}` is no level: they are {}", LogLevel::ALL.map(LogLevel::name).join(", "))
            })
        };
        let of_modules = levels.iter().map(|(module, level)| Ok((module.clone(), parse(level)?)));
        let settings =
            Self { level: parse(level)?, levels: of_modules.collect::<Result<_, String>>()?, ..Self::default() };
        settings.check().map_err(|violation| violation.sentence)?;
        Ok(settings)
    }

    /// Checks that `levels` names modules of the server.
    pub(super) fn check(&self) -> Result<(), Violation> {
        let is_path = |name: &str| name.bytes().all(|letter| letter.is_ascii_lowercase() || b"_:".contains(&letter));
        let is_known = |name: &str| MODULES.contains(&name.split("::").next().unwrap_or(name));
        match self.levels.keys().find(|name| !is_path(name) || !is_known(name)) {
            Some(module) => {
                let modules = MODULES.join(", ");
                let sentence =
                    format!("`log.levels` names no module of the server with `{module}`: they are {modules}");
                Err(Violation::new(["log.levels"], sentence))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_of_the_server_has_its_level() {
        let library = include_str!("../lib.rs");
        let modules = library.lines().filter_map(|line| line.strip_suffix(';')?.split_once("mod "));
        for (_, module) in modules {
            assert!(MODULES.contains(&module), "{module}");
        }
    }

    #[test]
    fn a_misspelt_module_or_level_is_refused_with_those_that_there_are() {
        let check = |text: &str| toml::from_str::<LogSettings>(text).map(|settings| settings.check());
        assert!(matches!(check("levels = { net = \"debug\", \"room::phase\" = \"off\" }"), Ok(Ok(()))));
        let told = check("levels = { nte = \"debug\" }").expect("TOML").expect_err("no module").sentence;
        assert!(told.contains("`nte`") && told.contains("net, ops"), "{told}");
        assert!(check("levels = { \"net=trace,room\" = \"debug\" }").expect("TOML").is_err());
        let told = check("level = \"loud\"").expect_err("no level").to_string();
        assert!(told.contains("`loud`") && told.contains("`warn`"), "{told}");
    }

    #[test]
    fn levels_of_a_call_are_checked_as_those_of_the_settings() {
        let of = |level: &str, module: &str, of_module: &str| {
            let levels = BTreeMap::from([(module.to_owned(), of_module.to_owned())]);
            LogSettings::of_levels(level, &levels).map(|settings| (settings.level, settings.levels[module]))
        };
        assert_eq!(of("warn", "room::phase", "debug"), Ok((LogLevel::Warn, LogLevel::Debug)));
        assert!(of("loud", "net", "debug").is_err_and(|told| told.contains("off, error, warn")));
        assert!(of("warn", "nte", "debug").is_err() && of("warn", "net", "").is_err());
    }
}

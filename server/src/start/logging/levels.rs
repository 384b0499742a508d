//! Which lines are logged: one level, and levels of single modules. They change while the server runs.

use std::env;

use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::config::LogSettings;

/// The transport libraries log a line for every hostile datagram. Those are counted instead. The HTTP client would log the
/// webhook's URL, which is a secret.
const SILENT: [&str; 4] = ["renetcode=off", "renet=off", "ureq=off", "ureq_proto=off"];
/// Crate of the modules whose levels can be set.
const CRATE: &str = "framehouse_server";

/// The levels of the running log.
#[derive(Clone)]
pub(super) struct Levels(reload::Handle<EnvFilter, Registry>);

impl Levels {
    /// The levels of these settings, or of RUST_LOG, and the filter that applies them.
    ///
    /// # Errors
    /// With a sentence, when RUST_LOG is no list of levels.
    pub fn new(settings: &LogSettings) -> Result<(Self, reload::Layer<EnvFilter, Registry>), String> {
        let directives = rust_log().unwrap_or_else(|| directives(settings));
        let filter = filter(&directives).map_err(|error| format!("RUST_LOG is no list of levels: {error}"))?;
        let (layer, handle) = reload::Layer::new(filter);
        Ok((Self(handle), layer))
    }

    /// Replaces the levels by those of these settings. Returns them as text.
    ///
    /// # Errors
    /// With a sentence. The old levels stay.
    pub fn set_levels(&self, settings: &LogSettings) -> Result<String, String> {
        if rust_log().is_some() {
            return Err("the environment variable RUST_LOG decides them: start the server without it".to_owned());
        }
        let directives = directives(settings);
        let filter = filter(&directives).map_err(|error| error.to_string())?;
        self.0.reload(filter).map_err(|error| error.to_string())?;
        Ok(directives)
    }
}

/// What `RUST_LOG` says. An empty one says nothing.
pub(super) fn rust_log() -> Option<String> {
    env::var(EnvFilter::DEFAULT_ENV).ok().filter(|told| !told.trim().is_empty())
}

/// The settings as directives: `info,framehouse_server::net=debug`. A longer module wins over a shorter one.
fn directives(settings: &LogSettings) -> String {
    let of_module = settings.levels.iter().map(|(module, level)| format!("{CRATE}::{module}={}", level.name()));
    std::iter::once(settings.level.name().to_owned()).chain(of_module).collect::<Vec<_>>().join(",")
}

fn filter(directives: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    let silent = SILENT.map(|directive| directive.parse().expect("a valid directive"));
    Ok(silent.into_iter().fold(EnvFilter::try_new(directives)?, EnvFilter::add_directive))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_directives_that_are_understood() {
        let settings: LogSettings =
            toml::from_str("level = \"warn\"\nlevels = { \"room::phase\" = \"debug\", net = \"off\" }").expect("good");
        let told = directives(&settings);
        assert_eq!(told, "warn,framehouse_server::net=off,framehouse_server::room::phase=debug");
        let shown = filter(&told).expect("understood").to_string();
        for part in told.split(',').chain(SILENT) {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert_eq!(directives(&LogSettings::default()), "info");
    }
}

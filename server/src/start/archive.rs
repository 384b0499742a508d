//! The subcommand `archive`.

use super::{logging::Log, node::node_name, print::print, signals::stop_on_signals, wall_clock};
use crate::{
    config::Settings,
    store::archiver::{ArchiverOptions, archive},
};

/// Runs an archiver until SIGTERM or SIGINT.
///
/// # Errors
/// With a sentence, when there is no URL of Redis, or the database cannot be used.
pub(super) fn run(settings: &Settings) -> Result<(), String> {
    let Some(redis) = &settings.fleet.redis else {
        return Err("an archiver needs the Redis of a fleet: set --redis, or FRAMEHOUSE_REDIS".to_owned());
    };
    let _log = Log::start(settings, &node_name(&settings.server))?;
    let stop = stop_on_signals()?;
    let data_dir = settings.server.data_dir.clone();
    if settings.store.database.is_none() {
        // For the SQLite database.
        std::fs::create_dir_all(&data_dir).map_err(|error| format!("cannot make {}: {error}", data_dir.display()))?;
    }
    let options = ArchiverOptions {
        redis: redis.reveal().to_owned(),
        database: settings.store.database.as_ref().map(|url| url.reveal().to_owned()),
        data_dir,
        boards_unproven: settings.store.boards_unproven,
        message_days: settings.store.message_days,
        clock: wall_clock,
    };
    tracing::info!("the archiver runs");
    let (matches, messages) = archive(options, &stop).map_err(|error| error.to_string())?;
    print(format_args!("{matches} matches and {messages} messages are stored\n"))
}

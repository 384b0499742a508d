//! Logging to standard error.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Maximum number of log lines that wait to be written.
const LOG_LINES_MAX: usize = 10_000;

/// Starts logging. A thread of its own writes the lines, because standard error may be a pipe that nobody reads, and no
/// tick waits for that. Lines beyond [`LOG_LINES_MAX`] are dropped. Dropping the guard writes the remaining lines.
pub(super) fn start_logging(format: LogFormat) -> WorkerGuard {
    // The transport libraries log a line for every hostile datagram. Those are counted instead.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let silent = ["renetcode=off", "renet=off"].map(|directive| directive.parse().expect("a valid directive"));
    let filter = silent.into_iter().fold(filter, EnvFilter::add_directive);
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES_MAX).finish(io::stderr());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Pretty => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    guard
}

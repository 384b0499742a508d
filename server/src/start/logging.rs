//! Logging to standard error, by a thread of its own: standard error may be a pipe that nobody reads, and no tick waits
//! for that.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    env,
    io::{self, IsTerminal, Write},
    panic::{self, PanicHookInfo},
    thread,
};

use framehouse_shared::guarded::guarded;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Maximum number of log lines that wait to be written. Further ones are dropped.
const LOG_LINES_MAX: usize = 10_000;

/// Writes the remaining log lines when it is dropped, if that takes no time.
pub(super) struct LogGuard(Option<WorkerGuard>);

impl Drop for LogGuard {
    fn drop(&mut self) {
        // It prints to standard output when nobody reads standard error. If that is closed too, it panics.
        let guard = self.0.take();
        let _ = guarded(|| drop(guard));
    }
}

/// Starts logging. A panic is logged too, and not printed by the thread that panics.
pub(super) fn start_logging(format: LogFormat) -> LogGuard {
    // The transport libraries log a line for every hostile datagram. Those are counted instead. The HTTP client would log
    // the webhook's URL, which is a secret.
    let silent = ["renetcode=off", "renet=off", "ureq=off", "ureq_proto=off"]
        .map(|directive| directive.parse().expect("a valid directive"));
    let filter = silent.into_iter().fold(wanted(), EnvFilter::add_directive);
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES_MAX).finish(Quiet(io::stderr()));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal())
        .log_internal_errors(false);
    match format {
        LogFormat::Pretty => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    panic::set_hook(Box::new(log_panic));
    LogGuard(Some(guard))
}

/// What `RUST_LOG` says. An empty one says nothing.
fn wanted() -> EnvFilter {
    let told = env::var(EnvFilter::DEFAULT_ENV).ok().filter(|told| !told.trim().is_empty());
    told.and_then(|told| EnvFilter::try_new(told).ok()).unwrap_or_else(|| EnvFilter::new("info"))
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let what = info.payload_as_str().unwrap_or("something that is no text");
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    // With RUST_BACKTRACE only.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!("the thread {thread} panicked at {at}: {what}\n{backtrace}");
    } else {
        tracing::error!("the thread {thread} panicked at {at}: {what}");
    }
}

/// A stream whose errors are nobody's concern: they could only be told to the stream itself.
struct Quiet<W>(W);

impl<W: Write> Write for Quiet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.0.write(bytes).unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

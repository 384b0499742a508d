//! The log: formatted where something happens, written by a thread of its own. Standard error may be a pipe that nobody
//! reads, and a disk may be full; no tick waits for that.
//!
//! ```text
//! format.rs       lines as JSON, and text for people
//! levels.rs       which lines are logged; changed while the server runs
//! output.rs       standard error or a file, and what happens when neither takes a line
//! file.rs         a file that is put away when it is large or old
//! complaints.rs   what standard error is told about the file
//! ```

mod complaints;
mod file;
mod format;
mod levels;
mod output;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal},
    panic::{self, PanicHookInfo},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use framehouse_shared::guarded::guarded;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{Layer, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt};

use crate::config::{Environment, Flags, Layers, LogFormat, LogSettings, Settings};
use file::LogFile;
use format::{JsonLines, TextFields};
use levels::Levels;
use output::{Counted, Output};

/// Maximum number of log lines that wait to be written. Further ones are dropped and counted.
const LOG_LINES_MAX: usize = 10_000;
/// Version of this program, in every line.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The running log. Dropping it writes the remaining lines, if that takes no time.
pub(super) struct Log {
    guard: Option<WorkerGuard>,
    control: LogControl,
}

/// What can be changed in a running log.
#[derive(Clone)]
pub(super) struct LogControl {
    levels: Levels,
    /// Asks the thread that writes to open the file again.
    reopen: Arc<AtomicBool>,
    has_file: bool,
}

impl Drop for Log {
    fn drop(&mut self) {
        // It prints to standard output when nobody reads standard error. If that is closed too, it panics.
        let guard = self.guard.take();
        let _ = guarded(|| drop(guard));
    }
}

impl Log {
    /// Starts logging, as the server of this name. A panic is logged too, and not printed by the thread that panics.
    ///
    /// # Errors
    /// With a sentence, when RUST_LOG is no list of levels or the log file cannot be opened.
    pub fn start(settings: &Settings, node: &str) -> Result<Self, String> {
        let (levels, filter) = Levels::new(&settings.log)?;
        let reopen = Arc::new(AtomicBool::new(false));
        let file = settings.log.file.as_ref().map(|_| LogFile::open(&settings.log)).transpose()?;
        let (has_file, counted) = (file.is_some(), Counted::default());
        let output = Output::new(file, Arc::clone(&reopen), counted.clone());
        let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES_MAX).finish(output);
        counted.connect(writer.error_counter());
        let lines = fmt::layer()
            .with_writer(writer)
            .with_ansi(!has_file && io::stderr().is_terminal())
            .log_internal_errors(false);
        let lines = match settings.log.format {
            LogFormat::Pretty => lines.fmt_fields(TextFields).boxed(),
            LogFormat::Json => lines.event_format(JsonLines::new(node, process::id(), VERSION)).boxed(),
        };
        registry().with(filter).with(lines).init();
        panic::set_hook(Box::new(log_panic));
        tracing::info!("framehouse-server {VERSION} starts: node {node}, process {}", process::id());
        Ok(Self { guard: Some(guard), control: LogControl { levels, reopen, has_file } })
    }

    /// What can be changed while it runs.
    pub fn control(&self) -> LogControl {
        self.control.clone()
    }
}

impl LogControl {
    /// Opens the log file again, if there is one, because somebody else has put it away.
    pub fn reopen(&self) {
        if self.has_file {
            self.reopen.store(true, Relaxed);
            // This line makes the thread that writes look at the flag.
            tracing::info!("SIGHUP: the log file is opened again");
        }
    }

    /// Whether RUST_LOG decides the levels.
    pub fn are_levels_fixed(&self) -> bool {
        levels::rust_log().is_some()
    }

    /// Replaces the levels by those of these settings. Returns them as text.
    ///
    /// # Errors
    /// With a sentence, when RUST_LOG decides them. The old levels stay.
    pub fn set_levels(&self, settings: &LogSettings) -> Result<String, String> {
        self.levels.set_levels(settings)
    }

    /// Handles a SIGHUP of a program that reloads nothing else: opens the log file again, and reads the levels of the settings
    /// file again. Mistakes are logged, and the old levels stay.
    pub fn hang_up(&self, flags: &Flags) {
        self.reopen();
        let read = Layers::of(flags, &Environment::of_program()).settings();
        match read.and_then(|settings| self.set_levels(&settings.log)) {
            Ok(levels) => tracing::info!("SIGHUP: the log levels are {levels} now"),
            Err(sentence) => tracing::warn!("SIGHUP: the log levels stay as they are: {sentence}"),
        }
    }
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

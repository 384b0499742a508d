//! Where the log's thread writes: standard error or a file. Neither an error nor a full disk ends it or keeps it waiting;
//! lines that are lost are counted, and told as soon as lines can be written again.

use std::{
    io::{self, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use tracing_appender::non_blocking::ErrorCounter;

use super::{complaints::Complaints, file::LogFile};

/// Pause between two lines that tell of lost lines.
const LOST_PAUSE: Duration = Duration::from_secs(1);

/// Counter of lines that found no room in the queue. It is connected later, because the queue needs its output first.
#[derive(Clone, Default)]
pub(super) struct Counted(Arc<OnceLock<ErrorCounter>>);

impl Counted {
    /// Connects the counter of the queue.
    pub fn connect(&self, counter: ErrorCounter) {
        let _ = self.0.set(counter);
    }

    fn dropped(&self) -> usize {
        self.0.get().map_or(0, ErrorCounter::dropped_lines)
    }
}

/// Takes the lines of the log, one in each write. A write always succeeds.
pub(super) struct Output {
    to: Target,
    reopen: Arc<AtomicBool>,
    counted: Counted,
    /// Lines that could not be written.
    unwritten: usize,
    /// Lost lines that were told.
    told: usize,
    /// When they were told.
    told_at: Option<SystemTime>,
    complaints: Complaints,
}

enum Target {
    /// Errors of standard error are nobody's concern: they could only be told to standard error. A pipe may be closed,
    /// and a terminal may have hung up.
    Stderr(Box<dyn Write + Send>),
    File {
        file: LogFile,
        /// Standard error was told that lines cannot be written.
        is_failure_told: bool,
        /// Standard error was told that the file at the path cannot be opened, and lines go to the old one.
        is_old_told: bool,
    },
}

impl Output {
    /// Writes to this file, else to standard error.
    pub fn new(file: Option<LogFile>, reopen: Arc<AtomicBool>, counted: Counted) -> Self {
        let to = match file {
            Some(file) => Target::File { file, is_failure_told: false, is_old_told: false },
            None => Target::Stderr(Box::new(io::stderr())),
        };
        Self { to, reopen, counted, unwritten: 0, told: 0, told_at: None, complaints: Complaints::default() }
    }

    fn write_line(&mut self, line: &[u8], now: SystemTime) {
        let was_written = match &mut self.to {
            Target::Stderr(stderr) => {
                let _ = stderr.write_all(line);
                true
            }
            Target::File { file, is_failure_told, is_old_told } => {
                if self.reopen.swap(false, Relaxed) {
                    file.reopen();
                }
                let failure = file.write_line(line, now).err();
                self.complaints.note(is_failure_told, failure.as_ref(), now, |error| {
                    format!("cannot write to the log file {}: {error}; its lines are lost until it can", file.path())
                });
                self.complaints.note(is_old_told, file.reopen_error(), now, |error| {
                    let path = file.path();
                    format!("cannot open the log file {path} again: {error}; lines go to the old one until it can")
                });
                failure.is_none()
            }
        };
        self.unwritten += usize::from(!was_written);
        if was_written {
            self.tell_lost(now);
        }
    }

    /// Tells that lines are lost, at most once a second: this line goes through the queue too. If it finds no room, it
    /// counts, and a later line tells of it again.
    fn tell_lost(&mut self, now: SystemTime) {
        let lost = self.counted.dropped() + self.unwritten;
        let is_recent = |at| now.duration_since(at).is_ok_and(|ago| ago < LOST_PAUSE);
        if lost > self.told && !self.told_at.is_some_and(is_recent) {
            (self.told, self.told_at) = (lost, Some(now));
            tracing::error!(
                lines_lost = lost,
                "lines of this log are lost: they came too fast, or could not be written"
            );
        }
    }
}

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line, SystemTime::now());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Target::Stderr(stderr) = &mut self.to {
            let _ = stderr.flush();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use tracing_appender::non_blocking::NonBlockingBuilder;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// A stream that takes nothing until its sender is gone.
    struct Stuck(Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_found_no_room_are_told_with_the_next_line() {
        let (freed, stuck) = channel();
        let (queue, guard) = NonBlockingBuilder::default().buffered_lines_limit(2).finish(Stuck(stuck));
        for _ in 0..10 {
            queue.make_writer().write_all(b"a line\n").expect("it never fails");
        }
        let counted = Counted::default();
        counted.connect(queue.error_counter());
        let mut output = Output::new(None, Arc::default(), counted);
        output.to = Target::Stderr(Box::new(io::sink()));
        let dropped = output.counted.dropped();
        assert!((7..=8).contains(&dropped), "at most one is being written and two wait: {dropped}");
        let start = SystemTime::now();
        output.write_line(b"a line\n", start);
        assert_eq!(output.told, dropped);
        output.unwritten = 1;
        output.write_line(b"a line\n", start + LOST_PAUSE / 2);
        assert_eq!(output.told, dropped, "not more than a line a second tells of it");
        output.write_line(b"a line\n", start + LOST_PAUSE);
        assert_eq!(output.told, dropped + 1);
        drop(freed);
        drop(guard);
    }

    /// A stream that fails with this error of the system.
    struct Broken(i32);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(self.0))
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::Error::from_raw_os_error(self.0))
        }
    }

    #[test]
    fn a_hung_up_terminal_and_a_closed_pipe_are_nobodys_concern() {
        for error in [rustix::io::Errno::IO, rustix::io::Errno::PIPE, rustix::io::Errno::NOSPC] {
            let stream = Broken(error.raw_os_error());
            let mut output = Output::new(None, Arc::default(), Counted::default());
            output.to = Target::Stderr(Box::new(stream));
            output.write_all(b"a line\n").expect("it counts as written");
            output.flush().expect("it counts as written");
        }
    }
}

//! Where the log's thread writes: standard error or a file. Neither an error nor a full disk ends it or keeps it waiting;
//! lines that are lost are counted, and told as soon as lines can be written again.

use std::{
    io::{self, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::SystemTime,
};

use tracing_appender::non_blocking::ErrorCounter;

use super::{super::print::complain, file::LogFile};

/// Counter of lines that found no room in the queue. The queue exists later than what it writes to.
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
}

enum Target {
    /// Errors of standard error are nobody's concern: they could only be told to standard error. A pipe may be closed,
    /// and a terminal may have hung up.
    Stderr(Box<dyn Write + Send>),
    File {
        file: LogFile,
        is_failing: bool,
        /// Lines go to the old file, because the one at the path cannot be opened.
        is_old: bool,
    },
}

impl Output {
    /// Writes to this file, else to standard error.
    pub fn new(file: Option<LogFile>, reopen: Arc<AtomicBool>, counted: Counted) -> Self {
        let to = match file {
            Some(file) => Target::File { file, is_failing: false, is_old: false },
            None => Target::Stderr(Box::new(io::stderr())),
        };
        Self { to, reopen, counted, unwritten: 0, told: 0 }
    }

    fn write_line(&mut self, line: &[u8]) {
        let was_written = match &mut self.to {
            Target::Stderr(stderr) => {
                let _ = stderr.write_all(line);
                true
            }
            Target::File { file, is_failing, is_old } => {
                if self.reopen.swap(false, Relaxed) {
                    file.reopen();
                }
                let written = file.write_line(line, SystemTime::now());
                note_old_file(file, is_old);
                note_failure(file, is_failing, written.err())
            }
        };
        self.unwritten += usize::from(!was_written);
        if was_written {
            self.tell_lost();
        }
    }

    /// Tells that lines are lost. This line goes through the queue too: if it finds no room, it counts, and the next
    /// written line tells of it again.
    fn tell_lost(&mut self) {
        let lost = self.counted.dropped() + self.unwritten;
        if lost > self.told {
            self.told = lost;
            tracing::error!(
                lines_lost = lost,
                "lines of this log are lost: they came too fast, or could not be written"
            );
        }
    }
}

/// Says on standard error when a file fails, once until it works again. Returns whether the line was written.
fn note_failure(file: &LogFile, is_failing: &mut bool, error: Option<io::Error>) -> bool {
    let was_failing = std::mem::replace(is_failing, error.is_some());
    let Some(error) = error.filter(|_| !was_failing) else { return !*is_failing };
    let sentence = format!("cannot write to the log file {}: {error}; its lines are lost until it can", file.path());
    complain_aside(sentence);
    false
}

/// Says on standard error when the file at the path cannot be opened, once until it can.
fn note_old_file(file: &LogFile, is_old: &mut bool) {
    let error = file.reopen_error();
    let was_old = std::mem::replace(is_old, error.is_some());
    if let Some(error) = error.filter(|_| !was_old) {
        let path = file.path();
        complain_aside(format!("cannot open the log file {path} again: {error}; lines go to the old one until it can"));
    }
}

/// Standard error may be a pipe that nobody reads, and the next line may find room.
fn complain_aside(sentence: String) {
    let _ = thread::Builder::new().name("complaint".to_owned()).spawn(move || complain(&sentence));
}

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line);
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
        output.write_all(b"a line\n").expect("it never fails");
        assert_eq!(output.told, dropped);
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

//! Printing that cannot end the program: standard output and standard error may be closed, full, or read by nobody.

use std::{
    fmt::Display,
    io::{self, Write},
};

use framehouse_shared::text::Printable;

/// Prints to standard output. A reader that is gone, as after `| head`, wants no more and gets no more.
///
/// # Errors
/// With a sentence, when the text cannot be written.
pub(super) fn print(text: impl Display) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Prints each line to standard error, behind the program's name. A sentence may quote a file that a stranger wrote, so
/// what could steer a terminal is left out. If printing fails, nobody is there to be told.
pub(super) fn complain(sentence: &str) {
    let mut out = io::stderr().lock();
    for line in sentence.trim_end().lines() {
        let _ = writeln!(out, "framehouse-server: {}", Printable(line));
    }
}

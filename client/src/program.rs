//! What every program needs: printing that cannot end it, and an environment in which empty is as good as unset.

use std::{
    env,
    ffi::OsStr,
    fmt::Arguments,
    io::{self, Write},
};

use clap::{Command, builder::Resettable};

/// Prints a line to standard output, as `println!` does, but never panics: a reader that is gone, as after `| head`,
/// gets nothing more, and any other error is told on standard error.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::program::print_line(format_args!($($text)*)) };
}

/// Prints a line to standard error, as `eprintln!` does, but never panics.
#[macro_export]
macro_rules! complain {
    ($($text:tt)*) => { $crate::program::print_complaint(format_args!($($text)*)) };
}

/// Prints a line to standard output. Use [`say!`](crate::say).
pub fn print_line(line: Arguments<'_>) {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            print_complaint(format_args!("cannot write to standard output: {error}"));
        }
        _ => {}
    }
}

/// Prints a line to standard error. Use [`complain!`](crate::complain).
pub fn print_complaint(line: Arguments<'_>) {
    // If that fails, nobody is there to be told.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The same command line, on which an empty environment variable is as good as none.
pub fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    command.mut_args(|arg| if arg.get_env().is_some_and(is_empty) { arg.env(Resettable::Reset) } else { arg })
}

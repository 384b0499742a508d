//! Why the program has ended, other than by a normal stop.

use std::{fmt, process::ExitCode};

/// Why the program has ended, other than by a normal stop. Shown as the sentence on standard error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It did not start, for this reason.
    Start(String),
    /// It panicked while it started or stopped, outside of all ticks.
    Panic,
    /// The tick thread panicked. This number of results could not be written after that.
    TickPanic { results_lost: u64 },
    /// This number of results could not be written at the stop.
    ResultsLost(u64),
}

impl Failure {
    /// Kind of its alert.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Start(_) => "start_failed",
            Self::Panic => "start_panicked",
            Self::TickPanic { .. } => "tick_thread_panicked",
            Self::ResultsLost(_) => "results_lost",
        }
    }

    /// Sentence of its alert.
    pub fn notice(&self) -> String {
        match self {
            Self::Start(reason) => format!("the server does not start: {reason}"),
            Self::Panic | Self::TickPanic { .. } => format!("{self}; the log has the panic, report it"),
            Self::ResultsLost(_) => self.to_string(),
        }
    }

    /// What the program returns.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Start(_) | Self::ResultsLost(_) => ExitCode::FAILURE,
            Self::Panic | Self::TickPanic { .. } => ExitCode::from(101),
        }
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Start(reason)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(reason) => f.write_str(reason),
            Self::Panic => f.write_str("the server panicked while it started or stopped"),
            Self::TickPanic { results_lost: 0 } => f.write_str("the tick thread panicked, so the server ends"),
            Self::TickPanic { results_lost } => {
                write!(f, "the tick thread panicked, so the server ends, and {results_lost} results are lost")
            }
            Self::ResultsLost(number) => {
                write!(f, "{number} results could not be written before the stop and are lost: look at the disk")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_results_are_told_at_a_stop_and_after_a_panic() {
        let stop = Failure::ResultsLost(3);
        assert_eq!((stop.kind(), stop.exit_code()), ("results_lost", ExitCode::FAILURE));
        let panic = Failure::TickPanic { results_lost: 3 };
        assert_eq!((panic.kind(), panic.exit_code()), ("tick_thread_panicked", ExitCode::from(101)));
        for failure in [stop, panic] {
            assert!(failure.to_string().contains("3 results") && failure.notice().contains("lost"), "{failure}");
        }
        assert!(!Failure::TickPanic { results_lost: 0 }.notice().contains("lost"));
    }
}

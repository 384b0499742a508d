//! Command line of `door`.

use std::time::Duration;

use clap::{Parser, value_parser};

/// Starts a server in a network namespace of its own, lets ten rooms play on it, and lets strangers of 20 addresses attack it
/// in all ways at once, while an honest player of another address joins every second.
///
/// Ends with 1 and a sentence for each bound that does not hold: joins within a second (p99), frame intervals (p99) within
/// 10 % of before, 64 MB more memory at most, no honest player lost, and each attack refused.
///
/// The attackers share the machine with the server, so their rates are bounded, about 2,000 operations a second in all: 360
/// new connections, 500 bytes of slow request heads, 150 requests, 400 random datagrams, and pulses of 500 pings every 1.5 s.
/// They have the lowest priority.
#[derive(Clone, Debug, Parser)]
#[command(name = "door")]
pub struct Args {
    /// Seconds of attacks.
    #[arg(long, default_value_t = 60, value_parser = value_parser!(u64).range(5..=75))]
    seconds: u64,
    /// Seconds of calm before them, for comparison. Calm and attacks happen within one match of two minutes.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u64).range(3..=25))]
    calm: u64,
    /// Report times over their bound, but do not fail because of them: for machines that others use too.
    #[arg(long)]
    pub lenient_times: bool,
    /// Print one line of JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// This process is already in the network namespace.
    #[arg(long, hide = true)]
    pub inside: bool,
}

impl Args {
    /// Duration of the attacks.
    pub const fn seconds(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Duration of the calm time.
    pub const fn calm(&self) -> Duration {
        Duration::from_secs(self.calm)
    }
}

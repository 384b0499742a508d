//! The bots' command line.

use std::path::PathBuf;

use clap::Parser;
use framehouse_shared::net_sim::NetSimConfig;

/// Plays on a Framehouse server with many clients and reports what they measured.
///
/// Exits with status 1 and one sentence when a client failed or its state differed from the server's.
#[derive(Clone, Debug, Parser)]
#[command(name = "framehouse-bots", version)]
pub struct Args {
    /// The server's HTTP address.
    #[arg(long, env = "FRAMEHOUSE_SERVER", default_value = "http://127.0.0.1:7777")]
    pub server: String,
    /// Trust the certificate authorities in this PEM file, instead of the system's, for an https:// server.
    #[arg(long, env = "FRAMEHOUSE_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Send a token of this file to a server that needs one. Of several lines, each bot has the next one.
    #[arg(long, env = "FRAMEHOUSE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Number of rooms.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: u32,
    /// Number of bots that play in each room.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub players: u8,
    /// Seats in each room, if more than its bots: the rest stays free for people.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub seats: u8,
    /// Number of additional bots in each room that only watch.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=200))]
    pub spectators: u8,
    /// Make rooms in economy mode: inputs and frames are sent in every second tick.
    #[arg(long)]
    pub economy: bool,
    /// Run time in seconds, including the time to connect.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub seconds: u32,
    /// Run without simulation: allows more clients, compares no state hashes.
    #[arg(long)]
    pub thin: bool,
    /// Update each bot at most once in this many milliseconds, like a computer that is too slow.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub slow: u32,
    /// Simulate a bad network: lan, wifi, 4g, transatlantic or awful, and/or key=value,.. with delay, jitter, spread,
    /// loss, burst, reorder, dup, bunch.
    #[arg(long, value_name = "PRESET|KEY=VALUE,..")]
    pub net_sim: Option<NetSimConfig>,
    /// Seed of the bots and of the simulated network: the same seed repeats a run.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one line of JSON instead of a summary.
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// Bots in each room: players and spectators.
    pub const fn members(&self) -> u8 {
        self.players + self.spectators
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_documented_flags_are_understood() {
        let line = "framehouse-bots --server http://h:1 --ca ca.pem --token-file tokens --rooms 3 --players 2 --seats 6 --spectators 3 --seconds 5 --thin \
                    --net-sim delay=30,loss=0.01 --seed 9 --json --slow 50 --economy";
        let args = Args::try_parse_from(line.split_whitespace()).expect("documented");
        assert_eq!((args.members(), args.seats, args.slow, args.economy), (5, 6, 50, true));
        assert_eq!((args.rooms, args.players, args.net_sim.map(|sim| sim.delay_ms)), (3, 2, Some(30.0)));
        let error = Args::try_parse_from(["framehouse-bots", "--nonsense"]).expect_err("unknown");
        assert_eq!(error.exit_code(), 2);
        assert!(Args::try_parse_from(["framehouse-bots", "--net-sim", "bad"]).is_err());
    }
}

//! Command line of `store_load`.

use std::path::PathBuf;

use clap::{Parser, Subcommand, value_parser};

/// Loads the database of a server, or takes it away, and reports what players notice.
///
/// Ends with 1 and a sentence if a condition does not hold.
#[derive(Clone, Debug, Parser)]
#[command(name = "store_load")]
pub struct Args {
    /// What to measure.
    #[command(subcommand)]
    pub scenario: Scenario,
    /// Use a Postgres server that is started for the measurement, instead of SQLite.
    #[arg(long, global = true)]
    pub postgres: bool,
    /// Print one line of JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// The program of the server; by default the one beside this program.
    #[arg(long, global = true, hide = true)]
    pub server: Option<PathBuf>,
    /// Set in the namespace that `outage --full` makes.
    #[arg(long, hide = true)]
    pub inside: bool,
}

/// A scenario.
#[derive(Clone, Debug, Subcommand)]
pub enum Scenario {
    /// Results come in one second to an empty leaderboard, while everybody asks for it. Fails if one answer in a hundred
    /// takes longer than 50 ms, or an entry is not visible after 10 s.
    Storm(StormArgs),
    /// Fills a database with matches and asks for leaderboards, players and their matches. Fails if one answer in a hundred
    /// takes longer than 20 ms.
    Million(MillionArgs),
    /// Takes the database away while rooms play. Fails if a tick is late because of it, if no alert fires and ends, or if a
    /// result is lost or doubled.
    Outage(OutageArgs),
}

/// Arguments of `storm`.
#[derive(Clone, Debug, clap::Args)]
pub struct StormArgs {
    /// Results of four players each, submitted in one second.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=100_000))]
    pub results: u32,
    /// Requests for leaderboards a second.
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=20_000))]
    pub requests_per_s: u32,
    /// Rooms of four that play.
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=2000))]
    pub rooms: u32,
    /// Seconds of the calm windows before and after.
    #[arg(long, default_value_t = 15, value_parser = value_parser!(u32).range(1..=60))]
    pub calm: u32,
}

/// Arguments of `million`.
#[derive(Clone, Debug, clap::Args)]
pub struct MillionArgs {
    /// Matches of four players each, in the last 180 days.
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u32).range(1..=100_000_000))]
    pub matches: u32,
    /// Players. Some play much more than others.
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u32).range(4..=100_000_000))]
    pub players: u32,
    /// Questions of each kind.
    #[arg(long, default_value_t = 2000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub questions: u32,
    /// Questions a second.
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=20_000))]
    pub questions_per_s: u32,
    /// Keep everything in this folder. If it has matches, they are used as they are: say the same --matches and --players.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// URL of a Postgres database, which is filled, too.
    #[arg(long, value_name = "URL", conflicts_with = "postgres")]
    pub database: Option<String>,
}

/// Arguments of `outage`.
#[derive(Clone, Debug, clap::Args)]
pub struct OutageArgs {
    /// Rooms of four that play match after match.
    #[arg(long, default_value_t = 200, value_parser = value_parser!(u32).range(1..=2000))]
    pub rooms: u32,
    /// Seconds for which the database is away.
    #[arg(long, default_value_t = 120, value_parser = value_parser!(u32).range(1..=3600))]
    pub seconds: u32,
    /// Seconds of the calm windows before and after.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=600))]
    pub calm: u32,
    /// Length of a match in seconds.
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u32).range(10..=600))]
    pub match_s: u32,
    /// Fill the disk of the data folder, with results and SQLite on it, instead of stopping Postgres. Needs namespaces.
    #[arg(long, conflicts_with = "postgres")]
    pub full: bool,
}

//! Load of the database: what players and leaderboards cost, and what happens while the database is away. A real server, with
//! SQLite or a Postgres server that is started for the measurement (Debian's package `postgresql`).
//!
//! ```text
//! storm     10,000 results in a second to an empty leaderboard, and 1,000 requests a second for it
//! million   a million matches, and questions about them
//! outage    rooms play while the database is stopped, or the disk is full; then every result is looked for
//! ```
//!
//! Windows of time and their ticks are those of [`bursts`](crate::bursts).
//!
//! ```text
//! storm.rs, million.rs, outage.rs   the scenarios
//! storm_server.rs  a server that submits results as if their matches had ended
//! plausible.rs     results of matches that nobody has played
//! asker.rs         questions over HTTP at a steady pace
//! small_disk.rs    a disk that can be filled
//! ```

pub mod args;
pub mod asker;
mod million;
mod outage;
pub mod plausible;
mod small_disk;
mod storm;
mod storm_server;

use std::sync::{Arc, atomic::AtomicBool};

use args::{Args, Scenario};
use framehouse_harness::postgres::Postgres;

use crate::bursts::report::Report;
pub(crate) use storm_server::STORM_FILE;
pub use storm_server::{STORM_VARIABLE, run_server};

/// Runs a scenario. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if the scenario could not be run. Conditions that do not hold are in the report.
pub fn run(args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    match &args.scenario {
        Scenario::Storm(storm) => storm::run(storm, args, stop),
        Scenario::Million(million) => million::run(million, args, stop),
        Scenario::Outage(outage) => outage::run(outage, args, stop),
    }
}

/// The section `[store]` of a server's settings, with these lines in it.
fn store_settings(postgres: Option<&Postgres>, lines: &str) -> String {
    let url = postgres.map(|postgres| format!("database = \"{}\"\n", postgres.url("postgres")));
    format!("[store]\n{}{lines}", url.unwrap_or_default())
}

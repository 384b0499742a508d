//! What a fleet costs its players: rooms and seats through a gateway, and a deploy while they play. Real processes: Redis, two
//! gateways, a manager, three nodes.
//!
//! ```text
//! join     rooms that are created at a steady rate; players who all join at once; how evenly the nodes are filled
//! deploy   another build on all nodes while matches are played
//! ```

mod deploy;
mod join;

use std::sync::{Arc, atomic::AtomicBool};

use clap::{Parser, Subcommand, value_parser};

use crate::bursts::report::Report;

/// Measures a fleet of three nodes on this machine, and reports what players notice. Needs `redis-server`.
///
/// Ends with 1 and a sentence if a condition does not hold.
#[derive(Clone, Debug, Parser)]
#[command(name = "fleet_load")]
pub struct Args {
    /// What to measure.
    #[command(subcommand)]
    pub scenario: Scenario,
    /// Print one line of JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// A scenario.
#[derive(Clone, Debug, Subcommand)]
pub enum Scenario {
    /// Creates rooms through a gateway, then lets many players join at once. Fails if one answer in a hundred takes longer
    /// than 20 ms for a new room or 50 ms for a quick match, if anybody is refused, or if a node has more than 1.15 times as
    /// many players as the mean.
    Join(JoinArgs),
    /// Deploys another build while matches are played. Fails if a match is cut, or a result is lost or doubled.
    Deploy(DeployArgs),
}

/// Arguments of `join`.
#[derive(Clone, Debug, clap::Args)]
pub struct JoinArgs {
    /// Rooms created a second.
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=20_000))]
    pub per_s: u32,
    /// Seconds of creating.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// Players who press *Quick match* at the same moment, four times.
    #[arg(long, default_value_t = 500, value_parser = value_parser!(u32).range(1..=2000))]
    pub at_once: u32,
}

/// Arguments of `deploy`.
#[derive(Clone, Debug, clap::Args)]
pub struct DeployArgs {
    /// Rooms of two players.
    #[arg(long, default_value_t = 200, value_parser = value_parser!(u32).range(1..=500))]
    pub rooms: u32,
    /// Seconds for which the new build is on trial (`manager.trial_s`).
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=600))]
    pub trial: u32,
}

/// Runs a scenario. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if the scenario could not be run. Conditions that do not hold are in the report.
pub fn run(args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    match &args.scenario {
        Scenario::Join(join) => join::run(join),
        Scenario::Deploy(deploy) => deploy::run(deploy, stop),
    }
}

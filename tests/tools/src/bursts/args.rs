//! Command line of `bursts`.

use clap::{Parser, ValueEnum, value_parser};

/// A scenario of a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A thousand rooms end and are freed, beside 200 rooms that play on.
    Cleanup,
    /// 500 clients join within a second, beside 100 rooms that play on.
    Joins,
    /// 5,000 players ask within ten seconds at a server for 1,024, beside 50 rooms that play on.
    Queue,
    /// Rules and maps are reloaded ten times a second for a minute, beside 100 rooms that play on.
    Reloads,
    /// 200 matches begin at once, beside 100 that go on.
    Starts,
    /// Clients stop for a minute, while their rooms play on and send game messages.
    Slow,
}

/// Starts a server for each scenario and measures how a burst affects all other clients.
///
/// Ends with 1 and a sentence if a condition does not hold. Tick times include the waiting for other processes of the
/// machine:
/// compare them within one run only.
#[derive(Clone, Debug, Parser)]
#[command(name = "bursts")]
pub struct Args {
    /// Which scenario: cleanup, joins, queue, reloads, starts, slow, or all of them one after the other.
    #[arg(default_value = "all", value_parser = parse_scenarios)]
    scenarios: Scenarios,
    /// Rooms and clients, in per cent of the usual number. The number of clients that stop stays the same.
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=500))]
    pub percent: u32,
    /// Print a line of JSON for each scenario.
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// The selected scenarios.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios.0
    }
}

/// The size of a scenario, in per cent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub percent: u32,
}

impl Size {
    /// The scaled number, rounded to an even one.
    pub const fn of(self, usual: u32) -> u32 {
        2 * (usual * self.percent).div_ceil(200)
    }
}

/// One scenario, or all of them.
#[derive(Clone, Debug)]
struct Scenarios(Vec<Scenario>);

fn parse_scenarios(word: &str) -> Result<Scenarios, String> {
    match word {
        "all" => Ok(Scenarios(Scenario::value_variants().to_vec())),
        one => Scenario::from_str(one, false).map(|scenario| Scenarios(vec![scenario])),
    }
}

//! The command line of `bursts`.

use clap::{Parser, ValueEnum, value_parser};

/// What happens at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A thousand rooms end and are freed, beside 200 that play on.
    Cleanup,
    /// 500 clients join within a second, beside 100 rooms that play on.
    Joins,
    /// 200 matches begin, beside 100 that go on.
    Starts,
    /// Clients stop for a minute, and their rooms play and talk on.
    Slow,
}

/// Starts a server for each scenario and says what a burst does to everybody else on it.
///
/// Ends with 1 and a sentence when what must hold does not. Times of ticks are the server's own, and whoever else uses the
/// processor is in them: compare them within one run.
#[derive(Clone, Debug, Parser)]
#[command(name = "bursts")]
pub struct Args {
    /// Which scenario: cleanup, joins, starts, slow, or all of them one after the other.
    #[arg(default_value = "all", value_parser = parse_scenarios)]
    scenarios: Scenarios,
    /// Rooms and clients of a burst, and beside it, in per cent of the usual number; clients that stop are always the same.
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=500))]
    pub percent: u32,
    /// Print a line of JSON for each scenario.
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// The scenarios that are asked for.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios.0
    }
}

/// How large a scenario is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub percent: u32,
}

impl Size {
    /// So many of the usual number, and an even number of them.
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

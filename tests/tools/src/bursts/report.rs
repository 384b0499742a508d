//! Report of a scenario: a few lines of text, or one line of JSON.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::{
    crowd::Seen,
    timeline::{Window, quantiles},
};
use crate::load::{
    room::{tenth_ms, tenths_of_ms},
    status::Quantiles,
};

/// The most lines of the server's log that are shown.
const LOG_LINES_MAX: usize = 8;

/// The report of a scenario.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The scenario.
    pub scenario: &'static str,
    /// Its windows, in order.
    pub windows: Vec<Window>,
    /// Numbers of this scenario, by name.
    pub numbers: BTreeMap<String, f64>,
    /// Distributions of this scenario, by name, in milliseconds.
    pub spreads_ms: BTreeMap<String, Quantiles>,
    /// Conditions that do not hold, in sentences.
    pub failures: Vec<String>,
    /// Times that were too long while the machine was too busy to judge them, in sentences.
    pub doubts: Vec<String>,
    /// Number of warnings and errors in the server's log, and the first of them.
    pub logged: (usize, Vec<String>),
}

impl Report {
    /// A report from the server's pages and log, with the conditions of every scenario.
    pub(crate) fn new(scenario: &'static str, windows: Vec<Window>, mut log: Vec<String>, seen: &Seen) -> Self {
        let lines = log.len();
        log.truncate(LOG_LINES_MAX);
        let mut report = Self { scenario, windows, logged: (lines, log), ..Self::default() };
        report.check_clients(seen);
        report
    }

    /// Adds the factor by which the times between frames grew in a burst.
    pub(crate) fn note_frames(&mut self, who: &'static str, burst_name: &str, calm_name: &str) {
        let of = |window: &str| Some(*self.window(window)?.frames_ms.get(who)?);
        let Some((burst, calm)) = of(burst_name).zip(of(calm_name)) else { return };
        self.number(&format!("{burst_name}_to_{calm_name}_{who}_frames_p99"), burst.p99 / calm.p99);
        self.number(&format!("{burst_name}_to_{calm_name}_{who}_frames_max"), burst.max / calm.max);
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, name: &str, number: f64) {
        self.numbers.insert(name.to_owned(), (number * 1000.0).round() / 1000.0);
    }

    /// Adds durations.
    pub(crate) fn spread(&mut self, name: &str, durations: impl Iterator<Item = Duration>) {
        let mut spread = tenths_of_ms();
        durations.for_each(|duration| spread.record(tenth_ms(duration)));
        self.spreads_ms.insert(name.to_owned(), quantiles(&spread));
    }

    /// A window.
    pub(crate) fn window(&self, name: &str) -> Option<&Window> {
        self.windows.iter().find(|window| window.name == name)
    }

    const fn verdict(&self) -> &'static str {
        match (self.failures.is_empty(), self.doubts.is_empty()) {
            (true, true) => "holds",
            (true, false) => "holds, as far as so busy a machine can show",
            (false, _) => "FAILED",
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (ms: p50/p99/max)", self.scenario, self.verdict())?;
        self.windows.iter().try_for_each(|window| write_window(f, window))?;
        write!(f, " |")?;
        self.numbers.iter().try_for_each(|(name, number)| write!(f, " {name}={number}"))?;
        self.spreads_ms.iter().try_for_each(|(name, spread)| write!(f, " {name}={}", short(spread)))?;
        write!(f, " logged={}", self.logged.0)?;
        self.failures.iter().chain(&self.doubts).try_for_each(|sentence| write!(f, " | {sentence}"))
    }
}

fn write_window(f: &mut fmt::Formatter<'_>, window: &Window) -> fmt::Result {
    let Window { name, seconds, tick_ms, long_ticks, started_late_ms, cpu_us_per_tick, starved_pct, look_ms, .. } =
        window;
    let (tick, late, look) = (short(tick_ms), short(started_late_ms), short(look_ms));
    write!(
        f,
        " | {name} {seconds:.1}s tick={tick} long={long_ticks} late={late} cpu_us={cpu_us_per_tick:.0} starved={starved_pct:.0}%"
    )?;
    let mut frames = window.frames_ms.iter();
    frames.try_for_each(|(who, spread)| write!(f, " {who}_frames={}", short(spread)))?;
    write!(f, " look={look}")
}

fn short(spread: &Quantiles) -> String {
    format!("{:.1}/{:.1}/{:.1}", spread.p50, spread.p99, spread.max)
}

//! What a scenario came to: one line for people, or one line of JSON for tools.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::{
    crowd::Seen,
    player::Group,
    timeline::{Window, quantiles},
};
use crate::load::{
    room::{tenth_ms, tenths_of_ms},
    status::Quantiles,
};

/// How many times longer ticks may take in a burst than in the window that it is compared with.
const RATIO_MAX: f64 = 2.0;
/// Lines of the server's log that are shown.
const LOG_LINES_MAX: usize = 8;

/// The report of a scenario.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Which scenario.
    pub scenario: &'static str,
    /// Its windows, in order.
    pub windows: Vec<Window>,
    /// Numbers of this scenario, by name.
    pub numbers: BTreeMap<String, f64>,
    /// Spreads of this scenario, by name, in milliseconds.
    pub spreads_ms: BTreeMap<String, Quantiles>,
    /// What must hold and does not, in sentences.
    pub failures: Vec<String>,
    /// How many warnings and errors the server logged, and the first of them.
    pub logged: (usize, Vec<String>),
}

impl Report {
    /// A report of what the server's pages and log say, and of what must hold in every scenario.
    pub(super) fn new(scenario: &'static str, windows: Vec<Window>, mut log: Vec<String>, seen: &Seen) -> Self {
        let lines = log.len();
        log.truncate(LOG_LINES_MAX);
        let mut report = Self { scenario, windows, logged: (lines, log), ..Self::default() };
        let gaps: u64 = seen.diaries.iter().map(|diary| diary.event_gaps).sum();
        report.check(gaps == 0, || format!("{gaps} room events were missing or came twice"));
        let error = seen.diaries.iter().find_map(|diary| diary.errors.messages().first());
        report.check(error.is_none(), || format!("a client complains: {error:?}"));
        report
    }

    /// Notes a failure unless this holds.
    pub(super) fn check(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(sentence());
        }
    }

    /// Nobody of these groups has lost its place.
    pub(super) fn check_nobody_is_lost(&mut self, seen: &Seen, groups: &[Group]) {
        let lost = groups.iter().flat_map(|group| seen.of(*group)).find_map(|diary| diary.ended.as_ref());
        self.check(lost.is_none(), || format!("somebody lost its place: {lost:?}"));
    }

    /// Ticks of this window took less than a tick, and not much longer than those of another one.
    pub(super) fn check_ticks(&mut self, burst: &str, calm: &str, tick_rate: u16) {
        self.check_dropped(burst, "");
        self.check_dropped(calm, ": the machine is too busy for this to say much");
        let (Some(burst), Some(calm)) = (self.window(burst), self.window(calm)) else { return };
        let (name, p99, usual, budget) =
            (burst.name, burst.tick_ms.p99, calm.tick_ms.p99, 1000.0 / f64::from(tick_rate));
        let calm = calm.name;
        self.number(&format!("{name}_to_{calm}_tick_p99"), p99 / usual);
        self.check(p99 < budget, || format!("one tick in a hundred took {p99:.1} ms and more while {name}"));
        self.check(p99 <= RATIO_MAX * usual, || {
            format!("one tick in a hundred took {p99:.1} ms and more while {name}, and {usual:.1} while {calm}")
        });
    }

    fn check_dropped(&mut self, window: &str, comment: &str) {
        let dropped = self.window(window).map_or(0, |window| window.dropped_ticks);
        self.check(dropped == 0, || format!("{dropped} ticks were given up in `{window}`{comment}"));
    }

    /// Adds how many times longer frames took to come in a burst.
    pub(super) fn note_frames(&mut self, who: &'static str, burst: &str, calm: &str) {
        let of = |window: &str| Some(*self.window(window)?.frames_ms.get(who)?);
        let Some((burst, calm)) = of(burst).zip(of(calm)) else { return };
        self.number(&format!("{who}_frames_p99_ratio"), burst.p99 / calm.p99);
        self.number(&format!("{who}_frames_max_ratio"), burst.max / calm.max);
    }

    /// Adds a number.
    pub(super) fn number(&mut self, name: &str, number: f64) {
        self.numbers.insert(name.to_owned(), (number * 1000.0).round() / 1000.0);
    }

    /// Adds durations.
    pub(super) fn spread(&mut self, name: &str, durations: impl Iterator<Item = Duration>) {
        let mut spread = tenths_of_ms();
        durations.for_each(|duration| spread.record(tenth_ms(duration)));
        self.spreads_ms.insert(name.to_owned(), quantiles(&spread));
    }

    fn window(&self, name: &str) -> Option<&Window> {
        self.windows.iter().find(|window| window.name == name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.failures.is_empty() { "holds" } else { "FAILED" };
        write!(f, "{} {verdict} (ms: p50/p99/max)", self.scenario)?;
        self.windows.iter().try_for_each(|window| write_window(f, window))?;
        write!(f, " |")?;
        self.numbers.iter().try_for_each(|(name, number)| write!(f, " {name}={number}"))?;
        self.spreads_ms.iter().try_for_each(|(name, spread)| write!(f, " {name}={}", short(spread)))?;
        write!(f, " logged={}", self.logged.0)?;
        self.failures.iter().try_for_each(|sentence| write!(f, " | {sentence}"))
    }
}

fn write_window(f: &mut fmt::Formatter<'_>, window: &Window) -> fmt::Result {
    let Window { name, seconds, tick_ms, started_late_ms, cpu_us_per_tick, starved_pct, look_ms, .. } = window;
    let (tick, late, look) = (short(tick_ms), short(started_late_ms), short(look_ms));
    write!(f, " | {name} {seconds:.1}s tick={tick} late={late} cpu_us={cpu_us_per_tick:.0} starved={starved_pct:.0}%")?;
    let mut frames = window.frames_ms.iter();
    frames.try_for_each(|(who, spread)| write!(f, " {who}_frames={}", short(spread)))?;
    write!(f, " look={look}")
}

fn short(spread: &Quantiles) -> String {
    format!("{:.1}/{:.1}/{:.1}", spread.p50, spread.p99, spread.max)
}

//! Report: a table, or one line of JSON.

use std::{fmt, sync::PoisonError, sync::atomic::Ordering, time::Duration};

use serde::Serialize;

use super::{
    args::Args,
    attacks::Attack,
    joiners::Joins,
    rooms::{CALM, ROOMS, SIEGE},
    siege::Tally,
};
use crate::{
    bursts::{crowd::Seen, player::Group, timeline::quantiles},
    load::{
        room::{tenth_ms, tenths_of_ms},
        status::Quantiles,
    },
};

/// The most lines of the server's log that are shown.
const LOG_LINES_MAX: usize = 8;

/// What became of one attack.
#[derive(Clone, Debug, Serialize)]
pub struct AttackReport {
    /// Its name.
    pub name: &'static str,
    /// Steps.
    pub tried: u64,
    /// Steps that the server refused.
    pub refused: u64,
    /// What the attack has got.
    pub accepted: u64,
    /// The most that it may get.
    pub accepted_max: u64,
    /// What is counted as accepted.
    pub what: &'static str,
}

impl AttackReport {
    pub(super) fn new(attack: &Attack, tally: &Tally, seconds: f64) -> Self {
        Self {
            name: attack.name,
            tried: tally.tried.load(Ordering::Relaxed),
            refused: tally.refused.load(Ordering::Relaxed),
            accepted: tally.accepted.load(Ordering::Relaxed),
            accepted_max: (attack.accepted_max)(seconds),
            what: attack.what,
        }
    }
}

/// Result of a run. Times are in milliseconds; 1 MB is 2^20 bytes.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Report {
    pub seconds: u64,
    pub rooms: u8,
    /// Times between two arrivals of new frames at a player.
    pub frames_before_ms: Option<Quantiles>,
    pub frames_during_ms: Option<Quantiles>,
    /// Times between two updates of a player during the attacks: the precision of the times above.
    pub look_ms: Option<Quantiles>,
    /// Times over their bound are doubts, however quiet the machine is.
    pub lenient_times: bool,
    /// Share of the time in which the tick thread waited for a processor that others used, in per cent.
    pub starved_pct: f64,
    pub joins: u64,
    pub joins_failed: u64,
    /// Times from a request for a seat to the welcome.
    pub join_ms: Option<Quantiles>,
    pub rss_before_mb: f64,
    pub rss_max_mb: f64,
    pub attacks: Vec<AttackReport>,
    /// Number of warnings and errors in the server's log, and the first of them.
    pub logged: (usize, Vec<String>),
    /// Why joins failed.
    pub join_failures: Vec<String>,
    /// Bounds that do not hold, in sentences.
    pub failures: Vec<String>,
    /// Bounds that do not hold, but may because of the machine, in sentences.
    pub doubts: Vec<String>,
}

impl Report {
    pub(super) fn new(args: &Args, seen: &Seen, mut log: Vec<String>) -> Self {
        let (lines, frames) = (log.len(), |window| quantiles(&seen.frames(window, &[Group::Bystander])));
        log.truncate(LOG_LINES_MAX);
        Self {
            seconds: args.seconds().as_secs(),
            rooms: ROOMS,
            lenient_times: args.lenient_times,
            frames_before_ms: Some(frames(CALM)),
            frames_during_ms: Some(frames(SIEGE)),
            look_ms: Some(quantiles(&seen.loops(SIEGE))),
            logged: (lines, log),
            ..Self::default()
        }
    }

    pub(super) fn note_memory(&mut self, before_kb: u64, max_kb: u64) {
        let mb = |kb: u64| (kb as f64 / 1024.0 * 10.0).round() / 10.0;
        (self.rss_before_mb, self.rss_max_mb) = (mb(before_kb), mb(max_kb));
    }

    pub(super) fn note_joins(&mut self, joins: &Joins) {
        let times = joins.times.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = joins.failed.lock().unwrap_or_else(PoisonError::into_inner);
        (self.joins, self.joins_failed) = (times.len() as u64 + failed.count(), failed.count());
        self.join_failures = failed.messages().to_vec();
        self.join_ms = (!times.is_empty()).then(|| spread(&times));
    }
}

fn spread(times: &[Duration]) -> Quantiles {
    let mut spread = tenths_of_ms();
    times.iter().for_each(|time| spread.record(tenth_ms(*time)));
    quantiles(&spread)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, rooms, starved_pct, joins, joins_failed, rss_before_mb, rss_max_mb, .. } = self;
        writeln!(
            f,
            "frames    {} before, {} during (ms: p50/p99/max), {rooms} rooms",
            short(&self.frames_before_ms),
            short(&self.frames_during_ms)
        )?;
        writeln!(
            f,
            "joins     {joins} in {seconds} s, {joins_failed} failed; {} from request to welcome",
            short(&self.join_ms)
        )?;
        writeln!(f, "memory    {rss_before_mb:.1} MB before, {rss_max_mb:.1} MB at most")?;
        writeln!(
            f,
            "machine   tick thread starved {starved_pct:.1} %; {} from update to update",
            short(&self.look_ms)
        )?;
        writeln!(f, "log       {} warnings and errors", self.logged.0)?;
        writeln!(f, "{:<18} {:>8} {:>8} {:>8}     max", "attack", "tried", "refused", "accepted")?;
        for AttackReport { name, tried, refused, accepted, accepted_max, what } in &self.attacks {
            writeln!(f, "{name:<18} {tried:>8} {refused:>8} {accepted:>8} {accepted_max:>7}  {what}")?;
        }
        self.join_failures.iter().try_for_each(|sentence| writeln!(f, "join      {sentence}"))?;
        self.logged.1.iter().try_for_each(|line| writeln!(f, "logged    {line}"))?;
        self.doubts.iter().try_for_each(|sentence| writeln!(f, "doubt     {sentence}"))?;
        let verdict = match (self.failures.is_empty(), self.doubts.is_empty()) {
            (true, true) => "the door holds",
            (true, false) => "the door holds, as far as this machine can show",
            (false, _) => "the door does not hold",
        };
        write!(f, "verdict   {verdict}")
    }
}

fn short(spread: &Option<Quantiles>) -> String {
    spread.as_ref().map_or("none".to_owned(), |Quantiles { p50, p99, max, .. }| format!("{p50:.1}/{p99:.1}/{max:.1}"))
}

//! The bots' final report: one line of JSON for tools, a few lines for people.

use std::fmt;

use serde::Serialize;

use super::{args::Args, visibility::times};
use crate::stats::{ClientStats, Distribution, ErrorLog};

/// All measurements, added up.
#[derive(Clone, Debug)]
pub struct Totals {
    /// The clients' statistics.
    pub stats: ClientStats,
    /// Matches whose results all bots of the room saw.
    pub matches_finished: u64,
    /// Matches whose results the server has stored.
    pub results_saved: u64,
    /// Lost sessions that were resumed.
    pub reconnects: u64,
    /// Time from requesting a session to the welcome, in ms.
    pub connect_ms: Distribution,
    /// Time from a match's end until its result is visible on the leaderboards, in ms, for one match in ten.
    pub board_visible_ms: Distribution,
    /// Clients that got no seat or lost it, with their sentences.
    pub failed: ErrorLog,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            stats: ClientStats::default(),
            matches_finished: 0,
            results_saved: 0,
            reconnects: 0,
            connect_ms: Distribution::new(0, 100_000),
            board_visible_ms: times(),
            failed: ErrorLog::default(),
        }
    }
}

impl Totals {
    /// Counts a failed client.
    pub fn fail(&mut self, sentence: &str) {
        self.failed.note(sentence);
    }

    /// Adds another thread's totals.
    pub fn add(&mut self, other: &Self) {
        self.stats.add(&other.stats);
        self.matches_finished += other.matches_finished;
        self.results_saved += other.results_saved;
        self.reconnects += other.reconnects;
        self.connect_ms.add(&other.connect_ms);
        self.board_visible_ms.add(&other.board_visible_ms);
        self.failed.add(&other.failed);
    }
}

/// The report; its fields are a contract with tools. Bytes include 28 bytes of IP and UDP headers for every packet.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation, and the contract")]
pub struct Report {
    pub rooms: u32,
    pub clients: u32,
    pub seconds: u32,
    pub ticks_confirmed: u64,
    pub matches_finished: u64,
    pub desyncs: u64,
    pub resyncs: u64,
    pub rollback_ticks_p50: i64,
    pub rollback_ticks_p99: i64,
    pub late_inputs_pct: f64,
    pub replaced_inputs_pct: f64,
    pub rtt_ms_p50: f64,
    pub rtt_ms_p99: f64,
    pub margin_ms_p50: f64,
    pub margin_ms_p1: f64,
    pub lead_ticks_p50: f64,
    pub input_to_view_ms_p50: f64,
    pub input_to_view_ms_p99: f64,
    pub input_to_confirm_ms_p50: f64,
    pub input_to_confirm_ms_p99: f64,
    pub corrections_per_min: f64,
    pub largest_correction: f64,
    pub down_bytes_per_room_s: f64,
    pub up_bytes_per_room_s: f64,
    pub connect_ms_p50: i64,
    pub connect_ms_p99: i64,
    /// Missing if no result was looked for: without leaderboards, or before the first match has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board_visible_ms_p50: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board_visible_ms_p99: Option<i64>,
    pub errors: u64,
    pub event_gaps: u64,
    pub reconnects: u64,
    pub results_saved: u64,
    pub confirmed_lag_ticks_max: u32,
    pub failed_clients: u64,
    pub error_messages: Vec<String>,
}

impl Report {
    /// The report of a run.
    pub fn new(args: &Args, totals: &Totals) -> Self {
        let stats = &totals.stats;
        // Every member of a room is in its matches from start to end, and the players send inputs in them.
        let members = f64::from(args.members());
        let room_seconds = stats.playing_time.as_secs_f64() / members;
        let ticks_played = stats.ticks_confirmed as f64 * f64::from(args.players) / members;
        let per_cent = |count: u64| ratio(100.0 * count as f64, ticks_played);
        let visible = &totals.board_visible_ms;
        let visible_ms = |part| (visible.count() > 0).then(|| visible.quantile(part));
        let mut errors = totals.failed.clone();
        errors.add(&stats.errors);
        Self {
            rooms: args.rooms,
            clients: args.rooms * u32::from(args.members()),
            seconds: args.seconds,
            ticks_confirmed: stats.ticks_confirmed,
            matches_finished: totals.matches_finished,
            desyncs: stats.desyncs,
            resyncs: stats.resyncs,
            rollback_ticks_p50: stats.rollback_ticks.quantile(0.5),
            rollback_ticks_p99: stats.rollback_ticks.quantile(0.99),
            late_inputs_pct: per_cent(stats.late_inputs),
            replaced_inputs_pct: per_cent(stats.replaced_inputs),
            rtt_ms_p50: tenth(&stats.rtt_tenth_ms, 0.5),
            rtt_ms_p99: tenth(&stats.rtt_tenth_ms, 0.99),
            margin_ms_p50: stats.margin_quarter_ms.quantile(0.5) as f64 / 4.0,
            margin_ms_p1: stats.margin_quarter_ms.quantile(0.01) as f64 / 4.0,
            lead_ticks_p50: stats.lead_hundredth_ticks.quantile(0.5) as f64 / 100.0,
            input_to_view_ms_p50: tenth(&stats.input_to_view_tenth_ms, 0.5),
            input_to_view_ms_p99: tenth(&stats.input_to_view_tenth_ms, 0.99),
            input_to_confirm_ms_p50: tenth(&stats.input_to_confirm_tenth_ms, 0.5),
            input_to_confirm_ms_p99: tenth(&stats.input_to_confirm_tenth_ms, 0.99),
            corrections_per_min: ratio(60.0 * stats.corrections as f64, stats.playing_time.as_secs_f64()),
            largest_correction: ratio(f64::from(stats.largest_correction), 1.0),
            down_bytes_per_room_s: ratio(stats.playing_traffic.down_bytes as f64, room_seconds),
            up_bytes_per_room_s: ratio(stats.playing_traffic.up_bytes as f64, room_seconds),
            connect_ms_p50: totals.connect_ms.quantile(0.5),
            connect_ms_p99: totals.connect_ms.quantile(0.99),
            board_visible_ms_p50: visible_ms(0.5),
            board_visible_ms_p99: visible_ms(0.99),
            errors: errors.count(),
            event_gaps: stats.event_gaps,
            reconnects: totals.reconnects,
            results_saved: totals.results_saved,
            confirmed_lag_ticks_max: stats.confirmed_lag_ticks_max,
            failed_clients: totals.failed.count(),
            error_messages: errors.messages().to_vec(),
        }
    }

    /// One sentence about what went wrong; nothing if the run is good.
    pub fn failure(&self) -> Option<String> {
        let first = self.error_messages.first().map_or("", String::as_str);
        match (self.failed_clients, self.desyncs) {
            (0, 0) => None,
            (0, desyncs) => Some(format!("States differed from the server's {desyncs} times.")),
            (failed, 0) => Some(format!("{failed} of {} clients failed: {first}", self.clients)),
            (failed, desyncs) => Some(format!(
                "{failed} of {} clients failed ({first}) and states differed from the server's {desyncs} times.",
                self.clients
            )),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rooms, clients, seconds, ticks_confirmed, matches_finished, .. } = self;
        writeln!(
            f,
            "{clients} clients in {rooms} rooms for {seconds} s: {ticks_confirmed} ticks confirmed, {matches_finished} matches finished"
        )?;
        writeln!(
            f,
            "state     {} desyncs, {} resyncs, {} errors, {} clients failed",
            self.desyncs, self.resyncs, self.errors, self.failed_clients
        )?;
        writeln!(
            f,
            "sessions  {} reconnects, {} gaps in rooms' events; {} results stored",
            self.reconnects, self.event_gaps, self.results_saved
        )?;
        writeln!(
            f,
            "rollback  {} ticks (p50), {} (p99); confirmed at most {} ticks behind the room",
            self.rollback_ticks_p50, self.rollback_ticks_p99, self.confirmed_lag_ticks_max
        )?;
        writeln!(
            f,
            "inputs    {:.2} % late, {:.2} % made up; margin {:.1} ms (p50), {:.1} (p1); lead {:.1} ticks",
            self.late_inputs_pct, self.replaced_inputs_pct, self.margin_ms_p50, self.margin_ms_p1, self.lead_ticks_p50
        )?;
        writeln!(
            f,
            "player    sees an input after {:.0} ms (p50), {:.0} (p99), confirmed after {:.0} ms (p50), {:.0} (p99); {:.1} \
             corrections a minute, the largest {:.0}",
            self.input_to_view_ms_p50,
            self.input_to_view_ms_p99,
            self.input_to_confirm_ms_p50,
            self.input_to_confirm_ms_p99,
            self.corrections_per_min,
            self.largest_correction
        )?;
        writeln!(
            f,
            "network   round trip {:.1} ms (p50), {:.1} (p99); a room {:.2} KB/s down, {:.2} up",
            self.rtt_ms_p50,
            self.rtt_ms_p99,
            self.down_bytes_per_room_s / 1000.0,
            self.up_bytes_per_room_s / 1000.0
        )?;
        write!(f, "connect   {} ms (p50), {} (p99)", self.connect_ms_p50, self.connect_ms_p99)?;
        if let Some((p50, p99)) = self.board_visible_ms_p50.zip(self.board_visible_ms_p99) {
            write!(f, "\nboards    a result is visible {p50} ms after its match (p50), {p99} (p99)")?;
        }
        self.error_messages.iter().try_for_each(|message| write!(f, "\nerror     {message}"))
    }
}

/// A quantile of a distribution that counts in tenths.
fn tenth(distribution: &Distribution, part: f64) -> f64 {
    distribution.quantile(part) as f64 / 10.0
}

/// A quotient rounded to thousandths; 0 if `whole` is 0.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole * 1000.0).round() / 1000.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;

    #[test]
    fn the_json_has_every_field_of_the_contract() {
        let args = Args::parse_from(["framehouse-bots"]);
        let json = serde_json::to_value(Report::new(&args, &Totals::default())).expect("serialises");
        for field in [
            "rooms clients seconds ticks_confirmed matches_finished desyncs resyncs rollback_ticks_p50 rollback_ticks_p99",
            "late_inputs_pct replaced_inputs_pct rtt_ms_p50 rtt_ms_p99 margin_ms_p50 margin_ms_p1 lead_ticks_p50",
            "input_to_view_ms_p50 input_to_view_ms_p99 input_to_confirm_ms_p50 input_to_confirm_ms_p99",
            "corrections_per_min largest_correction",
            "down_bytes_per_room_s up_bytes_per_room_s connect_ms_p50 connect_ms_p99 errors confirmed_lag_ticks_max",
            "event_gaps reconnects results_saved failed_clients",
        ]
        .iter()
        .flat_map(|fields| fields.split_whitespace())
        {
            assert!(json[field].is_number(), "{field} is missing");
        }
        assert!(json["error_messages"].is_array());
    }

    #[test]
    fn boards_are_reported_only_where_there_are_some() {
        let args = Args::parse_from(["framehouse-bots"]);
        let mut totals = Totals::default();
        let json = |totals: &Totals| serde_json::to_value(Report::new(&args, totals)).expect("serialises");
        assert_eq!(json(&totals).get("board_visible_ms_p50"), None);
        totals.board_visible_ms.record(120);
        assert_eq!(json(&totals)["board_visible_ms_p99"], 120);
    }

    #[test]
    fn spectators_have_a_share_in_bytes_but_not_in_inputs() {
        let args = Args::parse_from(["framehouse-bots", "--rooms", "1", "--players", "2", "--spectators", "2"]);
        let mut totals = Totals::default();
        totals.stats.playing_time = Duration::from_secs(4 * 10);
        totals.stats.playing_traffic.down_bytes = 50_000;
        totals.stats.ticks_confirmed = 4 * 300;
        totals.stats.late_inputs = 6;
        let report = Report::new(&args, &totals);
        assert_eq!((report.clients, report.down_bytes_per_room_s, report.late_inputs_pct), (4, 5000.0, 1.0));
    }

    #[test]
    fn a_failure_is_a_sentence() {
        let args = Args::parse_from(["framehouse-bots", "--rooms", "1"]);
        let mut totals = Totals::default();
        assert_eq!(Report::new(&args, &totals).failure(), None);
        totals.fail("The room is full.");
        let sentence = Report::new(&args, &totals).failure().expect("a client failed");
        assert_eq!(sentence, "1 of 4 clients failed: The room is full.");
        totals.stats.desyncs = 2;
        assert!(Report::new(&args, &totals).failure().expect("worse").contains("differed"));
    }
}

//! Statistics that a client measures about itself, for the net graph, the bots' report and tests.

use std::{collections::VecDeque, time::Duration};

use framehouse_shared::{ids::MatchId, text::Printable};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::net::Traffic;

/// Maximum number of different error sentences that are kept.
pub const ERROR_MESSAGES_MAX: usize = 8;
/// Maximum number of matches whose saved results are remembered; the oldest are dropped first.
pub const RESULTS_SAVED_MAX: usize = 1000;

/// Distribution of integers over a range, with a resolution of about one per cent.
#[derive(Clone, Debug)]
pub struct Distribution {
    histogram: Histogram<u32>,
    low: i64,
    last: Option<i64>,
}

impl Distribution {
    /// A distribution over `low` to `high`; numbers outside count as the nearer limit.
    ///
    /// # Panics
    /// May panic when `high` is less than `low`.
    pub fn new(low: i64, high: i64) -> Self {
        let width = (high - low + 1) as u64;
        let histogram = Histogram::new_with_bounds(1, width.max(2), 2).expect("a range of at least two");
        Self { histogram, low, last: None }
    }

    /// Counts a number.
    pub fn record(&mut self, number: i64) {
        self.record_many(number, 1);
    }

    /// Counts a number many times.
    pub fn record_many(&mut self, number: i64, count: u32) {
        let place = number.saturating_sub(self.low).saturating_add(1).max(1);
        self.histogram.saturating_record_n(place as u64, count);
        self.last = Some(number);
    }

    /// The counted numbers, to within the resolution, with how often each was counted.
    pub fn counts(&self) -> impl Iterator<Item = (i64, u32)> {
        let number = |place: u64| place as i64 - 1 + self.low;
        self.histogram.iter_recorded().map(move |at| (number(at.value_iterated_to()), at.count_at_value()))
    }

    /// The number that was counted last.
    pub const fn last(&self) -> Option<i64> {
        self.last
    }

    /// The number below which this fraction (0 to 1) of all numbers lies; 0 if there are none.
    pub fn quantile(&self, part: f64) -> i64 {
        if self.histogram.is_empty() { 0 } else { self.histogram.value_at_quantile(part) as i64 - 1 + self.low }
    }

    /// Adds another distribution over the same range.
    pub fn add(&mut self, other: &Self) {
        // The range is a constant of the program, so a difference is a bug that would lose numbers in every run.
        assert_eq!(self.low, other.low, "distributions over different ranges");
        self.histogram.add(&other.histogram).expect("the ranges are the same");
    }

    /// Number of counted numbers.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }
}

/// Errors: their number, and the first few different sentences.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ErrorLog {
    count: u64,
    messages: Vec<String>,
}

impl ErrorLog {
    /// Counts an error and keeps its sentence if it is new and there is room. A sentence of a server is printed later:
    /// what could steer a terminal is [escaped](Printable).
    pub fn note(&mut self, message: impl AsRef<str>) {
        self.count += 1;
        self.keep(Printable(message.as_ref()).to_string());
    }

    /// Adds another log.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        other.messages.iter().for_each(|message| self.keep(message.clone()));
    }

    /// Number of errors.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sentences.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    fn keep(&mut self, message: String) {
        if self.messages.len() < ERROR_MESSAGES_MAX && !self.messages.contains(&message) {
            self.messages.push(message);
        }
    }
}

/// Statistics of one client since its start.
#[derive(Clone, Debug)]
pub struct ClientStats {
    /// Faults of the server, for example messages that no server of this version sends, or gaps in the room's events.
    pub errors: ErrorLog,
    /// Number of missing or repeated room events; each is also an error.
    pub event_gaps: u64,
    /// The newest matches whose results the server has stored, each once.
    pub results_saved: VecDeque<MatchId>,
    /// Number of times that this client's state came to differ from the server's.
    pub desyncs: u64,
    /// Number of times that the state was replaced in the middle of a match.
    pub resyncs: u64,
    /// Number of matches whose results this client saw.
    pub matches_seen: u64,
    /// Number of confirmed frames.
    pub ticks_confirmed: u64,
    /// Undone ticks of each rollback.
    pub rollback_ticks: Distribution,
    /// Round-trip times of pings, in 0.1 ms.
    pub rtt_tenth_ms: Distribution,
    /// Margins: how long before their tick closed inputs arrived, as the server reports, in 0.25 ms.
    pub margin_quarter_ms: Distribution,
    /// Lead of the inputs over the room, in 0.01 tick.
    pub lead_hundredth_ticks: Distribution,
    /// Time from making an input to the update whose predicted state first holds its tick, in 0.1 ms: the input delay
    /// and the rest of an update. Drawing and the screen add to it.
    pub input_to_view_tenth_ms: Distribution,
    /// Time from making an input to the confirmation of its tick, in 0.1 ms: the server's frame of that tick and all
    /// before it have arrived. The frame may hold another input: see [`replaced_inputs`](Self::replaced_inputs).
    pub input_to_confirm_tenth_ms: Distribution,
    /// Number of rollbacks that moved an object on the screen by at least the distance that the game calls noticeable.
    pub corrections: u64,
    /// The largest distance that a rollback moved an object, in the game's units.
    pub largest_correction: f32,
    /// Number of inputs that arrived too late, as the server reports.
    pub late_inputs: u64,
    /// Number of ticks for which the server replaced a missing input.
    pub replaced_inputs: u64,
    /// Network traffic while matches were played.
    pub playing_traffic: Traffic,
    /// Total time of matches played.
    pub playing_time: Duration,
    /// The largest lag of confirmation behind the room in the Playing phase, in ticks, after the first second.
    pub confirmed_lag_ticks_max: u32,
}

impl Default for ClientStats {
    fn default() -> Self {
        Self {
            errors: ErrorLog::default(),
            event_gaps: 0,
            results_saved: VecDeque::new(),
            desyncs: 0,
            resyncs: 0,
            matches_seen: 0,
            ticks_confirmed: 0,
            rollback_ticks: Distribution::new(0, 255),
            rtt_tenth_ms: Distribution::new(0, 100_000),
            margin_quarter_ms: Distribution::new(-400, 10_000),
            lead_hundredth_ticks: Distribution::new(0, 10_000),
            input_to_view_tenth_ms: Distribution::new(0, 100_000),
            input_to_confirm_tenth_ms: Distribution::new(0, 100_000),
            corrections: 0,
            largest_correction: 0.0,
            late_inputs: 0,
            replaced_inputs: 0,
            playing_traffic: Traffic::default(),
            playing_time: Duration::ZERO,
            confirmed_lag_ticks_max: 0,
        }
    }
}

impl ClientStats {
    /// Notes that the result of a match is stored.
    pub fn note_result(&mut self, match_id: MatchId) {
        if self.results_saved.contains(&match_id) {
            return;
        }
        if self.results_saved.len() == RESULTS_SAVED_MAX {
            self.results_saved.pop_front();
        }
        self.results_saved.push_back(match_id);
    }

    /// Adds another client's statistics; for lag and correction the larger value counts.
    pub fn add(&mut self, other: &Self) {
        self.errors.add(&other.errors);
        self.event_gaps += other.event_gaps;
        other.results_saved.iter().for_each(|result| self.note_result(*result));
        self.desyncs += other.desyncs;
        self.resyncs += other.resyncs;
        self.matches_seen += other.matches_seen;
        self.ticks_confirmed += other.ticks_confirmed;
        self.rollback_ticks.add(&other.rollback_ticks);
        self.rtt_tenth_ms.add(&other.rtt_tenth_ms);
        self.margin_quarter_ms.add(&other.margin_quarter_ms);
        self.lead_hundredth_ticks.add(&other.lead_hundredth_ticks);
        self.input_to_view_tenth_ms.add(&other.input_to_view_tenth_ms);
        self.input_to_confirm_tenth_ms.add(&other.input_to_confirm_tenth_ms);
        self.corrections += other.corrections;
        self.largest_correction = self.largest_correction.max(other.largest_correction);
        self.late_inputs += other.late_inputs;
        self.replaced_inputs += other.replaced_inputs;
        self.playing_traffic += other.playing_traffic;
        self.playing_time += other.playing_time;
        self.confirmed_lag_ticks_max = self.confirmed_lag_ticks_max.max(other.confirmed_lag_ticks_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_takes_negative_numbers_and_bounds() {
        let mut distribution = Distribution::new(-100, 1000);
        assert_eq!(distribution.quantile(0.5), 0);
        for number in [-500, -100, -3, 5, 2000] {
            distribution.record(number);
        }
        assert_eq!(distribution.quantile(0.0), -100);
        assert_eq!(distribution.quantile(0.5), -3);
        assert!((distribution.quantile(1.0) - 1000).abs() < 12);
        let mut sum = Distribution::new(-100, 1000);
        sum.add(&distribution);
        assert_eq!(sum.count(), 5);
        let mut copy = Distribution::new(-100, 1000);
        sum.counts().for_each(|(number, count)| copy.record_many(number, count));
        assert_eq!(copy.counts().collect::<Vec<_>>(), sum.counts().collect::<Vec<_>>());
        assert_eq!((copy.count(), copy.quantile(0.5)), (5, -3));
    }

    #[test]
    fn a_saved_result_is_remembered_once_and_the_newest_stay() {
        let mut stats = ClientStats::default();
        (0..2000).for_each(|n| stats.note_result(MatchId(n / 2)));
        let mut sum = stats.clone();
        sum.add(&stats);
        assert_eq!(sum.results_saved.len(), RESULTS_SAVED_MAX);
        sum.note_result(MatchId(5000));
        assert_eq!((sum.results_saved.len(), sum.results_saved.front()), (RESULTS_SAVED_MAX, Some(&MatchId(1))));
    }

    #[test]
    fn an_error_log_keeps_few_and_different_sentences() {
        let mut log = ErrorLog::default();
        for n in 0..100 {
            log.note(format!("error {}", n % 20));
        }
        assert_eq!((log.count(), log.messages().len()), (100, ERROR_MESSAGES_MAX));
    }
}

//! All matches start at the same moment.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{Span, rounded};
use crate::load::status::Ticks;

/// Readings around the start.
pub(in crate::load) struct Together {
    pub span: Span,
    pub all_play_after: Duration,
}

/// How long the start of all matches took, and what it did to the ticks.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TogetherReport {
    pub all_play_after_s: f64,
    pub longest_tick_ms: f64,
    pub latest_start_ms: f64,
    pub late_ticks: u64,
    pub dropped_ticks: u64,
}

impl TogetherReport {
    pub(super) fn new(together: &Together) -> Self {
        let Together { span: Span { before, after }, all_play_after } = together;
        let ticks = Ticks::between(before, after);
        Self {
            all_play_after_s: rounded(all_play_after.as_secs_f64()),
            longest_tick_ms: ticks.took.max,
            latest_start_ms: ticks.started_late.max,
            late_ticks: ticks.late,
            dropped_ticks: ticks.dropped,
        }
    }
}

impl fmt::Display for TogetherReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "together  all matches ran {:.1} s after everybody was ready; longest tick {:.2} ms, latest start {:.2} ms; \
             {} ticks took longer than a tick, {} were given up",
            self.all_play_after_s, self.longest_tick_ms, self.latest_start_ms, self.late_ticks, self.dropped_ticks
        )
    }
}

//! Metrics and pages that are loaded once a second.

use std::fmt;

use framehouse_shared::api::Status;
use serde::Serialize;

use super::Span;
use crate::load::status::{Quantiles, Ticks};

/// The ticks of both halves of the measurement, in milliseconds: without and with an operator who watches.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct WatchedReport {
    pub calm_tick_ms: Quantiles,
    pub calm_tick_start_ms: Quantiles,
    pub tick_ms: Quantiles,
    pub tick_start_ms: Quantiles,
}

impl WatchedReport {
    /// `begin` is the reading at the begin of the measurement, `span` is its second half.
    pub(super) fn new(begin: &Status, Span { before, after }: &Span) -> Self {
        let (calm, watched) = (Ticks::between(begin, before), Ticks::between(before, after));
        Self {
            calm_tick_ms: calm.took,
            calm_tick_start_ms: calm.started_late,
            tick_ms: watched.took,
            tick_start_ms: watched.started_late,
        }
    }
}

impl fmt::Display for WatchedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |name, calm: Quantiles, watched: Quantiles| {
            format!(
                "{name} {:.2} -> {:.2} ms (p50), {:.2} -> {:.2} (p99), {:.2} -> {:.2} (max)",
                calm.p50, watched.p50, calm.p99, watched.p99, calm.max, watched.max
            )
        };
        let took = pair("tick took", self.calm_tick_ms, self.tick_ms);
        let late = pair("started late", self.calm_tick_start_ms, self.tick_start_ms);
        write!(f, "watched   {took}; {late}")
    }
}

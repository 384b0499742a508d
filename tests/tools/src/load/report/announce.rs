//! A message to all rooms at the same moment.

use std::fmt;

use serde::Serialize;

use super::Span;
use crate::load::{args::Args, drive::Driven, status::Ticks};

/// When the clients had the announcement, and what it did to the ticks.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AnnounceReport {
    pub clients: u32,
    pub received: u64,
    pub ms_p50: f64,
    pub ms_p99: f64,
    pub ms_last: f64,
    pub longest_tick_ms: f64,
    pub latest_start_ms: f64,
}

impl AnnounceReport {
    pub(super) fn new(args: &Args, Span { before, after }: &Span, driven: &Driven) -> Self {
        let ticks = Ticks::between(before, after);
        let ms = |part| driven.announced_tenth_ms.quantile(part) as f64 / 10.0;
        Self {
            clients: args.clients(),
            received: driven.announced_tenth_ms.count(),
            ms_p50: ms(0.5),
            ms_p99: ms(0.99),
            ms_last: ms(1.0),
            longest_tick_ms: ticks.took.max,
            latest_start_ms: ticks.started_late.max,
        }
    }
}

impl fmt::Display for AnnounceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "announce  {} of {} clients had it: {:.1} ms (p50), {:.1} (p99), {:.1} (last); longest tick {:.2} ms, latest \
             start {:.2} ms",
            self.received,
            self.clients,
            self.ms_p50,
            self.ms_p99,
            self.ms_last,
            self.longest_tick_ms,
            self.latest_start_ms
        )
    }
}

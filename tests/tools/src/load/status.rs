//! Differences between two readings of the server's status page.

use std::collections::BTreeMap;

use framehouse_shared::api::{ErrorStatus, HistogramUs, Status};
use serde::Serialize;

/// Datagrams that the server dropped between two readings, by reason, in sentences.
pub fn dropped_between(before: &Status, after: &Status) -> impl Iterator<Item = String> {
    after.dropped_datagrams.iter().filter_map(|(why, now)| {
        let count = now.saturating_sub(*before.dropped_datagrams.get(why).unwrap_or(&0));
        (count > 0).then(|| format!("the server dropped {count} datagrams ({why})"))
    })
}

/// Errors between two readings, without desyncs.
pub const fn errors_between(before: &ErrorStatus, after: &ErrorStatus) -> u64 {
    const fn count(errors: &ErrorStatus) -> u64 {
        errors.network + errors.invalid_input + errors.rooms_faulted
    }
    count(after).saturating_sub(count(before))
}

/// The ticks between two readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ticks {
    /// How many there were.
    pub count: u64,
    /// How long they took.
    pub took: Quantiles,
    /// How late they started.
    pub started_late: Quantiles,
    /// Those that took longer than a tick.
    pub late: u64,
    /// Those that were given up.
    pub dropped: u64,
}

impl Ticks {
    /// The ticks between two readings.
    pub fn between(before: &Status, after: &Status) -> Self {
        let took = DurationHistogram::between(&before.tick_us_all, &after.tick_us_all);
        let started_late = DurationHistogram::between(&before.tick_start_us, &after.tick_start_us);
        Self {
            count: took.longer_than(0),
            took: took.quantiles(),
            started_late: started_late.quantiles(),
            late: took.longer_than(1_000_000 / u64::from(after.tick_rate.max(1))),
            dropped: after.dropped_ticks - before.dropped_ticks,
        }
    }
}

/// A histogram of durations: the upper bound of each bucket, and its count.
#[derive(Clone, Debug, Default)]
pub struct DurationHistogram {
    /// In order of size.
    pub buckets: Vec<(u64, u64)>,
}

/// Milliseconds, rounded up by at most about 5 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Quantiles {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl DurationHistogram {
    /// The durations between two readings.
    pub fn between(before: &HistogramUs, after: &HistogramUs) -> Self {
        let of = |reading: &HistogramUs| Self { buckets: reading.buckets.clone() };
        of(after).since(&of(before))
    }

    /// The durations that were counted after `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let before: BTreeMap<u64, u64> = earlier.buckets.iter().copied().collect();
        let rest = |(upper, count): &(u64, u64)| (*upper, count.saturating_sub(*before.get(upper).unwrap_or(&0)));
        Self { buckets: self.buckets.iter().map(rest).filter(|(_, count)| *count > 0).collect() }
    }

    /// The number of durations above a limit.
    pub fn longer_than(&self, us: u64) -> u64 {
        self.buckets.iter().filter(|(upper, _)| *upper > us).map(|(_, count)| count).sum()
    }

    /// Percentiles of the durations.
    pub fn quantiles(&self) -> Quantiles {
        let total: u64 = self.buckets.iter().map(|(_, count)| count).sum();
        let at = |part: f64| {
            let rank = (total as f64 * part).ceil() as u64;
            let mut counted = 0;
            let bucket = self.buckets.iter().find(|(_, count)| {
                counted += count;
                counted >= rank
            });
            bucket.map_or(0.0, |(upper, _)| *upper as f64 / 1000.0)
        };
        Quantiles { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1.0) }
    }
}

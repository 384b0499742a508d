//! Readings of the server's status page, and what lies between two of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is read of `/v1/status`; everything but the phases counts since the server's start.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the page")]
pub struct Status {
    pub uptime_s: f64,
    pub tick: u64,
    pub tick_rate: u16,
    pub tick_us_all: Spread,
    pub tick_start_us: Spread,
    pub dropped_ticks: u64,
    pub cpu_us_by_stage: BTreeMap<String, u64>,
    pub cpu_us_total: u64,
    pub rooms_ticks: u64,
    pub rooms_by_phase: Phases,
    pub players: u32,
    pub sessions: u32,
    pub cleanup: Cleanup,
    pub room_messages_in: u64,
    pub room_messages_out: u64,
    pub packets_in: u64,
    pub packets_out: u64,
    pub kicked: u64,
    pub errors: Errors,
    pub dropped_datagrams: BTreeMap<String, u64>,
}

impl Status {
    /// What the server dropped since `earlier` and why, in sentences.
    pub fn dropped_since(&self, earlier: &Self) -> impl Iterator<Item = String> {
        self.dropped_datagrams.iter().filter_map(|(why, now)| {
            let count = now.saturating_sub(*earlier.dropped_datagrams.get(why).unwrap_or(&0));
            (count > 0).then(|| format!("the server dropped {count} datagrams ({why})"))
        })
    }
}

/// How many rooms are where in their life.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the page")]
pub struct Phases {
    pub playing: u32,
}

/// How the cleanup is doing.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the page")]
pub struct Cleanup {
    pub active_cleanup_tasks: u64,
    pub done: u64,
    pub forced: u64,
    pub failed: u64,
    pub orphans: u64,
    pub us_per_tick: Spread,
}

/// Errors by kind.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the page")]
pub struct Errors {
    pub network: u64,
    pub desync: u64,
    pub invalid_input: u64,
    pub rooms_faulted: u64,
}

impl Errors {
    const fn count(&self) -> u64 {
        self.network + self.invalid_input + self.rooms_faulted
    }

    /// What came after `earlier`, desyncs left out.
    pub const fn since(&self, earlier: &Self) -> u64 {
        self.count().saturating_sub(earlier.count())
    }
}

/// Durations: the largest of each bucket, and how many are in it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Spread {
    /// In order of size.
    pub buckets: Vec<(u64, u64)>,
}

/// Milliseconds, to about 5 %, never too small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Quantiles {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Spread {
    /// What was counted after `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let before: BTreeMap<u64, u64> = earlier.buckets.iter().copied().collect();
        let rest = |(upper, count): &(u64, u64)| (*upper, count.saturating_sub(*before.get(upper).unwrap_or(&0)));
        Self { buckets: self.buckets.iter().map(rest).filter(|(_, count)| *count > 0).collect() }
    }

    /// How many were longer than this.
    pub fn longer_than(&self, us: u64) -> u64 {
        self.buckets.iter().filter(|(upper, _)| *upper > us).map(|(_, count)| count).sum()
    }

    /// How the durations spread.
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

//! What the rules read, from the status page and from the process.

use std::time::Duration;

use framehouse_shared::api::{Status, StoreStatus};

use super::{
    book::Moment,
    last_minute::{Growth, Largest, Quantiles},
};
use crate::{error_streak::ErrorStreak, ops::status::Page};

/// Ticks of the first seconds are slow: caches are empty, threads start.
const SETTLING_S: f64 = 10.0;
/// Fewer round trips in a minute say nothing. A client's is measured twice a second.
const ROUND_TRIPS_MIN: u64 = 100;
/// Fewer requests in a minute say nothing about one in a hundred.
const REQUESTS_MIN: u64 = 100;

/// Figures of the process that are on no page.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    /// Time without a tick.
    pub tick_silence: Duration,
    /// Resident memory, in bytes. 0 if unknown.
    pub memory_bytes: u64,
    /// Free space on the disk of the data folder, in bytes. `None` if unknown.
    pub disk_free_bytes: Option<u64>,
    /// Durations of HTTP requests since the start: upper bounds of buckets in microseconds, and numbers.
    pub http_us: Vec<(u64, u64)>,
    /// Errors in a row.
    pub errors: Errors,
    /// The database.
    pub store: StoreStatus,
    /// Features that have switched themselves off.
    pub features_off: usize,
    /// Bans beyond the limit of an hour since the start.
    pub bans_over_limit: u64,
}

/// Errors in a row by kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    /// Writing results.
    pub results: u32,
    /// Writing replays.
    pub replays: u32,
    /// Storing results in the database.
    pub store: u32,
    /// Sending notices of alerts.
    pub webhook: u32,
    /// Reading the TLS files.
    pub tls: u32,
    /// Looking up `public_host`.
    pub lookup: u32,
    /// Registering in the fleet.
    pub fleet: u32,
    /// Reading the keys of tokens.
    pub identity: u32,
}

/// Where errors in a row are counted, by kind. What a server does not have counts none.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the same names as in `Errors`")]
pub struct ErrorStreaks {
    pub results: ErrorStreak,
    pub replays: ErrorStreak,
    pub store: ErrorStreak,
    pub webhook: ErrorStreak,
    pub tls: ErrorStreak,
    pub lookup: ErrorStreak,
    pub fleet: ErrorStreak,
    pub identity: ErrorStreak,
}

impl ErrorStreaks {
    /// The numbers now.
    pub fn read(&self) -> Errors {
        Errors {
            results: self.results.count(),
            replays: self.replays.count(),
            store: self.store.count(),
            webhook: self.webhook.count(),
            tls: self.tls.count(),
            lookup: self.lookup.count(),
            fleet: self.fleet.count(),
            identity: self.identity.count(),
        }
    }
}

/// All values that rules judge, at one moment.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the table of rules says what they are")]
pub struct Reading {
    pub tick_mean_ms: f64,
    pub tick_max_ms: f64,
    pub tick_load: f64,
    pub tick_stopped_s: f64,
    pub threads_ended: u32,
    /// The next two over the last minute.
    pub round_trip_median_ms: f64,
    pub http_p99_ms: f64,
    /// The next four in the last minute.
    pub ticks_dropped: u32,
    pub rooms_faulted: u32,
    pub score_rate_exceeded: u32,
    pub desyncs: u32,
    /// The next two today.
    pub joins_of_one: u32,
    pub matches_of_one: u32,
    pub memory_bytes: u64,
    pub disk_free_bytes: u64,
    pub is_data_dir_lost: bool,
    pub results_waiting: u64,
    pub result_oldest_s: f64,
    pub replays_waiting: u64,
    pub replays_stalled_s: f64,
    pub store_behind_s: f64,
    /// The next three in the last minute.
    pub messages_lost: u32,
    pub matches_refused: u32,
    pub bans_over_limit: u32,
    pub features_off: u32,
    pub errors: Errors,
}

/// Makes readings, from pages that follow each other.
#[derive(Debug, Default)]
pub struct Reader {
    ticks: Largest,
    ticks_dropped: Growth,
    rooms_faulted: Growth,
    score_rate_exceeded: Growth,
    desyncs: Growth,
    round_trips: Quantiles,
    http: Quantiles,
    replays: Stall,
    /// It should have nothing to do.
    store: Stall,
    messages_lost: Growth,
    matches_refused: Growth,
    bans_over_limit: Growth,
}

impl Reader {
    /// The reading of a page and of the process's figures.
    pub fn read(&mut self, page: &Page, vitals: &Vitals, now: Moment) -> Reading {
        let (status, now) = (&page.status, now.elapsed);
        let round_trip_us = self.round_trips.read(&status.clients.round_trip_us.buckets, 0.5, ROUND_TRIPS_MIN, now);
        let is_settling = status.uptime_s < SETTLING_S;
        let settled = if is_settling { 0.0 } else { 1.0 };
        let (results, replays) = (&status.results, &status.replays);
        Reading {
            tick_mean_ms: status.tick_ms.mean * settled,
            tick_max_ms: self.tick_max_ms(status) * settled,
            tick_load: status.tick_load * settled,
            tick_stopped_s: vitals.tick_silence.as_secs_f64(),
            round_trip_median_ms: round_trip_us as f64 / 1000.0,
            http_p99_ms: self.http.read(&vitals.http_us, 0.99, REQUESTS_MIN, now) as f64 / 1000.0,
            threads_ended: status.threads_ended.len() as u32,
            ticks_dropped: if is_settling {
                self.ticks_dropped.pass_over(status.dropped_ticks)
            } else {
                self.ticks_dropped.read(status.dropped_ticks, now)
            },
            rooms_faulted: self.rooms_faulted.read(status.errors.rooms_faulted, now),
            score_rate_exceeded: self.score_rate_exceeded.read(status.score_rate_exceeded, now),
            desyncs: self.desyncs.read(status.desyncs.detected, now),
            joins_of_one: page.busiest.joins,
            matches_of_one: page.busiest.matches,
            memory_bytes: vitals.memory_bytes,
            disk_free_bytes: vitals.disk_free_bytes.unwrap_or(u64::MAX),
            is_data_dir_lost: status.data_dir_lost,
            results_waiting: results.waiting,
            result_oldest_s: results.oldest_ms as f64 / 1000.0,
            replays_waiting: replays.waiting as u64,
            replays_stalled_s: self.replays.seconds(replays.done, replays.waiting > 0, now),
            store_behind_s: self.store.seconds(0, vitals.store.waiting_bytes > 0, now),
            messages_lost: self.messages_lost.read(vitals.store.messages_lost, now),
            matches_refused: self.matches_refused.read(vitals.store.refused, now),
            bans_over_limit: self.bans_over_limit.read(vitals.bans_over_limit, now),
            features_off: vitals.features_off as u32,
            errors: vitals.errors,
        }
    }

    /// Duration of the longest tick since the reading before, or of the last ticks on the page: at a high tick rate there
    /// are more between two readings. 0 if it fits into a tick's interval, because then no tick was late.
    fn tick_max_ms(&mut self, status: &Status) -> f64 {
        let longest = (self.ticks.read(&status.tick_us_all.buckets) as f64 / 1000.0).max(status.tick_ms.max);
        if longest > 1000.0 / f64::from(status.tick_rate.max(1)) { longest } else { 0.0 }
    }
}

/// How long a counter has not grown although it should.
#[derive(Debug, Default)]
struct Stall {
    count: u64,
    /// `None` before the first reading.
    since: Option<Duration>,
}

impl Stall {
    fn seconds(&mut self, count: u64, should_grow: bool, now: Duration) -> f64 {
        if count != self.count || !should_grow {
            *self = Self { count, since: None };
        }
        now.saturating_sub(*self.since.get_or_insert(now)).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_counter_stalls_only_while_it_should_grow() {
        let mut stall = Stall::default();
        assert_eq!(stall.seconds(0, true, S * 2), 0.0, "it was not watched before");
        assert_eq!(stall.seconds(1, true, S * 3), 0.0);
        assert_eq!(stall.seconds(1, true, S * 8), 5.0);
        assert_eq!(stall.seconds(1, false, S * 9), 0.0);
        assert_eq!(stall.seconds(1, true, S * 10), 1.0);
        assert_eq!(stall.seconds(2, true, S * 20), 0.0);
    }
}

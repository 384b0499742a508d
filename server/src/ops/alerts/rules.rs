//! The rules: what fires an alert, in a table.

use framehouse_shared::api::AlertLevel::{self, Critical, Warning};

use super::reading::Reading;
use crate::config::AlertSettings;

/// A rule. It fires while its value is beyond its limit.
pub struct Rule {
    /// Name of the rule.
    pub kind: &'static str,
    /// Level of its alert.
    pub level: AlertLevel,
    /// Whether the cause is an event, which has no end: its alert is resolved after a long time without another one.
    pub is_event: bool,
    /// The value.
    pub value: fn(&Reading) -> f64,
    /// The limit.
    pub limit: fn(&AlertSettings) -> Limit,
    /// The sentence of the alert, from value and limit.
    pub sentence: fn(f64, f64) -> String,
}

/// The limit of a rule.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// The value must not be larger.
    AtMost(f64),
    /// The value must not be smaller.
    AtLeast(f64),
}

impl Limit {
    /// The limit as a number.
    pub const fn number(self) -> f64 {
        let (Self::AtMost(limit) | Self::AtLeast(limit)) = self;
        limit
    }

    /// Whether the value is beyond the limit.
    pub fn is_beyond(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value > most,
            Self::AtLeast(least) => value < least,
        }
    }
}

const fn state(
    level: AlertLevel,
    kind: &'static str,
    value: fn(&Reading) -> f64,
    limit: fn(&AlertSettings) -> Limit,
    sentence: fn(f64, f64) -> String,
) -> Rule {
    Rule { kind, level, is_event: false, value, limit, sentence }
}

const fn event(
    level: AlertLevel,
    kind: &'static str,
    value: fn(&Reading) -> f64,
    limit: fn(&AlertSettings) -> Limit,
    sentence: fn(f64, f64) -> String,
) -> Rule {
    Rule { is_event: true, ..state(level, kind, value, limit, sentence) }
}

/// Errors of one kind in a row.
const fn errors(kind: &'static str, value: fn(&Reading) -> f64, sentence: fn(f64, f64) -> String) -> Rule {
    state(Critical, kind, value, |s| Limit::AtMost(s.errors_in_a_row_max.into()), sentence)
}

/// All rules.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    state(Warning, "tick_mean", |r| r.tick_mean_ms, |s| Limit::AtMost(s.tick_mean_max_ms), |value, limit|
        format!("ticks take {value:.1} ms on average, more than {limit} ms: allow fewer rooms (rooms_max, load_max) or use a faster machine")),
    state(Critical, "tick_max", |r| r.tick_max_ms, |s| Limit::AtMost(s.tick_max_ms), |value, limit|
        format!("a tick took {value:.1} ms, more than {limit} ms: look in the log and at tick_us_all in /v1/status for what the machine did then")),
    state(Warning, "tick_load", |r| r.tick_load, |s| Limit::AtMost(s.tick_load_max), |value, limit|
        format!("the tick thread uses {:.0} % of a core, more than {:.0} %: start another server before this one refuses players", value * 100.0, limit * 100.0)),
    state(Warning, "round_trip", |r| r.round_trip_median_ms, |s| Limit::AtMost(s.round_trip_median_max_ms), |value, limit|
        format!("half of the round trips to players take more than {value:.0} ms, more than {limit} ms: look at this machine's network, or start a server nearer to the players")),
    state(Warning, "http_p99", |r| r.http_p99_ms, |s| Limit::AtMost(s.http_p99_max_ms), |value, limit|
        format!("one HTTP request in a hundred takes {value:.0} ms or longer, more than {limit} ms: /metrics has the durations by route, look at the load of the machine")),
    state(Critical, "tick_stopped", |r| r.tick_stopped_s, |s| Limit::AtMost(s.tick_stopped_max_s), |value, limit|
        format!("there was no tick for {value:.0} s, more than {limit} s: if it does not go on at once, restart the server")),
    event(Critical, "ticks_dropped", |r| r.ticks_dropped.into(), |s| Limit::AtMost(s.ticks_dropped_per_minute_max.into()), |value, limit|
        format!("{value} ticks were skipped within a minute, more than {limit}, so matches stood still: look for other work on the machine, or allow fewer rooms (rooms_max, load_max)")),
    state(Critical, "thread_ended", |r| r.threads_ended.into(), |_| Limit::AtMost(0.0), |value, _|
        format!("{value} threads have panicked (threads_ended in /v1/status names them), and their work is not done any more: restart the server")),
    event(Critical, "room_panic", |r| r.rooms_faulted.into(), |_| Limit::AtMost(0.0), |value, _|
        format!("{value} rooms were closed within a minute because the game panicked in them: the log has the panics, report them to whoever made the game")),
    event(Warning, "score_rate", |r| r.score_rate_exceeded.into(), |s| Limit::AtMost(s.score_rate_exceeded_per_minute_max.into()), |value, limit|
        format!("players gained more points than the rules allow {value} times within a minute, more than {limit}: the log names the matches, verify their replays")),
    event(Warning, "desyncs", |r| r.desyncs.into(), |s| Limit::AtMost(s.desyncs_per_minute_max.into()), |value, limit|
        format!("{value} clients had another state than the server within a minute, more than {limit}: read the newest desync reports in the folder for replays")),
    state(Warning, "caller_joins", |r| r.joins_of_one.into(), |s| Limit::AtMost(s.joins_per_day_max.into()), |value, limit|
        format!("one address has joined {value} times today, more than {limit}: the log names it, block it if it is no classroom or proxy")),
    state(Warning, "caller_matches", |r| r.matches_of_one.into(), |s| Limit::AtMost(s.matches_per_day_max.into()), |value, limit|
        format!("players of one address have begun {value} matches today, more than {limit}: the log names it, block it if it is no classroom or proxy")),
    state(Critical, "memory", |r| r.memory_bytes as f64, |s| Limit::AtMost(s.memory_max_bytes as f64), |value, limit|
        format!("the process uses {} MiB of memory, more than {} MiB: allow fewer rooms (rooms_max), or raise memory_max_bytes", mib(value), mib(limit))),
    state(Critical, "disk_free", |r| r.disk_free_bytes as f64, |s| Limit::AtLeast(s.disk_free_min_bytes as f64), |value, limit|
        format!("the disk of the data folder has {} MiB left, less than {} MiB: make space, or lower keep_bytes in [replays]", mib(value), mib(limit))),
    state(Critical, "data_dir_lost", |r| f64::from(u8::from(r.is_data_dir_lost)), |_| Limit::AtMost(0.0), |_, _|
        "the data folder is gone or another one is in its place: put it back, or restart the server".to_owned()),
    state(Warning, "results_waiting", |r| r.results_waiting as f64, |s| Limit::AtMost(s.results_waiting_max.into()), |value, limit|
        format!("{value} results wait to be written, more than {limit}: look at the disk of the data folder")),
    state(Critical, "result_oldest", |r| r.result_oldest_s, |s| Limit::AtMost(s.writes_stalled_max_s), |value, limit|
        format!("a result waits to be written for {value:.0} s, more than {limit} s: look at the disk of the data folder")),
    state(Warning, "replays_waiting", |r| r.replays_waiting as f64, |s| Limit::AtMost(s.replays_waiting_max.into()), |value, limit|
        format!("{value} jobs wait for the thread that writes replays, more than {limit}: look at the disk of the data folder")),
    state(Critical, "replays_stalled", |r| r.replays_stalled_s, |s| Limit::AtMost(s.writes_stalled_max_s), |value, limit|
        format!("the thread that writes replays finished nothing for {value:.0} s, more than {limit} s, although jobs wait: look at the disk of the data folder")),
    state(Warning, "store_behind", |r| r.store_behind_s, |s| Limit::AtMost(s.store_behind_max_s), |value, limit|
        format!("results have waited for the database for {value:.0} s without a break, more than {limit} s: look whether it is slow or away (store in /v1/status); nothing is lost")),
    state(Warning, "feature_off", |r| r.features_off.into(), |_| Limit::AtMost(0.0), |value, _|
        format!("{value} features have switched themselves off, because their service fails again and again (features in /v1/status names them): mend the cause; they are tried again by themselves")),
    event(Warning, "bans_over_limit", |r| r.bans_over_limit.into(), |_| Limit::AtMost(0.0), |value, _|
        format!("{value} bans within a minute were beyond bans_per_hour_max and wait for review: look at `framehouse-server admin sanctions`, and at whatever makes so many")),
    event(Warning, "messages_lost", |r| r.messages_lost.into(), |_| Limit::AtMost(0.0), |value, _|
        format!("{value} messages of rooms were not archived within a minute, because too many wait for the database: look whether it is slow or away")),
    event(Critical, "match_refused", |r| r.matches_refused.into(), |_| Limit::AtMost(0.0), |value, _|
        format!("{value} matches were refused within a minute, because their replays give other results: the log names them, keep these replays")),
    errors("results_errors", |r| r.errors.results.into(), |value, _|
        format!("results could not be written {value} times in a row and wait in memory: look at the disk of the data folder")),
    errors("replays_errors", |r| r.errors.replays.into(), |value, _|
        format!("{value} writes of replays have failed in a row: look at the disk of the data folder")),
    errors("store_errors", |r| r.errors.store.into(), |value, _|
        format!("results could not be stored in the database {value} times in a row and wait in the results file: look at the database, the log says why")),
    errors("webhook_errors", |r| r.errors.webhook.into(), |value, _|
        format!("the webhook has not taken alerts {value} times in a row: check webhook_url in [alerts] and its receiver")),
    errors("tls_errors", |r| r.errors.tls.into(), |value, _|
        format!("the TLS files could not be used {value} times in a row, and the old certificate stays in use: check tls_cert and tls_key")),
    errors("lookup_errors", |r| r.errors.lookup.into(), |value, _|
        format!("public_host could not be looked up {value} times in a row, and its last addresses stay in use: check the name")),
    errors("fleet_errors", |r| r.errors.fleet.into(), |value, _|
        format!("this node could not register in the fleet {value} times in a row, so it gets no newcomers, and those who play are not disturbed: look at Redis, the log says why")),
    errors("identity_errors", |r| r.errors.identity.into(), |value, _|
        format!("the keys of tokens could not be read {value} times in a row, and the last ones stay in use: check jwks in [identity], the log says why")),
];

fn mib(bytes: f64) -> u64 {
    (bytes / 1_048_576.0) as u64
}

//! Judges the rules: pages and figures in, notices out. Time is a parameter.

use std::time::Duration;

use framehouse_shared::api::{Alert, AlertLevel, AlertStatus};

use super::{
    book::{Book, Moment},
    reading::{Reader, Vitals},
    rules::RULES,
};
use crate::{config::AlertSettings, ops::status::Page};

/// The state of all rules.
pub struct Watch {
    settings: AlertSettings,
    reader: Reader,
    book: Book,
}

impl Watch {
    /// Rules with these limits; nothing fires yet.
    pub fn new(settings: AlertSettings) -> Self {
        Self { settings, reader: Reader::default(), book: Book::default() }
    }

    /// Judges by these limits from now on.
    pub fn set_settings(&mut self, settings: AlertSettings) {
        self.settings = settings;
    }

    /// Judges all rules; call it once a second. Returns the alerts that begin or are resolved now.
    pub fn judge(&mut self, page: &Page, vitals: &Vitals, now: Moment) -> Vec<Alert> {
        self.judge_all(page, vitals, now).0
    }

    /// Like [`judge`](Self::judge). Also returns the number of rooms lost to a panic in the last minute.
    pub(super) fn judge_all(&mut self, page: &Page, vitals: &Vitals, now: Moment) -> (Vec<Alert>, u32) {
        let reading = self.reader.read(page, vitals, now);
        let mut notices = Vec::new();
        for rule in RULES {
            let (value, limit) = ((rule.value)(&reading), (rule.limit)(&self.settings));
            notices.extend(if limit.is_beyond(value) {
                self.book.see(rule.kind, rule.level, (rule.sentence)(value, limit.number()), now)
            } else {
                let pause = if rule.is_event { self.settings.quiet_s } else { self.settings.recover_s };
                self.book.miss(rule.kind, Duration::from_secs_f64(pause), now)
            });
        }
        (notices, reading.rooms_faulted)
    }

    /// Resolves an alert that no rule judges.
    pub fn resolve(&mut self, kind: &'static str, now: Moment) -> Option<Alert> {
        self.book.miss(kind, Duration::ZERO, now)
    }

    /// Fires an alert that no rule judges: the process ends with it, or is the manager of a node that does not start.
    pub fn raise_fatal(&mut self, kind: &'static str, message: String, now: Moment) -> Option<Alert> {
        self.book.see(kind, AlertLevel::Fatal, message, now)
    }

    /// Resolves all alerts, because the server ends as it should. Returns them.
    pub fn resolve_all(&mut self) -> Vec<Alert> {
        self.book.resolve_all()
    }

    /// All alerts, for the status page.
    pub fn status(&self) -> AlertStatus {
        self.book.status()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use framehouse_shared::api::{AlertState, Status, StoreStatus, TickMs};

    use super::*;
    use crate::ops::{alerts::reading::Errors, alerts::rules::Limit};

    fn at(second: u64) -> Moment {
        Moment { elapsed: Duration::from_secs(second), unix_s: second }
    }

    /// A page of a server without problems, of this second.
    fn good_page(second: u64) -> Page {
        let status = Status { uptime_s: second as f64, tick: second * 30, tick_rate: 30, ..Default::default() };
        Page { status, ..Default::default() }
    }

    fn kinds(notices: &[Alert], state: AlertState) -> Vec<&str> {
        notices.iter().filter(|alert| alert.state == state).map(|alert| alert.kind.as_str()).collect()
    }

    #[test]
    fn a_healthy_server_fires_nothing() {
        let mut watch = Watch::new(AlertSettings::default());
        for second in 0..1000 {
            assert_eq!(watch.judge(&good_page(second), &Vitals::default(), at(second)), []);
        }
    }

    #[test]
    fn slow_ticks_fire_and_recover_after_ten_seconds_but_not_during_the_start() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut judge = |second: u64, max: f64| {
            let mut page = good_page(second);
            page.status.tick_ms = TickMs { max, ..Default::default() };
            watch.judge(&page, &Vitals::default(), at(second))
        };
        assert_eq!(judge(1, 300.0), []);
        assert_eq!(judge(10, 50.0), [], "the limit itself is no alert");
        let fired = judge(11, 50.1);
        assert_eq!(kinds(&fired, AlertState::Firing), ["tick_max"]);
        assert!(fired[0].level == AlertLevel::Critical && fired[0].message.contains("50.1 ms"), "{fired:?}");
        assert_eq!(judge(12, 80.0), []);
        assert_eq!(judge(21, 1.0), []);
        assert_eq!(kinds(&judge(22, 1.0), AlertState::Resolved), ["tick_max"]);
    }

    #[test]
    fn a_slow_tick_that_the_page_has_forgotten_fires() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut fired = |second, slow_ticks| {
            let mut page = good_page(second);
            page.status.tick_us_all.buckets = vec![(1023, second * 120), (53_247, slow_ticks)];
            let notices = watch.judge(&page, &Vitals::default(), at(second));
            kinds(&notices, AlertState::Firing).join(" ")
        };
        assert_eq!([fired(9, 5), fired(10, 5), fired(11, 6)], ["", "", "tick_max"]);
    }

    #[test]
    fn a_tick_within_a_long_interval_is_good() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut fired = |second, max| {
            let mut page = good_page(second);
            (page.status.tick_rate, page.status.tick_ms.max) = (10, max);
            let notices = watch.judge(&page, &Vitals::default(), at(second));
            kinds(&notices, AlertState::Firing).join(" ")
        };
        assert_eq!([fired(20, 99.0), fired(21, 100.1)], ["", "tick_max"]);
    }

    #[test]
    fn dropped_ticks_fire_but_not_those_of_the_start() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut fired = |second, dropped_ticks| {
            let mut page = good_page(second);
            page.status.dropped_ticks = dropped_ticks;
            let notices = watch.judge(&page, &Vitals::default(), at(second));
            kinds(&notices, AlertState::Firing).join(" ")
        };
        let told = [(1, 4), (9, 7), (10, 7), (30, 7), (31, 8)].map(|(second, count)| fired(second, count));
        assert_eq!(told, ["", "", "", "", "ticks_dropped"]);
    }

    #[test]
    fn a_room_panic_fires_once_and_is_resolved_after_a_quiet_time() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut notices = Vec::new();
        for second in 0..2000 {
            let mut page = good_page(second);
            // Two panics, some seconds apart.
            page.status.errors.rooms_faulted = u64::from(second >= 100) + u64::from(second >= 130);
            let told = watch.judge(&page, &Vitals::default(), at(second));
            notices.extend(told.into_iter().map(|alert| (second, alert.kind, alert.state)));
        }
        let (panic, last_seen) = ("room_panic".to_owned(), 130 + 59);
        let expected = [(100, panic.clone(), AlertState::Firing), (last_seen + 600, panic, AlertState::Resolved)];
        assert_eq!(notices, expected);
    }

    #[test]
    fn a_server_without_ticks_and_writers_that_hang_are_noticed() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut page = good_page(20);
        page.status.replays.waiting = 1;
        let mut fired = |second, silence_s| {
            let vitals = Vitals { tick_silence: Duration::from_secs(silence_s), ..Default::default() };
            let notices = watch.judge(&page, &vitals, at(second));
            kinds(&notices, AlertState::Firing).join(" ")
        };
        assert_eq!([fired(20, 0), fired(25, 5), fired(26, 6)], ["", "", "tick_stopped"].map(str::to_owned));
        assert_eq!([fired(50, 30), fired(51, 31)], ["", "replays_stalled"].map(str::to_owned));
    }

    #[test]
    fn slow_networks_and_requests_fire_and_one_slow_player_does_not() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut fired = |second: u64, round_trips: [u64; 2], requests: [u64; 2]| {
            let mut page = good_page(second);
            page.status.clients.round_trip_us.buckets = vec![(60_000, round_trips[0]), (110_000, round_trips[1])];
            let http_us = vec![(1000, requests[0]), (700_000, requests[1])];
            let notices = watch.judge(&page, &Vitals { http_us, ..Default::default() }, at(second));
            kinds(&notices, AlertState::Firing).join(" ")
        };
        assert_eq!(fired(20, [100, 90], [100, 1]), "", "of ten players four are slow");
        assert_eq!(fired(21, [100, 120], [200, 3]), "round_trip http_p99");
    }

    #[test]
    fn a_database_that_does_not_keep_up_fires_and_a_moment_of_waiting_does_not() {
        let mut watch = Watch::new(AlertSettings::default());
        let mut fired = |second, waiting_bytes, count| {
            let store = StoreStatus { waiting_bytes, messages_lost: count, refused: count, ..Default::default() };
            let notices = watch.judge(&good_page(second), &Vitals { store, ..Default::default() }, at(second));
            kinds(&notices, AlertState::Firing).join(" ")
        };
        assert_eq!([fired(20, 1, 0), fired(300, 0, 0), fired(301, 1, 0)], ["", "", ""].map(str::to_owned));
        // Refused matches and lost messages are events.
        assert_eq!(
            [fired(600, 7, 0), fired(601, 7, 3)],
            ["", "store_behind messages_lost match_refused"].map(str::to_owned)
        );
    }

    #[test]
    fn errors_in_a_row_fire_above_the_limit_and_memory_and_disk_beyond_theirs() {
        let mut watch = Watch::new(AlertSettings::default());
        let errors = |count| Errors {
            results: count,
            replays: count,
            store: count,
            webhook: count,
            tls: count,
            lookup: count,
            fleet: count,
            identity: count,
        };
        let vitals = |count, memory_bytes, free| Vitals {
            memory_bytes,
            disk_free_bytes: Some(free),
            errors: errors(count),
            ..Default::default()
        };
        assert_eq!(watch.judge(&good_page(1), &vitals(10, 4 << 30, 1 << 30), at(1)), []);
        let fired = watch.judge(&good_page(2), &vitals(11, (4 << 30) + 1, (1 << 30) - 1), at(2));
        let expected = [
            "memory",
            "disk_free",
            "results_errors",
            "replays_errors",
            "store_errors",
            "webhook_errors",
            "tls_errors",
            "lookup_errors",
            "fleet_errors",
            "identity_errors",
        ];
        assert_eq!(kinds(&fired, AlertState::Firing), expected);
        let resolved = watch.judge(&good_page(12), &vitals(0, 0, 1 << 40), at(12));
        assert_eq!(kinds(&resolved, AlertState::Resolved), expected);
    }

    #[test]
    fn every_rule_has_a_name_of_its_own_and_a_whole_sentence() {
        let kinds: BTreeSet<_> = RULES.iter().map(|rule| rule.kind).collect();
        assert_eq!(kinds.len(), RULES.len());
        for rule in RULES {
            let limit = (rule.limit)(&AlertSettings::default());
            assert!(!matches!(limit, Limit::AtMost(most) if most < 0.0), "{}", rule.kind);
            let sentence = (rule.sentence)(12.0, limit.number());
            assert!(sentence.contains(": ") && !sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
        }
    }
}

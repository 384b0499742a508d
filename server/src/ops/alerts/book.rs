//! Which alerts fire, and which did. Time is a parameter.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use framehouse_shared::api::{Alert, AlertCounts, AlertLevel, AlertState, AlertStatus};

/// Maximum number of resolved alerts that are kept.
const RECENT_MAX: usize = 100;

/// A moment on both clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Time since the server's start, on a clock that never jumps.
    pub elapsed: Duration,
    /// Wall-clock time, in seconds since 1970-01-01 UTC.
    pub unix_s: u64,
}

/// All alerts of a server. A kind fires at most once at a time, so the number of firing alerts is that of the rules.
#[derive(Debug, Default)]
pub struct Book {
    firing: BTreeMap<&'static str, Firing>,
    /// Oldest first.
    recent: VecDeque<Alert>,
    begun: AlertCounts,
}

#[derive(Debug)]
struct Firing {
    alert: Alert,
    seen: Duration,
}

impl Book {
    /// Notes that the cause of an alert is seen. Returns the alert if it begins now.
    pub fn see(&mut self, kind: &'static str, level: AlertLevel, message: String, now: Moment) -> Option<Alert> {
        if let Some(Firing { alert, seen }) = self.firing.get_mut(kind) {
            (alert.message, alert.seen_unix_s, *seen) = (message, now.unix_s, now.elapsed);
            alert.count += 1;
            return None;
        }
        let (kind_name, state) = (kind.to_owned(), AlertState::Firing);
        let (since_unix_s, seen_unix_s) = (now.unix_s, now.unix_s);
        let alert = Alert { kind: kind_name, level, state, message, count: 1, since_unix_s, seen_unix_s };
        self.begun.count(level);
        self.firing.insert(kind, Firing { alert: alert.clone(), seen: now.elapsed });
        Some(alert)
    }

    /// Notes that the cause of an alert is not seen. Returns the alert if it is resolved now: when its cause has not been
    /// seen for `recover`.
    pub fn miss(&mut self, kind: &'static str, recover: Duration, now: Moment) -> Option<Alert> {
        let seen = self.firing.get(kind)?.seen;
        if now.elapsed.saturating_sub(seen) < recover { None } else { self.resolve(kind) }
    }

    /// Resolves all alerts: nobody looks at their causes any more. Returns them.
    pub fn resolve_all(&mut self) -> Vec<Alert> {
        let kinds: Vec<_> = self.firing.keys().copied().collect();
        kinds.into_iter().filter_map(|kind| self.resolve(kind)).collect()
    }

    fn resolve(&mut self, kind: &str) -> Option<Alert> {
        let alert = Alert { state: AlertState::Resolved, ..self.firing.remove(kind)?.alert };
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(alert.clone());
        Some(alert)
    }

    /// All alerts, for the status page.
    pub fn status(&self) -> AlertStatus {
        let firing = self.firing.values().map(|firing| firing.alert.clone()).collect();
        AlertStatus { firing, recent: self.recent.iter().rev().cloned().collect(), begun: self.begun }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECOVER: Duration = Duration::from_secs(10);
    const KINDS: [&str; 3] = ["a", "b", "c"];

    fn at(second: u64) -> Moment {
        Moment { elapsed: Duration::from_secs(second), unix_s: 1_800_000_000 + second }
    }

    #[test]
    fn a_cause_that_lasts_is_one_alert_and_is_resolved_after_a_pause() {
        let mut book = Book::default();
        let begun = book.see("a", AlertLevel::Warning, "1".to_owned(), at(5)).expect("it begins");
        assert_eq!((begun.state, begun.count, begun.since_unix_s), (AlertState::Firing, 1, 1_800_000_005));
        assert_eq!(book.miss("a", RECOVER, at(14)), None);
        assert_eq!(book.see("a", AlertLevel::Warning, "2".to_owned(), at(15)), None, "a short pause is none");
        assert_eq!(book.miss("a", RECOVER, at(24)), None);
        let firing = &book.status().firing[0];
        assert_eq!((firing.count, firing.message.as_str(), firing.seen_unix_s), (2, "2", 1_800_000_015));
        let resolved = book.miss("a", RECOVER, at(25)).expect("it is over");
        assert_eq!((resolved.state, resolved.count), (AlertState::Resolved, 2));
        let begun = AlertCounts { warning: 1, ..Default::default() };
        assert_eq!(book.status(), AlertStatus { firing: vec![], recent: vec![resolved], begun });
        assert_eq!(book.miss("a", RECOVER, at(99)), None, "once");
    }

    #[test]
    fn at_the_end_everything_is_resolved_once_as_it_was() {
        let mut book = Book::default();
        for kind in ["b", "a"] {
            book.see(kind, AlertLevel::Critical, kind.to_uppercase(), at(1)).expect("it begins");
        }
        let resolved = book.resolve_all();
        let told: Vec<_> = resolved.iter().map(|alert| (alert.state, alert.message.as_str())).collect();
        assert_eq!(told, [(AlertState::Resolved, "A"), (AlertState::Resolved, "B")]);
        assert_eq!((book.status().firing, book.status().recent.len(), book.resolve_all()), (vec![], 2, vec![]));
    }

    #[test]
    fn the_last_hundred_resolved_alerts_are_kept_newest_first() {
        let mut book = Book::default();
        for second in 0..250 {
            book.see("a", AlertLevel::Warning, second.to_string(), at(second * 100));
            book.miss("a", RECOVER, at(second * 100 + 50)).expect("it is over");
        }
        let recent = book.status().recent;
        assert_eq!((recent.len(), recent[0].message.as_str(), recent[99].message.as_str()), (100, "249", "150"));
    }

    proptest! {
        /// Whatever is seen when: notices of a kind alternate between its beginning and its end, and beginnings that have
        /// no end yet are what fires.
        #[test]
        fn each_beginning_is_followed_by_one_end(
            looks in prop::collection::vec((prop::array::uniform3(any::<bool>()), 0_u64..15), 0..200)
        ) {
            let (mut book, mut second) = (Book::default(), 0);
            let mut notices: Vec<Alert> = Vec::new();
            for (are_seen, pause) in looks {
                second += pause;
                for (kind, is_seen) in KINDS.into_iter().zip(are_seen) {
                    notices.extend(if is_seen {
                        book.see(kind, AlertLevel::Critical, "m".to_owned(), at(second))
                    } else {
                        book.miss(kind, RECOVER, at(second))
                    });
                }
                let status = book.status();
                for kind in KINDS {
                    let of_kind: Vec<_> = notices.iter().filter(|notice| notice.kind == kind).collect();
                    for (place, notice) in of_kind.iter().enumerate() {
                        prop_assert_eq!(notice.state == AlertState::Firing, place % 2 == 0);
                    }
                    let firing = status.firing.iter().filter(|alert| alert.kind == kind).count();
                    prop_assert_eq!(firing, of_kind.len() % 2);
                }
            }
        }
    }
}

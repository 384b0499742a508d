//! What a gateway has asked nodes for in the last second or two: their leases do not show it yet.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::{Duration, Instant},
};

/// Time after which a lease shows what was asked for. A roster is made every 0.25 s, a status page and a lease every 0.5 s, and
/// leases are read every 0.5 s.
pub(super) const SHOWN_AFTER: Duration = Duration::from_millis(1500);
/// Largest number of events that are remembered. The oldest are forgotten first.
const EVENTS_MAX: usize = 16_384;

/// Numbers of recent events by key.
#[derive(Debug)]
pub(super) struct Recent<K> {
    events: VecDeque<(Instant, K)>,
    counts: HashMap<K, u32>,
}

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self { events: VecDeque::new(), counts: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash> Recent<K> {
    /// Notes an event.
    pub fn note(&mut self, key: K, now: Instant) {
        self.forget(now);
        if self.events.len() >= EVENTS_MAX {
            self.forget_oldest();
        }
        *self.counts.entry(key.clone()).or_default() += 1;
        self.events.push_back((now, key));
    }

    /// Number of events that no lease shows yet.
    pub fn count(&self, key: &K) -> u32 {
        self.counts.get(key).copied().unwrap_or_default()
    }

    /// Forgets the events that leases show by now.
    pub fn forget(&mut self, now: Instant) {
        while self.events.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= SHOWN_AFTER) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, key)) = self.events.pop_front() else { return };
        if let Some(count) = self.counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_until_a_lease_shows_it() {
        let (mut recent, start) = (Recent::default(), Instant::now());
        recent.note("a", start);
        recent.note("a", start + SHOWN_AFTER / 2);
        recent.note("b", start + SHOWN_AFTER / 2);
        assert_eq!([recent.count(&"a"), recent.count(&"b"), recent.count(&"c")], [2, 1, 0]);
        recent.forget(start + SHOWN_AFTER);
        assert_eq!([recent.count(&"a"), recent.count(&"b")], [1, 1]);
        recent.forget(start + 2 * SHOWN_AFTER);
        assert!(recent.counts.is_empty() && recent.events.is_empty());
    }
}

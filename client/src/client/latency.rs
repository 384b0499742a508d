//! Measures input latency: from making an input to its display, and to its confirmation by the server.

use std::{collections::VecDeque, time::Duration};

use framehouse_shared::tick::Tick;

use crate::stats::ClientStats;

/// Maximum number of inputs that wait for confirmation: more than are ever predicted.
const WAITING_MAX: usize = 256;

/// Progress of the player's match, as of one update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// One past the newest tick with an input.
    pub sampled: Tick,
    /// One past the newest tick in the state that is shown; nothing in a thin client.
    pub shown: Option<Tick>,
    /// One past the newest confirmed tick.
    pub confirmed: Tick,
}

/// The unconfirmed inputs of one match, and when they were made.
#[derive(Debug, Default)]
pub struct Latency {
    /// Oldest first.
    waiting: VecDeque<(Tick, Duration)>,
    /// One past the newest tick that was ever in `waiting`.
    noted: Tick,
    shown: Tick,
}

impl Latency {
    /// Records the progress of the update at `now` in the statistics.
    pub fn note(&mut self, now: Duration, progress: Progress, stats: &mut ClientStats) {
        self.begin(now, progress.sampled);
        if let Some(shown) = progress.shown {
            let is_new = |tick: Tick| self.shown <= tick && tick < shown;
            for (_, sampled) in self.waiting.iter().filter(|(tick, _)| is_new(*tick)) {
                stats.input_to_view_tenth_ms.record(tenth_ms(now.saturating_sub(*sampled)));
            }
            // A rollback may show less for a moment; a tick that was shown counts as shown.
            self.shown = self.shown.max(shown);
        }
        while let Some((_, sampled)) = self.waiting.pop_front_if(|(tick, _)| *tick < progress.confirmed) {
            stats.input_to_confirm_tenth_ms.record(tenth_ms(now.saturating_sub(sampled)));
        }
    }

    fn begin(&mut self, now: Duration, sampled: Tick) {
        let is_first = self.noted == Tick(0);
        let first = if is_first { sampled.minus(1) } else { self.noted.max(sampled.minus(WAITING_MAX as u32)) };
        for tick in (first.0..sampled.0).map(Tick) {
            if self.waiting.len() == WAITING_MAX {
                self.waiting.pop_front();
            }
            self.waiting.push_back((tick, now));
        }
        self.noted = self.noted.max(sampled);
    }
}

fn tenth_ms(time: Duration) -> i64 {
    (time.as_micros() / 100) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One update a tick: everything is shown a tick later and confirmed four ticks later.
    fn play(latency: &mut Latency, stats: &mut ClientStats, ticks: std::ops::Range<u32>) {
        for tick in ticks {
            let progress =
                Progress { sampled: Tick(tick + 1), shown: Some(Tick(tick)), confirmed: Tick(tick.saturating_sub(3)) };
            latency.note(Duration::from_millis(u64::from(tick) * 33), progress, stats);
        }
    }

    #[test]
    fn every_input_is_seen_once_and_confirmed_once() {
        let (mut latency, mut stats) = (Latency::default(), ClientStats::default());
        play(&mut latency, &mut stats, 0..100);
        assert_eq!((stats.input_to_view_tenth_ms.count(), stats.input_to_confirm_tenth_ms.count()), (99, 96));
        let close = |tenths: i64, ms: i64| (tenths - ms * 10).abs() <= ms / 2;
        assert!(close(stats.input_to_view_tenth_ms.quantile(0.99), 33));
        assert!(close(stats.input_to_confirm_tenth_ms.quantile(0.5), 132));
    }

    #[test]
    fn a_rollback_that_shows_less_for_a_moment_shows_nothing_anew() {
        let (mut latency, mut stats) = (Latency::default(), ClientStats::default());
        play(&mut latency, &mut stats, 0..50);
        let now = Duration::from_millis(50 * 33);
        let progress = |shown| Progress { sampled: Tick(50), shown: Some(Tick(shown)), confirmed: Tick(46) };
        latency.note(now, progress(46), &mut stats);
        latency.note(now, progress(49), &mut stats);
        assert_eq!(stats.input_to_view_tenth_ms.count(), 49);
    }

    #[test]
    fn who_comes_late_or_slept_counts_from_then_on() {
        let (mut latency, mut stats) = (Latency::default(), ClientStats::default());
        play(&mut latency, &mut stats, 5000..5010);
        assert_eq!(stats.input_to_view_tenth_ms.count(), 9);
        play(&mut latency, &mut stats, 9000..9001);
        assert!(latency.waiting.len() <= WAITING_MAX);
    }
}

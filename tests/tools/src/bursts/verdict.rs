//! What must hold.

use super::{crowd::Seen, player::Group, report::Report, timeline::Window};

/// Where the tick's thread wanted a processor that others used for a larger part of the time, in per cent, what took long
/// says nothing about the server.
const STARVED_PCT_MAX: f64 = 10.0;

impl Report {
    /// Notes a failure unless this holds.
    pub(super) fn check(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(sentence());
        }
    }

    /// No client of any scenario may miss an event or have anything to complain of.
    pub(super) fn check_clients(&mut self, seen: &Seen) {
        let gaps: u64 = seen.diaries.iter().map(|diary| diary.event_gaps).sum();
        self.check(gaps == 0, || format!("{gaps} room events were missing or came twice"));
        let error = seen.diaries.iter().find_map(|diary| diary.errors.messages().first());
        self.check(error.is_none(), || format!("a client complains: {error:?}"));
    }

    /// Nobody of these groups has lost its place.
    pub(super) fn check_nobody_is_lost(&mut self, seen: &Seen, groups: &[Group]) {
        let lost = groups.iter().flat_map(|group| seen.of(*group)).find_map(|diary| diary.ended.as_ref());
        self.check(lost.is_none(), || format!("somebody lost its place: {lost:?}"));
    }

    /// No tick of a burst was given up or took longer than a tick. How much longer than those of a calm window they took is a
    /// number for people: a tick with more to do takes longer, and nobody notices as long as it is in time.
    pub(super) fn check_ticks(&mut self, burst: &str, calm: &str) {
        let (Some(burst), Some(calm)) = (self.window(burst).cloned(), self.window(calm).cloned()) else { return };
        let ratio = burst.tick_ms.p99 / calm.tick_ms.p99;
        let Window { name, long_ticks, dropped_ticks, starved_pct, .. } = burst;
        self.number(&format!("{name}_to_{}_tick_p99", calm.name), ratio);
        self.check_time(starved_pct, dropped_ticks == 0, format!("{dropped_ticks} ticks of `{name}` were given up"));
        self.check_time(
            starved_pct,
            long_ticks == 0,
            format!("{long_ticks} ticks of `{name}` took longer than a tick"),
        );
    }

    fn check_time(&mut self, starved_pct: f64, holds: bool, sentence: String) {
        if !holds && starved_pct > STARVED_PCT_MAX {
            self.doubts.push(sentence);
        } else {
            self.check(holds, || sentence);
        }
    }
}

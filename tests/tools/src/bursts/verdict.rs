//! Verdict: the conditions that a scenario must meet.

use super::{crowd::Seen, player::Group, report::Report, timeline::Window};

/// Above this share of time in which the tick thread waited for a processor, in per cent, long times say nothing about the
/// server.
const STARVED_PCT_MAX: f64 = 10.0;

impl Report {
    /// Records a failure unless the condition holds.
    pub(crate) fn check(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(sentence());
        }
    }

    /// No client of any scenario may miss an event or report an error.
    pub(crate) fn check_clients(&mut self, seen: &Seen) {
        let gaps: u64 = seen.diaries.iter().map(|diary| diary.event_gaps).sum();
        self.check(gaps == 0, || format!("{gaps} room events were missing or came twice"));
        let error = seen.diaries.iter().find_map(|diary| diary.errors.messages().first());
        self.check(error.is_none(), || format!("a client complains: {error:?}"));
    }

    /// No client of these groups has lost its session.
    pub(crate) fn check_nobody_is_lost(&mut self, seen: &Seen, groups: &[Group]) {
        let lost = groups.iter().flat_map(|group| seen.of(*group)).find_map(|diary| diary.ended.as_ref());
        self.check(lost.is_none(), || format!("somebody lost its place: {lost:?}"));
    }

    /// No tick of a burst was given up or took longer than the length of a tick. Compared with a calm window ticks may be
    /// longer:
    /// that is reported, not judged.
    pub(crate) fn check_ticks(&mut self, burst: &str, calm: &str) {
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

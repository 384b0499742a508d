//! What must hold.

use super::{crowd::Seen, player::Group, report::Report, timeline::Window};

/// How many times longer ticks may take in a burst than in the window that it is compared with.
const RATIO_MAX: f64 = 2.0;
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

    /// No tick of a burst was given up; they took less than a tick, and not much longer than those of a calm window.
    pub(super) fn check_ticks(&mut self, burst: &str, calm: &str, tick_rate: u16) {
        let (Some(burst), Some(calm)) = (self.window(burst).cloned(), self.window(calm).cloned()) else { return };
        let (took, usual) = (burst.tick_ms.p99, calm.tick_ms.p99);
        self.number(&format!("{}_to_{}_tick_p99", burst.name, calm.name), took / usual);
        let is_busy = burst.starved_pct.max(calm.starved_pct) > STARVED_PCT_MAX;
        let mut sentences = sentences(&burst, &calm, 1000.0 / f64::from(tick_rate));
        if is_busy { self.doubts.append(&mut sentences) } else { self.failures.append(&mut sentences) }
    }
}

fn sentences(burst: &Window, calm: &Window, tick_ms: f64) -> Vec<String> {
    let (dropped, name, p99) = (burst.dropped_ticks, burst.name, burst.tick_ms.p99);
    let (calm_dropped, calm_name, calm_p99) = (calm.dropped_ticks, calm.name, calm.tick_ms.p99);
    let said = [
        (dropped > 0, format!("{dropped} ticks of `{name}` were given up")),
        (calm_dropped > 0, format!("{calm_dropped} ticks of `{calm_name}` were given up, without any burst")),
        (p99 >= tick_ms, format!("one tick in a hundred of `{name}` took {p99:.1} ms")),
        (
            p99 > RATIO_MAX * calm_p99,
            format!("the p99 of `{name}`, {p99:.1} ms, is far above `{calm_name}`'s {calm_p99:.1}"),
        ),
    ];
    said.into_iter().filter(|(is_so, _)| *is_so).map(|(_, sentence)| sentence).collect()
}

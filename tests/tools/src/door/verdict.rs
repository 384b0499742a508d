//! Verdict: the bounds that must hold.

use super::report::{AttackReport, Report};
use crate::bursts::{crowd::Seen, player::Group};

/// The longest time from a request to the welcome (p99), in milliseconds.
const JOIN_MS_MAX: f64 = 1000.0;
/// How much longer the times between frames may be than before (p99).
const FRAMES_FACTOR_MAX: f64 = 1.1;
/// How much more memory the server may have than before, in MB.
const MEMORY_MB_MAX: f64 = 64.0;
/// Above this share of time in which the tick thread waited for a processor, in per cent, long times say nothing about the
/// server.
const STARVED_PCT_MAX: f64 = 10.0;
/// Above this time between two updates of the players (p99), in milliseconds, they say nothing either.
const LOOK_MS_MAX: f64 = 3.5;

impl Report {
    /// Adds a sentence for each bound that does not hold.
    pub(super) fn judge(&mut self, seen: &Seen) {
        let lost = seen.of(Group::Bystander).filter_map(|diary| diary.ended.as_ref());
        let lost: Vec<&String> = lost.map(|(_, sentence)| sentence).collect();
        self.check(lost.is_empty(), || {
            format!("{} honest players lost their session, the first one because: {}", lost.len(), lost[0])
        });
        let complaint = seen.of(Group::Bystander).find_map(|diary| diary.errors.messages().first());
        self.check(complaint.is_none(), || {
            format!("an honest player complains: {}", complaint.map_or("", |text| text))
        });
        self.check_numbers();
    }

    /// Adds a sentence for each number that is over its bound.
    pub fn check_numbers(&mut self) {
        self.check_joins();
        self.check_frames();
        let more = self.rss_max_mb - self.rss_before_mb;
        self.check(more <= MEMORY_MB_MAX, || {
            format!("the server took {more:.1} MB more memory: {MEMORY_MB_MAX} MB are allowed")
        });
        for AttackReport { name, accepted, accepted_max, what, tried, .. } in self.attacks.clone() {
            self.check(accepted <= accepted_max, || format!("{name}: {accepted} {what}, {accepted_max} are allowed"));
            self.check(tried > 0, || format!("{name}: nothing was tried"));
        }
    }

    fn check_joins(&mut self) {
        let (joins, failed) = (self.joins, self.joins_failed);
        self.check(failed == 0 && joins > 0, || format!("{failed} of {joins} honest players could not join"));
        if let Some(times) = self.join_ms {
            self.check_time(times.p99 <= JOIN_MS_MAX, || {
                format!("honest players waited {:.0} ms for their seat (p99): {JOIN_MS_MAX} ms are allowed", times.p99)
            });
        }
    }

    fn check_frames(&mut self) {
        let Some((before, during)) = self.frames_before_ms.zip(self.frames_during_ms) else { return };
        self.check_time(during.p99 <= before.p99 * FRAMES_FACTOR_MAX, || {
            format!(
                "the times between frames rose from {:.1} to {:.1} ms (p99): {FRAMES_FACTOR_MAX} times as much is allowed",
                before.p99, during.p99
            )
        });
    }

    /// Checks a time, which says something about the server only if the machine was not too busy.
    fn check_time(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        let is_busy = self.starved_pct > STARVED_PCT_MAX || self.look_ms.is_some_and(|look| look.p99 > LOOK_MS_MAX);
        if !holds && (is_busy || self.lenient_times) {
            self.doubts.push(sentence());
        } else {
            self.check(holds, sentence);
        }
    }

    fn check(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(sentence());
        }
    }
}

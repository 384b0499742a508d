//! When a node that has ended is started again. Time is a parameter.

use std::{collections::VecDeque, time::Duration};

/// Pause after the first end. It doubles each time, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A node that lived as long as this begins anew with the shortest pause.
const GOOD_LIFE: Duration = Duration::from_secs(60);
/// Number of ends within [`WINDOW`] after which a node is not started again.
const ENDS_MAX: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// The ends of one node.
#[derive(Debug)]
pub(super) struct Restarts {
    /// Within the last minute before the newest one, oldest first.
    ends: VecDeque<Duration>,
    pause: Duration,
}

impl Default for Restarts {
    fn default() -> Self {
        Self { ends: VecDeque::new(), pause: PAUSE_MIN }
    }
}

impl Restarts {
    /// Notes an end at `now`, after `life`. Returns the pause until the next start; `None` after too many ends.
    pub fn end(&mut self, life: Duration, now: Duration) -> Option<Duration> {
        if life >= GOOD_LIFE {
            self.pause = PAUSE_MIN;
        }
        self.ends.retain(|end| now.saturating_sub(*end) < WINDOW);
        self.ends.push_back(now);
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSE_MAX);
        (self.ends.len() < ENDS_MAX).then_some(pause)
    }

    /// Number of ends within the last minute, at most five.
    pub fn recent(&self, now: Duration) -> usize {
        self.ends.iter().filter(|end| now.saturating_sub(**end) < WINDOW).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn pauses_double_and_the_fifth_end_within_a_minute_is_the_last() {
        let mut restarts = Restarts::default();
        let pauses: Vec<_> =
            (0..5).map(|second| restarts.end(s(1), s(second)).map(|pause| pause.as_millis())).collect();
        assert_eq!(pauses, [Some(100), Some(200), Some(400), Some(800), None]);
        assert_eq!([restarts.recent(s(4)), restarts.recent(s(62)), restarts.recent(s(64))], [5, 2, 0]);
    }

    #[test]
    fn a_node_that_ends_now_and_then_is_started_again_for_ever() {
        let mut restarts = Restarts::default();
        let pauses: Vec<_> = (1..=20).map(|n| restarts.end(s(20), s(n * 40)).expect("they are rare")).collect();
        assert_eq!((pauses[0], pauses[8], pauses[19]), (PAUSE_MIN, Duration::from_millis(25_600), PAUSE_MAX));
        assert_eq!(restarts.end(GOOD_LIFE, s(900)), Some(PAUSE_MIN), "after a good life");
    }
}

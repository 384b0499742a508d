//! Schedule of attempts to resume a lost session.
//!
//! The schedule has no I/O: it is told the time and says what is due. The caller sends each request, with the `resume`
//! secret of the lost session in a [`SessionRequest`](crate::connect::SessionRequest), from a separate thread, since it
//! blocks.

use std::time::Duration;

/// Default grace period: how long a server keeps the seat of a lost connection, unless it announces another time.
pub const SEAT_KEPT: Duration = Duration::from_secs(30);
/// The longest pause between the starts of two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The attempts after one loss: the first at once, the next after pauses of 1, 2 and 4 s, then one every 5 s, until the
/// seat is gone.
#[derive(Clone, Debug)]
pub struct ReconnectBackoff {
    kept_until: Duration,
    next_attempt: Duration,
    attempts: u32,
}

impl ReconnectBackoff {
    /// A schedule for a connection lost at `lost`, whose seat is kept for `seat_kept` (usually [`SEAT_KEPT`]).
    pub const fn new(lost: Duration, seat_kept: Duration) -> Self {
        Self { kept_until: lost.saturating_add(seat_kept), next_attempt: lost, attempts: 0 }
    }

    /// Whether an attempt is due. If so, it counts as begun, and the next one is due a pause later.
    pub fn begin_attempt(&mut self, now: Duration) -> bool {
        let is_due = now >= self.next_attempt && !self.is_over(now);
        if is_due {
            self.next_attempt = now + PAUSE_MAX.min(Duration::from_secs(1 << self.attempts.min(8)));
            self.attempts += 1;
        }
        is_due
    }

    /// Number of attempts so far.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Seconds until the seat is gone, rounded up, for a countdown.
    pub const fn seconds_left(&self, now: Duration) -> u64 {
        self.kept_until.saturating_sub(now).as_millis().div_ceil(1000) as u64
    }

    /// Whether the seat is gone. The answer to an attempt that has begun is still worth waiting for.
    pub fn is_over(&self, now: Duration) -> bool {
        now >= self.kept_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: Duration = Duration::from_secs(100);

    fn after(ms: u64) -> Duration {
        LOST + Duration::from_millis(ms)
    }

    #[test]
    fn attempts_are_made_at_once_and_then_less_and_less_often() {
        let mut rejoin = ReconnectBackoff::new(LOST, SEAT_KEPT);
        let begun: Vec<u64> = (0..40_000).step_by(10).filter(|ms| rejoin.begin_attempt(after(*ms))).collect();
        assert_eq!(begun, [0, 1000, 3000, 7000, 12_000, 17_000, 22_000, 27_000]);
        assert_eq!(rejoin.attempts(), 8);
    }

    #[test]
    fn a_slow_attempt_is_followed_by_the_next_at_once() {
        let mut rejoin = ReconnectBackoff::new(LOST, SEAT_KEPT);
        assert!(rejoin.begin_attempt(after(0)));
        assert!(rejoin.begin_attempt(after(15_000)));
        assert!(!rejoin.begin_attempt(after(16_990)) && rejoin.begin_attempt(after(17_000)));
    }

    #[test]
    fn the_seconds_count_down_to_the_end() {
        let mut rejoin = ReconnectBackoff::new(LOST, SEAT_KEPT);
        let left = [0, 1, 1000, 29_001, 30_000, 99_000].map(|ms| rejoin.seconds_left(after(ms)));
        assert_eq!(left, [30, 30, 29, 1, 0, 0]);
        assert!(!rejoin.is_over(after(29_999)));
        assert!(rejoin.is_over(after(30_000)) && !rejoin.begin_attempt(after(30_000)));
    }
}

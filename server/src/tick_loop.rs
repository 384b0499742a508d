//! The real-time loop: absolute deadlines for ticks, and `Receive` while waiting for them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::{schedule::TickRate, server::Server};

/// Interval between two receives while waiting, and so the error of an arrival time.
const RECEIVE_INTERVAL: Duration = Duration::from_millis(4);
/// Maximum number of seconds to catch up after an overrun (1 tick at 10 Hz, 3 at 30 Hz, 12 at 120 Hz). The rest is
/// dropped, because a long stall would be followed by a rush of ticks.
const CATCH_UP_SECONDS_MAX: f64 = 0.1;
/// Longest time to wait until clients have acknowledged the server's stop.
const GOODBYE_TIME_MAX: Duration = Duration::from_secs(2);

/// Interval between two looks at the wall clock.
const WALL_CLOCK_INTERVAL: Duration = Duration::from_secs(1);
/// Shortest time between two lines about dropped ticks.
const DROPPED_INTERVAL: Duration = Duration::from_secs(1);

/// Deadlines of the ticks: `epoch + n / hz`. They are absolute, so that one late wake-up does not shift the next ones.
struct Deadlines {
    rate: TickRate,
    epoch: Duration,
    tick: u64,
}

impl Deadlines {
    fn next(&self) -> Duration {
        self.epoch + Duration::from_nanos(self.tick * 1_000_000_000 / u64::from(self.rate.0))
    }

    /// Drops ticks that are too far behind `now`, and returns their number.
    fn drop_overrun(&mut self, now: Duration) -> u64 {
        let tick_time = Duration::from_secs(1) / u32::from(self.rate.0);
        let behind = now.saturating_sub(self.next()).as_nanos() / tick_time.as_nanos();
        let kept = self.rate.of_simulation().ticks_min_1(CATCH_UP_SECONDS_MAX);
        let dropped = u64::try_from(behind).unwrap_or(u64::MAX).saturating_sub(kept.into());
        self.epoch += tick_time * u32::try_from(dropped).unwrap_or(u32::MAX);
        dropped
    }
}

/// Dropped ticks that are not logged yet. An overloaded server drops some in almost every tick.
#[derive(Default)]
struct Unlogged {
    dropped: u64,
    logged_at: Option<Duration>,
}

impl Unlogged {
    /// Adds ticks dropped at `now`, if any. Returns the number to log, at most once a second.
    fn add(&mut self, dropped: u64, now: Duration) -> Option<u64> {
        self.dropped += dropped;
        let is_due = self.logged_at.is_none_or(|at| now.saturating_sub(at) >= DROPPED_INTERVAL);
        if self.dropped == 0 || !is_due {
            return None;
        }
        self.logged_at = Some(now);
        Some(std::mem::take(&mut self.dropped))
    }
}

/// Runs the server until `stop` is set and running matches have ended, but after that for at most `drain_limit`; `None`
/// means no limit, zero ends all matches at once. Then tells all clients that it stops.
pub fn run_until(server: &mut Server, rate: TickRate, stop: &AtomicBool, drain_limit: Option<Duration>) {
    let start = Instant::now();
    let mut deadlines = Deadlines { rate, epoch: Duration::ZERO, tick: 1 };
    let (mut look_at_clock, mut unlogged) = (Duration::ZERO, Unlogged::default());
    let mut run_tick = |server: &mut Server| {
        run_tick(server, &mut deadlines, &mut unlogged, start);
        if start.elapsed() >= look_at_clock {
            look_at_clock = start.elapsed() + WALL_CLOCK_INTERVAL;
            // A clock before 1970 says nothing.
            if let Ok(unix) = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
                server.note_wall_clock(unix, start.elapsed());
            }
        }
    };
    while !stop.load(Ordering::Relaxed) {
        run_tick(server);
    }
    if drain_limit != Some(Duration::ZERO) {
        server.begin_drain(drain_limit);
        while !server.is_drained() {
            run_tick(server);
        }
    }
    server.say_goodbye();
    let end = start.elapsed() + GOODBYE_TIME_MAX;
    while server.sessions() > 0 && start.elapsed() < end {
        run_tick(server);
    }
}

fn run_tick(server: &mut Server, deadlines: &mut Deadlines, unlogged: &mut Unlogged, start: Instant) {
    let deadline = deadlines.next();
    // At least once a tick, even if the deadline has passed already.
    server.receive(start.elapsed());
    loop {
        let wait = deadline.saturating_sub(start.elapsed());
        if wait.is_zero() {
            break;
        }
        thread::sleep(wait.min(RECEIVE_INTERVAL));
        server.receive(start.elapsed());
    }
    let began = start.elapsed();
    server.tick(deadline, began);
    let ended = start.elapsed();
    server.note_tick(ended - began, began.saturating_sub(deadline));
    server.status_board().heartbeat().beat();
    deadlines.tick += 1;
    let dropped = deadlines.drop_overrun(ended);
    server.note_dropped_ticks(dropped);
    if let Some(dropped) = unlogged.add(dropped, ended) {
        tracing::warn!(dropped, "the server was too far behind and dropped ticks");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_do_not_drift_and_an_overrun_moves_the_epoch() {
        let mut deadlines = Deadlines { rate: TickRate(30), epoch: Duration::ZERO, tick: 18_000 };
        assert_eq!(deadlines.next(), Duration::from_secs(600));
        assert_eq!(deadlines.drop_overrun(Duration::from_millis(600_090)), 0);
        assert_eq!(deadlines.drop_overrun(Duration::from_secs(601)), 27);
        assert!(deadlines.next() > Duration::from_millis(600_890));
        assert_eq!(deadlines.drop_overrun(Duration::from_secs(601)), 0);
    }

    #[test]
    fn dropped_ticks_are_logged_once_a_second_and_none_is_left_out() {
        let (mut unlogged, at) = (Unlogged::default(), Duration::from_millis);
        assert_eq!(unlogged.add(0, at(0)), None);
        assert_eq!(unlogged.add(3, at(100)), Some(3));
        assert_eq!([unlogged.add(2, at(200)), unlogged.add(5, at(1099))], [None, None]);
        assert_eq!(unlogged.add(0, at(1100)), Some(7), "also when no more are dropped");
        assert_eq!(unlogged.add(0, at(9000)), None);
    }
}

//! The room clock: when each tick of a room's match closes.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::tick::Tick;

use crate::schedule::TickRate;

/// Clock of a room's match: tick `T` closes at `S(T) = epoch + T / hz`.
///
/// The countdown sets the epoch, and every simulated tick sets it again. So a dropped server tick moves the epoch, and
/// tick numbers have no gaps.
#[derive(Component, Clone, Copy, Debug, Default)]
pub struct RoomClock {
    /// Number of the match in its room, from 1; 0 before the first.
    pub(super) match_no: u32,
    /// The next tick to close.
    pub(super) next_tick: Tick,
    /// Server ticks that the room has already waited for this tick's inputs.
    pub(super) waited: u32,
    epoch: Option<Duration>,
}

impl RoomClock {
    /// Number of the match in its room, from 1; 0 before the first.
    pub const fn match_no(&self) -> u32 {
        self.match_no
    }

    /// The next tick to close.
    pub const fn next_tick(&self) -> Tick {
        self.next_tick
    }

    /// Counts a new match. Its start time is not known yet.
    pub(super) fn next_match(&mut self) {
        *self = Self { match_no: self.match_no + 1, ..Self::default() };
    }

    /// Sets the time at which tick 0 closes.
    pub(super) fn start(&mut self, epoch: Duration) {
        self.epoch = Some(epoch);
    }

    /// Closes `next_tick` at `scheduled`.
    pub(super) fn close_tick(&mut self, scheduled: Duration, rate: TickRate) {
        self.epoch = Some(scheduled.saturating_sub(rate.time_of(self.next_tick)));
        self.next_tick = self.next_tick.plus(1);
        self.waited = 0;
    }

    /// Delays `next_tick` by one server tick, because the room waits for inputs.
    pub(super) fn wait(&mut self, scheduled: Duration, rate: TickRate) {
        self.epoch = Some((scheduled + rate.time_of(Tick(1))).saturating_sub(rate.time_of(self.next_tick)));
        self.waited += 1;
    }

    /// Stops the clock at the end of a match. The tick numbers stay.
    pub(super) fn stop(&mut self) {
        self.epoch = None;
    }

    /// The low four bits of the match number, as in unreliable datagrams.
    pub const fn match_low(&self) -> u8 {
        (self.match_no & 0x0f) as u8
    }

    /// Room time at `elapsed`, in 1/256 tick; negative before tick 0, `None` while no match is scheduled.
    pub fn room_time(&self, elapsed: Duration, rate: TickRate) -> Option<i64> {
        let since_epoch = elapsed.as_nanos() as i128 - self.epoch?.as_nanos() as i128;
        Some((since_epoch * i128::from(rate.0) * 256 / 1_000_000_000) as i64)
    }

    /// When `tick` closes or has closed, since the server's start; `None` while no match is scheduled.
    pub fn closes_at(&self, tick: Tick, rate: TickRate) -> Option<Duration> {
        Some(self.epoch? + rate.time_of(tick))
    }

    /// Time left at `elapsed` until `tick` closes, in 1/256 tick; negative afterwards.
    pub fn margin(&self, tick: Tick, elapsed: Duration, rate: TickRate) -> Option<i64> {
        Some(i64::from(tick.0) * 256 - self.room_time(elapsed, rate)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_time_counts_from_the_first_tick() {
        let rate = TickRate(30);
        let mut clock = RoomClock::default();
        assert_eq!(clock.room_time(Duration::from_secs(5), rate), None);
        clock.start(Duration::from_secs(10));
        assert_eq!(clock.room_time(Duration::from_secs(9), rate), Some(-30 * 256));
        assert_eq!(clock.margin(Tick(3), Duration::from_secs(10), rate), Some(3 * 256));
        clock.close_tick(Duration::from_secs(10), rate);
        // The second tick starts 100 ms late: everything after it is 67 ms later than it would have been.
        clock.close_tick(Duration::from_millis(10_100), rate);
        assert_eq!(clock.next_tick, Tick(2));
        assert_eq!(clock.margin(Tick(1), Duration::from_millis(10_100), rate).map(|m| m.abs() <= 1), Some(true));
    }
}

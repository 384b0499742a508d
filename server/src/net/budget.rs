//! Budgets of a peer: rate limits on what it sends, and limits on its errors.
//!
//! A budget is charged only after netcode has authenticated a packet. Otherwise anybody could use up a victim's budget.

use std::time::Duration;

use bevy::prelude::*;

use crate::config::NetSettings;

/// A peer that has been over a budget for this long is kicked.
const OVER_TIME_MAX: Duration = Duration::from_secs(3);
/// After this long within its budgets, a peer counts as well-behaved again.
const FORGIVEN_AFTER: Duration = Duration::from_secs(1);
/// Length of the window in which errors are counted.
const ERROR_WINDOW: Duration = Duration::from_secs(60);

/// Allowed rates of a peer, in messages per second.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    /// Input messages: one per tick, and a quarter more for clocks that catch up.
    pub(crate) inputs: f32,
    /// Largest burst of input messages: those of about half a second, which arrive together after a stall of the
    /// network.
    pub(crate) inputs_burst: f32,
    /// Other packets: pings and the reliable path. At least 60 a second, because they do not depend on the tick rate.
    pub(crate) packets: f32,
    /// Control messages.
    pub(crate) control: f32,
    /// Game messages.
    pub(crate) messages: f32,
    /// Game commands.
    pub(crate) commands: f32,
}

impl Rates {
    /// The rates for a tick rate and settings.
    pub(crate) fn new(tick_rate: u16, settings: &NetSettings) -> Self {
        let tick_rate = f32::from(tick_rate);
        Self {
            inputs: 1.25 * tick_rate,
            inputs_burst: (tick_rate * 16.0 / 30.0).max(16.0),
            packets: (2.0 * tick_rate).max(60.0),
            control: 20.0,
            messages: settings.room_messages_per_s as f32,
            commands: settings.commands_per_s as f32,
        }
    }
}

/// A token bucket: fills at a rate per second, up to a burst of at least 1. A smaller one would never let anything
/// through, however long one waits.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    level: f32,
    burst: f32,
    rate: f32,
    filled_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(crate) const fn new(rate: f32, burst: f32, now: Duration) -> Self {
        let burst = burst.max(1.0);
        Self { level: burst, burst, rate, filled_at: now }
    }

    /// Takes `amount` out if the bucket has it. Returns whether it had.
    pub(crate) fn take(&mut self, amount: f32, now: Duration) -> bool {
        let is_there = self.wait_for(amount, now).is_zero();
        if is_there {
            self.level -= amount;
        }
        is_there
    }

    /// How long to wait until the bucket has `amount`, if nobody else takes from it; nothing if it has it now.
    pub(crate) fn wait_for(&mut self, amount: f32, now: Duration) -> Duration {
        self.level = self.level_at(now);
        self.filled_at = now;
        if self.level >= amount {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f32((amount - self.level) / self.rate).unwrap_or(Duration::MAX)
    }

    /// Whether the bucket is full.
    pub(crate) fn is_full(&self, now: Duration) -> bool {
        self.level_at(now) >= self.burst
    }

    fn level_at(&self, now: Duration) -> f32 {
        let passed = now.saturating_sub(self.filled_at).as_secs_f32();
        (self.level + passed * self.rate).min(self.burst)
    }
}

/// The account that a packet or message is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// An input message.
    Inputs,
    /// Any other packet.
    Packets,
    /// A control message inside a packet.
    Control,
    /// A game message inside a packet.
    Messages,
    /// A game command inside a packet.
    Commands,
}

/// Result of a charge: how to handle the packet or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// Accept it.
    Paid,
    /// Drop it and count it as dropped.
    Over,
    /// Drop it and kick the peer, which has been over a budget for [`OVER_TIME_MAX`].
    Kick,
}

/// The budgets of one peer.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    accounts: [Bucket; 5],
    over: Option<Over>,
}

#[derive(Clone, Copy, Debug)]
struct Over {
    since: Duration,
    last: Duration,
}

impl Budget {
    /// Full budgets.
    pub(crate) fn new(rates: &Rates, now: Duration) -> Self {
        let accounts = [
            Bucket::new(rates.inputs, rates.inputs_burst, now),
            Bucket::new(rates.packets, 64.0, now),
            Bucket::new(rates.control, 40.0, now),
            Bucket::new(rates.messages, 2.0 * rates.messages.max(1.0), now),
            Bucket::new(rates.commands, 2.0 * rates.commands.max(1.0), now),
        ];
        Self { accounts, over: None }
    }

    /// Charges one packet or message.
    pub(crate) fn charge(&mut self, account: Account, now: Duration) -> Charge {
        if self.accounts[account as usize].take(1.0, now) {
            return Charge::Paid;
        }
        let began_anew = |over: &Over| now.saturating_sub(over.last) > FORGIVEN_AFTER;
        let since = self.over.filter(|over| !began_anew(over)).map_or(now, |over| over.since);
        self.over = Some(Over { since, last: now });
        if now.saturating_sub(since) >= OVER_TIME_MAX { Charge::Kick } else { Charge::Over }
    }
}

/// Kind of error of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// An authenticated payload that does not belong to the protocol.
    Network,
    /// A message that is invalid, or not allowed now.
    InvalidInput,
}

impl ErrorKind {
    /// Maximum number of errors of one kind in the window.
    const LIMIT: u32 = 10;
}

/// Recent errors of a session, by kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorLedger {
    kinds: [(u32, Duration); 2],
}

impl ErrorLedger {
    /// Counts an error. Returns whether the session is over the limit.
    pub(crate) fn note(&mut self, kind: ErrorKind, now: Duration) -> bool {
        let (count, since) = &mut self.kinds[kind as usize];
        if *count == 0 || now.saturating_sub(*since) > ERROR_WINDOW {
            (*count, *since) = (0, now);
        }
        *count += 1;
        *count > ErrorKind::LIMIT
    }

    /// Resets the count of a kind after a valid message.
    pub(crate) fn succeed(&mut self, kind: ErrorKind) {
        self.kinds[kind as usize].0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        Rates { inputs: 37.5, inputs_burst: 16.0, packets: 60.0, control: 20.0, messages: 10.0, commands: 10.0 }
    }

    #[test]
    fn a_well_behaved_peer_never_pays_more_than_it_has() {
        let mut budget = Budget::new(&rates(), Duration::ZERO);
        for tick in 0..3000u64 {
            let now = Duration::from_millis(tick * 1000 / 30);
            assert_eq!(budget.charge(Account::Inputs, now), Charge::Paid);
        }
    }

    #[test]
    fn a_bucket_of_a_small_rate_lets_one_through_now_and_then() {
        let mut bucket = Bucket::new(0.1, 0.4, Duration::ZERO);
        assert!(bucket.take(1.0, Duration::ZERO) && !bucket.take(1.0, Duration::ZERO));
        let wait = bucket.wait_for(1.0, Duration::ZERO);
        assert!((9_999..=10_001).contains(&wait.as_millis()) && !bucket.is_full(Duration::ZERO), "{wait:?}");
        let later = Duration::from_millis(10_001);
        assert!(bucket.is_full(later) && bucket.take(1.0, later));
    }

    #[test]
    fn a_flood_is_dropped_at_once_and_kicked_after_three_seconds() {
        let mut budget = Budget::new(&rates(), Duration::ZERO);
        let charges: Vec<Charge> =
            (0..4000u64).map(|ms| budget.charge(Account::Inputs, Duration::from_millis(ms))).collect();
        let paid = charges.iter().filter(|charge| **charge == Charge::Paid).count();
        assert!((16..=16 + 4 * 38).contains(&paid), "{paid}");
        let kicked = charges.iter().position(|charge| *charge == Charge::Kick).expect("it was kicked");
        assert!((3000..3100).contains(&kicked), "{kicked}");
    }

    #[test]
    fn a_burst_now_and_then_is_forgiven() {
        let mut budget = Budget::new(&rates(), Duration::ZERO);
        for burst in 0..20u64 {
            for _ in 0..30 {
                assert_ne!(budget.charge(Account::Inputs, Duration::from_secs(burst * 2)), Charge::Kick);
            }
        }
    }

    #[test]
    fn the_eleventh_error_in_a_minute_is_one_too_many_and_success_starts_anew() {
        let at = Duration::from_secs;
        let mut ledger = ErrorLedger::default();
        assert!((0..10).all(|n| !ledger.note(ErrorKind::Network, at(n))));
        assert!(!ledger.note(ErrorKind::InvalidInput, at(10)));
        assert!(ledger.note(ErrorKind::Network, at(11)));
        ledger.succeed(ErrorKind::Network);
        assert!(!ledger.note(ErrorKind::Network, at(12)));
    }
}

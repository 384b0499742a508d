//! Budgets of a peer: rate limits on what it sends, and limits on its errors.
//!
//! A budget is charged only after netcode has authenticated a packet. Otherwise anybody could use up a victim's budget.

use std::time::Duration;

use bevy::prelude::*;

use crate::config::NetSettings;

/// Seconds of silence whose packets may arrive all at once without being dropped.
const BUNCH_SECONDS: f32 = 2.0;
/// Seconds by which the packets of a connection that is about to time out may be late, beyond the time-out.
const PATIENCE_MARGIN_SECONDS: f32 = 2.0;
/// Seconds in which [`ErrorKind::LIMIT`] errors are forgotten.
const ERROR_WINDOW_SECONDS: f32 = 60.0;
/// A rate that no peer reaches.
const UNLIMITED_PER_S: f32 = 1e9;

/// Allowed rates of a peer, in messages per second.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    /// Input messages: one per tick, and a quarter more for clocks that catch up.
    pub(crate) inputs: f32,
    /// Largest burst of input messages: those of two seconds, which arrive together after a stall of the network.
    pub(crate) inputs_burst: f32,
    /// Other packets: pings and the reliable path. At least 60 a second, because they do not depend on the tick rate.
    pub(crate) packets: f32,
    /// Control messages.
    pub(crate) control: f32,
    /// Game messages.
    pub(crate) messages: f32,
    /// Game commands.
    pub(crate) commands: f32,
    /// Seconds of each rate that a peer may send at once, dropped or not, before it is kicked: the connection's
    /// time-out and 2 s, because a connection may fall silent for that long and then deliver everything.
    pub(crate) patience_s: f32,
}

impl Rates {
    /// The rates for a tick rate and settings.
    pub(crate) fn new(tick_rate: u16, settings: &NetSettings) -> Self {
        let tick_rate = f32::from(tick_rate);
        Self {
            inputs: 1.25 * tick_rate,
            inputs_burst: BUNCH_SECONDS * 1.25 * tick_rate,
            packets: (2.0 * tick_rate).max(60.0),
            control: 20.0,
            messages: if settings.limits_messages() { settings.room_messages_per_s as f32 } else { UNLIMITED_PER_S },
            commands: settings.commands_per_s as f32,
            patience_s: settings.connection_timeout_s as f32 + PATIENCE_MARGIN_SECONDS,
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

    /// Puts back what was taken.
    pub(crate) const fn put_back(&mut self, amount: f32) {
        self.level = (self.level + amount).min(self.burst);
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
    /// Drop it and kick the peer: on average it has sent more than the rate for too long.
    Kick,
}

/// The budgets of one peer.
///
/// Each account has two buckets of the same rate. The small one decides what is dropped. The large one pays for every
/// packet, dropped or not, and decides who is kicked: so pulses of a flood add up, while a player whose packets arrive
/// in bunches has sent no more than its rate.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    accounts: [(Bucket, Bucket); 5],
}

impl Budget {
    /// Full budgets.
    pub(crate) fn new(rates: &Rates, now: Duration) -> Self {
        let account = |rate: f32, burst: f32| {
            let patience = (rate * rates.patience_s).max(2.0 * burst);
            (Bucket::new(rate, burst, now), Bucket::new(rate, patience, now))
        };
        let accounts = [
            account(rates.inputs, rates.inputs_burst),
            account(rates.packets, BUNCH_SECONDS * rates.packets),
            account(rates.control, BUNCH_SECONDS * rates.control),
            account(rates.messages, BUNCH_SECONDS * rates.messages.max(1.0)),
            account(rates.commands, BUNCH_SECONDS * rates.commands.max(1.0)),
        ];
        Self { accounts }
    }

    /// Charges one packet or message.
    pub(crate) fn charge(&mut self, account: Account, now: Duration) -> Charge {
        let (bucket, patience) = &mut self.accounts[account as usize];
        if !patience.take(1.0, now) {
            Charge::Kick
        } else if bucket.take(1.0, now) {
            Charge::Paid
        } else {
            Charge::Over
        }
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
    /// Maximum number of errors of one kind at once; as many are forgotten in a minute.
    const LIMIT: f32 = 10.0;
}

/// Recent errors of a session, by kind. Only time makes them forgotten: a valid message costs an attacker nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorLedger {
    kinds: [Bucket; 2],
}

impl ErrorLedger {
    /// No errors.
    pub(crate) const fn new(now: Duration) -> Self {
        Self { kinds: [Bucket::new(ErrorKind::LIMIT / ERROR_WINDOW_SECONDS, ErrorKind::LIMIT, now); 2] }
    }

    /// Counts an error. Returns whether the session is over the limit.
    pub(crate) fn note(&mut self, kind: ErrorKind, now: Duration) -> bool {
        !self.kinds[kind as usize].take(1.0, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        Rates {
            inputs: 37.5,
            inputs_burst: 75.0,
            packets: 60.0,
            control: 20.0,
            messages: 10.0,
            commands: 10.0,
            patience_s: 12.0,
        }
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
    fn a_flood_is_dropped_at_once_and_kicked_within_a_second() {
        let mut budget = Budget::new(&rates(), Duration::ZERO);
        let charges: Vec<Charge> =
            (0..1000u64).map(|ms| budget.charge(Account::Inputs, Duration::from_millis(ms))).collect();
        let paid = charges.iter().filter(|charge| **charge == Charge::Paid).count();
        assert!((75..=75 + 38).contains(&paid), "{paid}");
        let kicked = charges.iter().position(|charge| *charge == Charge::Kick).expect("it was kicked");
        assert!((450..500).contains(&kicked), "{kicked}");
    }

    /// The charges of `count` inputs at once, every `pause` for ten minutes.
    fn bunched(count: u64, pause: Duration) -> Vec<Charge> {
        let mut budget = Budget::new(&rates(), Duration::ZERO);
        let bunches = (600_000 / pause.as_millis()) as u32;
        (0..bunches)
            .flat_map(|bunch| (0..count).map(move |_| pause * bunch))
            .map(|now| budget.charge(Account::Inputs, now))
            .collect()
    }

    #[test]
    fn an_honest_players_packets_in_bunches_are_all_taken() {
        for ms in [300, 1000, 2000] {
            let charges = bunched(ms * 30 / 1000, Duration::from_millis(ms));
            assert!(charges.iter().all(|charge| *charge == Charge::Paid), "every {ms} ms");
        }
    }

    #[test]
    fn a_connection_that_delivers_nine_seconds_at_once_is_not_kicked() {
        let charges = bunched(9 * 30, Duration::from_secs(9));
        assert!(!charges.contains(&Charge::Kick));
    }

    #[test]
    fn pulses_of_a_flood_add_up() {
        for seconds in [2, 4, 8] {
            let twice_the_rate = 75 * seconds;
            assert!(bunched(twice_the_rate, Duration::from_secs(seconds)).contains(&Charge::Kick), "every {seconds} s");
        }
    }

    #[test]
    fn ten_errors_at_once_are_too_few_and_time_alone_makes_them_forgotten() {
        let at = Duration::from_secs;
        let mut ledger = ErrorLedger::new(Duration::ZERO);
        assert!((0..10).all(|_| !ledger.note(ErrorKind::Network, at(1))));
        assert!(!ledger.note(ErrorKind::InvalidInput, at(1)));
        assert!(ledger.note(ErrorKind::Network, at(1)));
        assert!(!ledger.note(ErrorKind::Network, at(8)));
        assert!(ledger.note(ErrorKind::Network, at(8)));
    }
}

//! Limits by address: connections, downloads, requests and join requests of one IP address, and looser sums for the
//! networks around it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use arrayvec::ArrayVec;

use crate::{
    address::{AddressKey, Network},
    net::budget::Bucket,
};

/// Maximum number of addresses and networks with counts of their own, about 200 bytes each. Beyond, newcomers share
/// one.
const ENTRIES_MAX: usize = 32_768;
/// Burst of a rate, in seconds of the rate.
const BURST_SECONDS: f32 = 4.0;
/// How many times the limits of one address its networks have, smallest network first.
const GROUP_FACTORS: [u32; 2] = [4, 8];
/// How many times the limits of one address all newcomers share when [`ENTRIES_MAX`] is reached.
const NEWCOMERS_FACTOR: u32 = 32;
/// How many times more often than other join requests an address may resume sessions: after a failure of their network,
/// all players behind one address come back at once.
const RESUMES_FACTOR: f32 = 8.0;
/// Pause between two searches for entries that can be forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// The same while [`ENTRIES_MAX`] is reached.
const FULL_SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The limits of one address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    /// Connections at a time.
    pub connections: u32,
    /// Downloads at a time.
    pub downloads: u32,
    /// WebSockets at a time.
    pub sockets: u32,
    /// WebSockets at a time that have not authenticated.
    pub greetings: u32,
    /// Places in the queue of a full server.
    pub waiting: u32,
    /// Requests per second.
    pub requests_per_s: f32,
    /// Join requests per second.
    pub joins_per_s: f32,
    /// Whether callers on this machine are limited, too.
    pub limit_loopback: bool,
}

/// What an address can have a number of at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// A connection.
    Connection,
    /// A download of a replay.
    Download,
    /// A WebSocket.
    Socket,
    /// A WebSocket that has not authenticated.
    Greeting,
    /// A place in the queue of a full server.
    Queue,
}

/// Number of kinds of [`Place`].
const PLACES: usize = 5;

/// What an address can do a number of times a second.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// A connection: as often as a request. A TLS handshake costs more than most of them.
    Connect,
    /// Any request but a check.
    Request,
    /// A request for a new session. It reserves a seat for some seconds, or could guess room codes.
    Join,
    /// A request for a session in a seat that the caller has, or with its place in the queue.
    Resume,
    /// A check of the server's health: as often as a request, but nothing else that comes from the address uses it up.
    Check,
}

/// What the limits count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(AddressKey),
    Group(Network),
    /// All addresses and networks without an entry, when there are too many.
    Newcomers,
}

/// Up to three keys of one caller, widest first.
type Keys = ArrayVec<Key, 3>;

/// Counts of one key.
struct Usage {
    factor: u32,
    places: [u32; PLACES],
    acts: [Bucket; 5],
}

impl Usage {
    fn new(limits: &Limits, factor: u32, now: Duration) -> Self {
        let bucket = |per_s: f32| {
            let rate = per_s * factor as f32;
            Bucket::new(rate, rate * BURST_SECONDS, now)
        };
        let Limits { requests_per_s, joins_per_s, .. } = *limits;
        let resumes_per_s = joins_per_s * RESUMES_FACTOR;
        let acts = [requests_per_s, requests_per_s, joins_per_s, resumes_per_s, requests_per_s].map(bucket);
        Self { factor, places: [0; PLACES], acts }
    }

    /// Whether an entry made anew would be the same.
    fn is_unused(&self, now: Duration) -> bool {
        self.places == [0; PLACES] && self.acts.iter().all(|bucket| bucket.is_full(now))
    }
}

struct Table {
    limits: Limits,
    usage: HashMap<Key, Usage>,
    swept_at: Duration,
}

impl Table {
    /// Forgets what is unused, if it is time to.
    fn sweep(&mut self, now: Duration) {
        let interval = if self.usage.len() < ENTRIES_MAX { SWEEP_INTERVAL } else { FULL_SWEEP_INTERVAL };
        if now.saturating_sub(self.swept_at) >= interval {
            self.swept_at = now;
            self.usage.retain(|_, usage| !usage.is_unused(now));
        }
    }

    /// The entry of a key, or of all newcomers, made if it is missing.
    fn entry(&mut self, key: Key, factor: u32, now: Duration) -> (Key, &mut Usage) {
        let has_place = self.usage.len() < ENTRIES_MAX || self.usage.contains_key(&key);
        let (key, factor) = if has_place { (key, factor) } else { (Key::Newcomers, NEWCOMERS_FACTOR) };
        let limits = self.limits;
        (key, self.usage.entry(key).or_insert_with(|| Usage::new(&limits, factor, now)))
    }
}

/// The limits by address of the HTTP gateway, and what each address has used of them.
pub(super) struct AddressLimits {
    /// Networks without limits.
    free: Vec<Network>,
    table: Mutex<Table>,
}

/// A place that an address holds; dropping it gives it back.
pub(super) struct Held {
    limits: Arc<AddressLimits>,
    keys: Keys,
    place: Place,
}

impl AddressLimits {
    /// Nobody has used anything yet. The addresses of some networks have no limits.
    pub fn new(limits: Limits, free: Vec<Network>) -> Arc<Self> {
        let table = Mutex::new(Table { limits, usage: HashMap::new(), swept_at: Duration::ZERO });
        Arc::new(Self { free, table })
    }

    /// Changes the limits. Places stay taken, and everybody begins with full rates, if the limits are others.
    pub fn change(&self, limits: Limits, now: Duration) {
        let mut table = self.lock();
        if table.limits == limits {
            return;
        }
        table.limits = limits;
        for usage in table.usage.values_mut() {
            usage.acts = Usage::new(&limits, usage.factor, now).acts;
        }
    }

    fn is_free(&self, caller: AddressKey, limits: &Limits) -> bool {
        let is_near = caller.is_loopback() && !limits.limit_loopback;
        is_near || self.free.iter().any(|network| network.contains(caller))
    }

    /// Takes a place for the caller. Nothing if the caller or one of its networks has no more.
    pub fn hold(self: &Arc<Self>, caller: AddressKey, place: Place, now: Duration) -> Option<Held> {
        let limits = self.lock().limits;
        let places_max = match place {
            Place::Connection => limits.connections,
            Place::Download => limits.downloads,
            Place::Socket => limits.sockets,
            Place::Greeting => limits.greetings,
            Place::Queue => limits.waiting,
        };
        let has_place = |usage: &mut Usage| {
            if usage.places[place as usize] < places_max.saturating_mul(usage.factor) { Ok(()) } else { Err(()) }
        };
        let keys = self.charge(caller, now, has_place, |usage| usage.places[place as usize] += 1).ok()?;
        Some(Held { limits: Arc::clone(self), keys, place })
    }

    /// Charges the caller for an act.
    ///
    /// # Errors
    /// With the time to wait, if the caller or one of its networks has done it too often. Nothing is charged then.
    pub fn spend(&self, caller: AddressKey, act: Act, now: Duration) -> Result<(), Duration> {
        let is_paid = |usage: &mut Usage| match usage.acts[act as usize].wait_for(1.0, now) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        };
        let pay = |usage: &mut Usage| {
            usage.acts[act as usize].take(1.0, now);
        };
        self.charge(caller, now, is_paid, pay).map(|_| ())
    }

    /// Tests all keys of a caller, and then pays with all of them. Wide networks first, so that a network that has used
    /// up its sum makes no entries for its addresses.
    fn charge<E>(
        &self,
        caller: AddressKey,
        now: Duration,
        test: impl Fn(&mut Usage) -> Result<(), E>,
        pay: impl Fn(&mut Usage),
    ) -> Result<Keys, E> {
        let mut keys = Keys::new();
        let mut table = self.lock();
        if self.is_free(caller, &table.limits) {
            return Ok(keys);
        }
        // Never between two entries of one caller: the first is unused until all are tested.
        table.sweep(now);
        let groups: ArrayVec<(Key, u32), 2> = caller.groups().map(Key::Group).zip(GROUP_FACTORS).collect();
        for (key, factor) in groups.into_iter().rev().chain([(Key::Address(caller), 1)]) {
            let (key, usage) = table.entry(key, factor, now);
            test(usage)?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        for key in &keys {
            pay(table.usage.get_mut(key).expect("entries are not removed while the table is locked"));
        }
        Ok(keys)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("nothing panics while holding this lock")
    }
}

impl Held {
    /// Gives back what an act of the holder has cost.
    pub fn give_back(&self, act: Act) {
        let mut table = self.limits.lock();
        for key in &self.keys {
            if let Some(usage) = table.usage.get_mut(key) {
                usage.acts[act as usize].put_back(1.0);
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut table = self.limits.lock();
        for key in &self.keys {
            // An entry with a place in use is never forgotten.
            if let Some(usage) = table.usage.get_mut(key) {
                usage.places[self.place as usize] -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    const START: Duration = Duration::ZERO;

    const LIMITS: Limits = Limits {
        connections: 32,
        downloads: 8,
        sockets: 16,
        greetings: 8,
        waiting: 16,
        requests_per_s: 20.0,
        joins_per_s: 5.0,
        limit_loopback: false,
    };

    fn limits() -> Arc<AddressLimits> {
        AddressLimits::new(LIMITS, Vec::new())
    }

    fn key(text: &str) -> AddressKey {
        text.parse::<IpAddr>().expect("an address").into()
    }

    fn v4(number: u32) -> AddressKey {
        IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    fn v6(high: u64, low: u64) -> AddressKey {
        IpAddr::from(Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low))).into()
    }

    /// How often a crowd may do something at once: every address of it tries 200 times.
    fn allowed(limits: &AddressLimits, crowd: impl IntoIterator<Item = AddressKey>, act: Act) -> usize {
        let tries = |caller| (0..200).filter(move |_| limits.spend(caller, act, START).is_ok());
        crowd.into_iter().map(|caller| tries(caller).count()).sum()
    }

    #[test]
    fn an_address_that_asks_too_often_has_to_wait_and_others_do_not() {
        let limits = limits();
        assert_eq!(allowed(&limits, [key("192.0.2.1")], Act::Join), 20);
        let wait = limits.spend(key("192.0.2.1"), Act::Join, START).expect_err("too many");
        assert!(limits.spend(key("192.0.2.1"), Act::Join, wait * 9 / 10).is_err());
        assert!(limits.spend(key("192.0.2.1"), Act::Join, wait + Duration::from_millis(1)).is_ok());
        assert!(limits.spend(key("::ffff:192.0.2.1"), Act::Join, wait).is_err(), "the same caller over IPv6");
        assert!(limits.spend(key("192.0.2.2"), Act::Join, START).is_ok());
    }

    #[test]
    fn changed_limits_hold_at_once_and_places_stay_taken() {
        let limits = limits();
        let (caller, hold) = (key("192.0.2.1"), |place| limits.hold(key("192.0.2.1"), place, START));
        let _held = hold(Place::Connection).expect("a place");
        assert_eq!(allowed(&limits, [caller], Act::Join), 20);
        let changed = Limits { connections: 1, joins_per_s: 1.0, ..limits.lock().limits };
        limits.change(changed, START);
        assert!(hold(Place::Connection).is_none());
        assert_eq!(allowed(&limits, [caller], Act::Join), 4);
    }

    #[test]
    fn gateways_of_the_fleet_have_no_limits() {
        let gateways = vec!["192.0.2.0/24".parse().expect("a network")];
        let limits = AddressLimits::new(LIMITS, gateways);
        assert_eq!(allowed(&limits, [key("192.0.2.1")], Act::Connect), 200, "as often as is tried");
        let held: Vec<_> = (0..100).map(|_| limits.hold(key("192.0.2.1"), Place::Connection, START)).collect();
        assert!(held.iter().all(Option::is_some));
        assert_eq!(allowed(&limits, [key("198.51.100.1")], Act::Connect), 80, "strangers have");
    }

    #[test]
    fn every_act_has_its_own_rate() {
        let limits = limits();
        let caller = key("192.0.2.1");
        let acts = [Act::Connect, Act::Request, Act::Join, Act::Resume, Act::Check];
        assert_eq!(acts.map(|act| allowed(&limits, [caller], act)), [80, 80, 20, 160, 80]);
    }

    #[test]
    fn a_network_has_a_looser_sum() {
        assert_eq!(allowed(&limits(), (0..256).map(|host| v4(0xc000_0200 | host)), Act::Join), 80);
        assert_eq!(allowed(&limits(), (0..512).map(|host| v4(0xc000_0200 | host)), Act::Join), 160, "two networks");
        let high = |subnet: u64| 0x2001_0db8_0000_0000 | subnet;
        assert_eq!(allowed(&limits(), (0..100).map(|low| v6(high(0), low)), Act::Join), 80, "a /64");
        assert_eq!(allowed(&limits(), (0..100).map(|subnet| v6(high(subnet), 1)), Act::Join), 160, "a /48");
    }

    #[test]
    fn a_small_rate_still_lets_somebody_in() {
        let limits = AddressLimits::new(Limits { joins_per_s: 0.1, ..LIMITS }, Vec::new());
        assert!(limits.spend(key("192.0.2.1"), Act::Join, START).is_ok());
        assert!(limits.spend(key("192.0.2.1"), Act::Join, Duration::from_secs(11)).is_ok());
    }

    #[test]
    fn places_are_given_back() {
        let limits = limits();
        let hold = |caller| limits.hold(caller, Place::Download, START);
        let mut held: Vec<Held> = (0..8).map(|_| hold(key("192.0.2.1")).expect("a place")).collect();
        assert!(hold(key("192.0.2.1")).is_none());
        assert!(limits.hold(key("192.0.2.1"), Place::Connection, START).is_some());
        held.pop();
        assert!(hold(key("192.0.2.1")).is_some());
        let network: Vec<Held> = (2..100).flat_map(|host| hold(v4(0xc000_0200 | host))).collect();
        assert_eq!(held.len() + network.len(), 32);
    }

    #[test]
    fn a_connection_that_is_forgiven_has_cost_nothing() {
        let limits = limits();
        let caller = key("192.0.2.1");
        for _ in 0..1000 {
            assert!(limits.spend(caller, Act::Connect, START).is_ok());
            limits.hold(caller, Place::Connection, START).expect("a place").give_back(Act::Connect);
        }
        assert_eq!(allowed(&limits, [caller], Act::Connect), 80, "and no more than before");
    }

    #[test]
    fn callers_on_this_machine_are_free_unless_a_setting_says_otherwise() {
        let free = limits();
        assert_eq!(allowed(&free, [key("127.0.0.1"), key("::1"), key("::ffff:127.0.0.1")], Act::Join), 600);
        let strict = AddressLimits::new(Limits { limit_loopback: true, ..LIMITS }, Vec::new());
        assert_eq!(allowed(&strict, [key("127.0.0.1")], Act::Join), 20);
    }

    #[test]
    fn a_caller_that_fills_the_table_keeps_all_its_entries() {
        // An IPv6 caller has three entries: with one, the table is full between the two entries of an IPv4 caller.
        for first in [None, Some(key("2001:db8::1"))] {
            // Nothing is unused for a long time.
            let limits = AddressLimits::new(Limits { joins_per_s: 0.001, ..LIMITS }, Vec::new());
            for (number, caller) in first.into_iter().chain((0..20_000).map(|n| v4(0x0100_0000 + (n << 8)))).enumerate()
            {
                let is_granted = limits.spend(caller, Act::Join, Duration::from_millis(number as u64)).is_ok();
                assert!(is_granted || limits.lock().usage.len() >= ENTRIES_MAX);
            }
        }
    }

    #[test]
    fn memory_is_bounded_and_a_full_table_shuts_nobody_out() {
        let limits = limits();
        let held = limits.hold(key("192.0.2.1"), Place::Connection, START).expect("a place");
        for network in 0..40_000 {
            // Each in a /24 of its own. Beyond the table's size they share one entry.
            let _ = limits.spend(v4(0x0100_0000 + (network << 8)), Act::Request, START);
        }
        assert!(limits.lock().usage.len() <= ENTRIES_MAX + 1);
        assert!(limits.spend(key("203.0.113.9"), Act::Join, START).is_ok(), "a newcomer gets in");
        let later = Duration::from_secs(10);
        assert!(limits.spend(key("203.0.113.9"), Act::Request, later).is_ok());
        assert!(limits.lock().usage.len() < 10, "what is unused is forgotten");
        assert!(limits.lock().usage.contains_key(&Key::Address(key("192.0.2.1"))), "what is in use is not");
        drop(held);
        let much_later = Duration::from_secs(100);
        assert!(limits.spend(key("198.51.100.9"), Act::Request, much_later).is_ok());
        assert_eq!(limits.lock().usage.len(), 2, "only the last caller and its network are left");
    }
}

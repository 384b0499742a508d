//! Joins and matches of each caller today: a limit on them is an alert, not a refusal. Without accounts a caller is an
//! address.

use std::{collections::HashMap, time::Duration};

use bevy::prelude::*;

use super::{
    Player,
    directory::{JoinRequest, JoinTarget},
};
use crate::{
    address::{AddressKey, Network},
    config::NetSettings,
    schedule::Now,
};

/// Maximum number of addresses that are counted in a day. Beyond, those with the fewest joins and matches begin from 0
/// again.
const CALLERS_MAX: usize = 4096;
const DAY_S: u64 = 24 * 60 * 60;
/// Maximum number of times in a day that the log names an address.
const NAMED_MAX: u32 = 1000;

/// Joins and matches by address since midnight UTC.
#[derive(Resource, Default)]
pub struct CallerDays {
    /// Days since 1970-01-01.
    day: u64,
    counts: HashMap<Network, Counts>,
    busiest: Busiest,
    limits: CallerLimits,
    /// Times that the log has named an address.
    named: u32,
}

/// Numbers in a day above which the log names a caller, once each. Addresses of people are on no public page.
#[derive(Clone, Copy, Debug)]
pub struct CallerLimits {
    /// Joins of one caller.
    pub joins: u32,
    /// Matches of one caller, all of its players together.
    pub matches: u32,
}

impl Default for CallerLimits {
    /// No limits.
    fn default() -> Self {
        Self { joins: u32::MAX, matches: u32::MAX }
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    joins: u32,
    matches: u32,
}

/// The numbers of the callers with the most joins and the most matches today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busiest {
    /// Joins of one caller: an address, or a /64 of IPv6.
    pub joins: u32,
    /// Matches of one caller, all of its players together.
    pub matches: u32,
}

impl CallerDays {
    /// Sets the limits.
    pub(crate) fn set_limits(&mut self, limits: CallerLimits) {
        self.limits = limits;
    }

    /// Counts a granted join request.
    fn note_join(&mut self, caller: AddressKey, unix: Duration) {
        let network = caller.customer();
        let counts = self.counts_of(network, unix);
        counts.joins += 1;
        let joins = counts.joins;
        self.busiest.joins = self.busiest.joins.max(joins);
        if self.is_to_name(joins, self.limits.joins) {
            tracing::warn!(joins, %network, "an address has joined more often today than joins_per_day_max");
        }
    }

    /// Counts a match that a player of this caller begins.
    fn note_match(&mut self, caller: AddressKey, unix: Duration) {
        let network = caller.customer();
        let counts = self.counts_of(network, unix);
        counts.matches += 1;
        let matches = counts.matches;
        self.busiest.matches = self.busiest.matches.max(matches);
        if self.is_to_name(matches, self.limits.matches) {
            tracing::warn!(matches, %network, "an address has begun more matches today than matches_per_day_max");
        }
    }

    /// Whether a count has just passed its limit.
    fn is_to_name(&mut self, count: u32, limit: u32) -> bool {
        let is_to_name = Some(count) == limit.checked_add(1) && self.named < NAMED_MAX;
        self.named += u32::from(is_to_name);
        is_to_name
    }

    /// The numbers of the busiest callers of the day of this time.
    pub fn busiest(&self, unix: Duration) -> Busiest {
        if day_of(unix) == self.day { self.busiest } else { Busiest::default() }
    }

    fn counts_of(&mut self, network: Network, unix: Duration) -> &mut Counts {
        if day_of(unix) != self.day {
            *self = Self { day: day_of(unix), limits: self.limits, ..default() };
        }
        if self.counts.len() >= CALLERS_MAX && !self.counts.contains_key(&network) {
            self.forget_the_least();
        }
        self.counts.entry(network).or_default()
    }

    fn forget_the_least(&mut self) {
        let total = |counts: &Counts| counts.joins + counts.matches;
        let mut least: Vec<_> = self.counts.iter().map(|(network, counts)| (total(counts), *network)).collect();
        // Many at once, because the search costs as much for one.
        least.sort_unstable();
        for (_, network) in least.iter().take(CALLERS_MAX / 8) {
            self.counts.remove(network);
        }
    }
}

/// Counts a granted join request. A player who comes back does not join, and callers without limits are not counted.
pub(super) fn note_join(world: &mut World, request: &JoinRequest) {
    if !matches!(request.target, JoinTarget::Resume(_)) && world.resource::<NetSettings>().limits(request.caller) {
        let unix = world.resource::<Now>().unix();
        world.resource_mut::<CallerDays>().note_join(request.caller, unix);
    }
}

/// Counts a match that this player begins.
pub(super) fn note_match(world: &mut World, player: Entity) {
    let caller = world.get::<Player>(player).map(|player| player.identity.caller());
    if let Some(caller) = caller.filter(|caller| world.resource::<NetSettings>().limits(*caller)) {
        let unix = world.resource::<Now>().unix();
        world.resource_mut::<CallerDays>().note_match(caller, unix);
    }
}

const fn day_of(unix: Duration) -> u64 {
    unix.as_secs() / DAY_S
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const NOON: Duration = Duration::from_secs(20_000 * DAY_S + DAY_S / 2);
    const NEXT_DAY: Duration = Duration::from_secs(20_001 * DAY_S);

    fn key(number: u32) -> AddressKey {
        IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    #[test]
    fn the_busiest_caller_is_known_until_midnight() {
        let mut days = CallerDays::default();
        assert_eq!(days.busiest(NOON), Busiest::default());
        (0..3).for_each(|_| days.note_join(key(1), NOON));
        days.note_join(key(2), NOON);
        days.note_match(key(2), NOON);
        let busiest = days.busiest(NOON);
        assert_eq!((busiest.joins, busiest.matches), (3, 1));
        assert_eq!(days.busiest(NEXT_DAY), Busiest::default());
        days.note_join(key(2), NEXT_DAY);
        assert_eq!(days.busiest(NEXT_DAY), Busiest { joins: 1, matches: 0 });
    }

    #[test]
    fn every_caller_beyond_the_limit_is_named_once_a_day() {
        let mut days = CallerDays::default();
        days.set_limits(CallerLimits { joins: 2, matches: 0 });
        let mut named_after = |joins_of: &[u32], unix| {
            joins_of.iter().for_each(|caller| days.note_join(key(*caller), unix));
            days.named
        };
        assert_eq!(named_after(&[1, 1, 2, 2], NOON), 0);
        assert_eq!(named_after(&[1, 1, 1], NOON), 1, "once");
        assert_eq!(named_after(&[2], NOON), 2, "not only the busiest");
        assert_eq!(named_after(&[1, 1], NEXT_DAY), 0);
        assert_eq!(named_after(&[1], NEXT_DAY), 1, "the limits stay");
        days.note_match(key(3), NEXT_DAY);
        assert_eq!(days.named, 2);
        (0..2 * NAMED_MAX).for_each(|caller| days.note_match(key(caller + 10), NEXT_DAY));
        assert_eq!(days.named, NAMED_MAX);
    }

    #[test]
    fn memory_is_bounded_and_the_busiest_stay() {
        let mut days = CallerDays::default();
        (0..10).for_each(|_| days.note_join(key(1), NOON));
        (2..20_000).for_each(|number| days.note_join(key(number), NOON));
        assert!(days.counts.len() <= CALLERS_MAX);
        days.note_join(key(1), NOON);
        assert_eq!(days.busiest(NOON).joins, 11);
    }
}

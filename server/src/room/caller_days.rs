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

/// Joins and matches by address since midnight UTC.
#[derive(Resource, Default)]
pub struct CallerDays {
    /// Days since 1970-01-01.
    day: u64,
    counts: HashMap<Network, Counts>,
    busiest: Busiest,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    joins: u32,
    matches: u32,
}

/// The callers with the most joins and the most matches today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busiest {
    /// Number of joins of one caller, and its address (a /64 of IPv6).
    pub joins: Option<(u32, Network)>,
    /// Number of matches of one caller, all of its players together, and its address.
    pub matches: Option<(u32, Network)>,
}

impl CallerDays {
    /// Counts a granted join request.
    fn note_join(&mut self, caller: AddressKey, unix: Duration) {
        let network = caller.customer();
        let counts = self.counts_of(network, unix);
        counts.joins += 1;
        let joins = counts.joins;
        self.busiest.joins = self.busiest.joins.max(Some((joins, network)));
    }

    /// Counts a match that a player of this caller begins.
    fn note_match(&mut self, caller: AddressKey, unix: Duration) {
        let network = caller.customer();
        let counts = self.counts_of(network, unix);
        counts.matches += 1;
        let matches = counts.matches;
        self.busiest.matches = self.busiest.matches.max(Some((matches, network)));
    }

    /// The busiest callers of the day of this time.
    pub fn busiest(&self, unix: Duration) -> Busiest {
        if day_of(unix) == self.day { self.busiest } else { Busiest::default() }
    }

    fn counts_of(&mut self, network: Network, unix: Duration) -> &mut Counts {
        if day_of(unix) != self.day {
            *self = Self { day: day_of(unix), ..default() };
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
        assert_eq!(busiest.joins, Some((3, key(1).customer())));
        assert_eq!(busiest.matches, Some((1, key(2).customer())));
        assert_eq!(days.busiest(NEXT_DAY), Busiest::default());
        days.note_join(key(2), NEXT_DAY);
        assert_eq!(days.busiest(NEXT_DAY), Busiest { joins: Some((1, key(2).customer())), matches: None });
    }

    #[test]
    fn memory_is_bounded_and_the_busiest_stay() {
        let mut days = CallerDays::default();
        (0..10).for_each(|_| days.note_join(key(1), NOON));
        (2..20_000).for_each(|number| days.note_join(key(number), NOON));
        assert!(days.counts.len() <= CALLERS_MAX);
        days.note_join(key(1), NOON);
        assert_eq!(days.busiest(NOON).joins, Some((11, key(1).customer())));
    }
}

//! Wrong room codes: the more of them come from an address, the longer it has to wait before the next one.

use std::{collections::HashMap, time::Duration};

use bevy::prelude::*;

use crate::address::{AddressKey, Network};

/// A wrong code is forgotten after this time.
const FORGET: Duration = Duration::from_secs(60);
/// Longest wait after a wrong code. In the long run an address can try one code a minute.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// Weight of a wrong code for the larger networks around its address (/24 of IPv4, /48 of IPv6).
const NETWORK_WEIGHT: f64 = 1.0 / 16.0;
/// Maximum number of remembered networks. Beyond, those with the fewest wrong codes are forgotten.
const NETWORKS_MAX: usize = 4096;

/// Wrong room codes by address, and by the larger networks around it.
#[derive(Resource, Default)]
pub struct Guesses(HashMap<Network, Guess>);

#[derive(Clone, Copy)]
struct Guess {
    /// Wrong codes that were not forgotten at the time of the last one.
    wrong: f64,
    last: Duration,
}

impl Guess {
    fn wrong_at(&self, now: Duration) -> f64 {
        (self.wrong - now.saturating_sub(self.last).as_secs_f64() / FORGET.as_secs_f64()).max(0.0)
    }

    /// Wait after the last wrong code: one second after the first beyond `free`, twice as long after each further.
    fn wait(&self, free: f64) -> Duration {
        let beyond = self.wrong - free;
        if beyond <= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(beyond.min(20.0).exp2() / 2.0).min(WAIT_MAX)
        }
    }
}

impl Guesses {
    /// Time until the address may try the next code; zero if it may now. `free` wrong codes cost nothing, because people
    /// mistype: one for each person that may be behind an address.
    pub(crate) fn wait(&self, caller: AddressKey, free: u32, now: Duration) -> Duration {
        let guesses = weights(caller).filter_map(|(network, _)| self.0.get(&network));
        let until = guesses.map(|guess| guess.last + guess.wait(free.into())).max().unwrap_or_default();
        until.saturating_sub(now)
    }

    /// Notes a wrong code.
    pub(crate) fn note(&mut self, caller: AddressKey, now: Duration) {
        for (network, weight) in weights(caller) {
            if self.0.len() >= NETWORKS_MAX && !self.0.contains_key(&network) {
                self.make_space(now);
            }
            let guess = self.0.entry(network).or_insert(Guess { wrong: 0.0, last: now });
            *guess = Guess { wrong: guess.wrong_at(now) + weight, last: now };
        }
    }

    fn make_space(&mut self, now: Duration) {
        self.0.retain(|_, guess| guess.wrong_at(now) > 0.0);
        if self.0.len() >= NETWORKS_MAX {
            let mut fewest: Vec<_> = self.0.iter().map(|(network, guess)| (guess.wrong_at(now), *network)).collect();
            fewest.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
            // Many at once, because the search costs as much for one.
            for (_, network) in fewest.iter().take(NETWORKS_MAX / 8) {
                self.0.remove(network);
            }
        }
    }
}

/// The networks that a wrong code of an address counts for, with its weight.
fn weights(caller: AddressKey) -> impl Iterator<Item = (Network, f64)> {
    let larger = caller.groups().filter(move |group| *group != caller.customer());
    std::iter::once((caller.customer(), 1.0)).chain(larger.map(|network| (network, NETWORK_WEIGHT)))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn key(number: u32) -> AddressKey {
        IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    const FREE: u32 = 5;

    /// Tries of an address that uses every chance, within this time.
    fn tries_in(seconds: u64) -> u32 {
        let (mut guesses, mut now, mut tries) = (Guesses::default(), Duration::ZERO, 0);
        while now < Duration::from_secs(seconds) {
            guesses.note(key(1), now);
            tries += 1;
            now += guesses.wait(key(1), FREE, now).max(Duration::from_millis(100));
        }
        tries
    }

    #[test]
    fn guesses_cost_more_and_more_and_typing_errors_nothing() {
        let mut guesses = Guesses::default();
        let mut waits = Vec::new();
        for _ in 0..10 {
            guesses.note(key(1), Duration::ZERO);
            waits.push(guesses.wait(key(1), FREE, Duration::ZERO).as_secs());
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(guesses.wait(key(2), FREE, Duration::ZERO), Duration::ZERO, "others do not wait");
        (0..255).for_each(|number| guesses.note(key(0x0a00_0000 + number), Duration::ZERO));
        assert!(guesses.wait(key(0x0a00_00ff), FREE, Duration::ZERO) > Duration::ZERO, "a network of guessers waits");
        assert_eq!(guesses.wait(key(1), FREE, Duration::from_secs(16)), Duration::ZERO);
        guesses.note(key(1), Duration::from_secs(20 * 60));
        assert_eq!(guesses.wait(key(1), FREE, Duration::from_secs(20 * 60)), Duration::ZERO, "it is forgotten");
        let (hour, day) = (tries_in(3600), tries_in(86_400));
        assert!((50..100).contains(&hour) && day < 1600, "{hour} tries in an hour, {day} in a day");
    }

    #[test]
    fn memory_is_bounded_and_the_worst_stay() {
        let mut guesses = Guesses::default();
        (0..9).for_each(|_| guesses.note(key(1), Duration::ZERO));
        (1..6000).for_each(|number| guesses.note(key(number << 8), Duration::from_secs(1)));
        assert!(guesses.0.len() <= NETWORKS_MAX);
        assert!(guesses.wait(key(1), FREE, Duration::from_secs(1)) > Duration::ZERO);
    }
}

//! Places of callers: who holds how many sessions and seats, by the address that asked for them over HTTP.

use std::collections::HashMap;

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use crate::address::{AddressKey, Network};

/// Sessions, and players that wait for a reconnect, by the address of their caller. A disconnected player counts, so
/// that nobody gathers seats by connecting and disconnecting.
#[derive(Resource, Default)]
pub struct Callers {
    /// By single address, or /64 of IPv6.
    places: HashMap<Network, EntityHashSet>,
    /// Number of places in each larger network.
    around: HashMap<Network, usize>,
}

impl Callers {
    /// Number of places of all callers.
    pub fn count(&self) -> usize {
        self.places.values().map(|places| places.len()).sum()
    }

    /// The places of a caller: sessions, and players without a session.
    pub(crate) fn places(&self, caller: AddressKey) -> impl Iterator<Item = Entity> {
        self.places.get(&caller.customer()).into_iter().flatten().copied()
    }

    /// Number of places in the fullest of the larger networks around a caller.
    pub(crate) fn around(&self, caller: AddressKey) -> usize {
        larger_networks(caller).filter_map(|network| self.around.get(&network).copied()).max().unwrap_or(0)
    }

    /// Adds a session, or a player that has lost its session.
    pub(crate) fn add(&mut self, caller: AddressKey, place: Entity) {
        if self.places.entry(caller.customer()).or_default().insert(place) {
            larger_networks(caller).for_each(|network| *self.around.entry(network).or_default() += 1);
        }
    }

    /// Removes a session that is over, or a player that has a session again or has left.
    pub(crate) fn remove(&mut self, caller: AddressKey, place: Entity) {
        let Some(places) = self.places.get_mut(&caller.customer()) else { return };
        if !places.remove(&place) {
            return;
        }
        if places.is_empty() {
            self.places.remove(&caller.customer());
        }
        for network in larger_networks(caller) {
            let left = self.around.get(&network).map_or(0, |count| count.saturating_sub(1));
            if left == 0 {
                self.around.remove(&network);
            } else {
                self.around.insert(network, left);
            }
        }
    }
}

fn larger_networks(caller: AddressKey) -> impl Iterator<Item = Network> {
    caller.groups().filter(move |group| *group != caller.customer())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn key(text: &str) -> AddressKey {
        text.parse::<IpAddr>().expect("an address").into()
    }

    fn place(number: u32) -> Entity {
        Entity::from_raw_u32(number).expect("valid")
    }

    #[test]
    fn an_ipv6_customer_is_one_caller_and_networks_are_counted_around_it() {
        let mut callers = Callers::default();
        callers.add(key("2001:db8:1:2::1"), place(1));
        callers.add(key("2001:db8:1:2::2"), place(2));
        callers.add(key("2001:db8:1:3::1"), place(3));
        callers.add(key("192.0.2.1"), place(4));
        callers.add(key("::ffff:192.0.2.1"), place(5));
        callers.add(key("192.0.2.2"), place(6));
        let count = |callers: &Callers, text| (callers.places(key(text)).count(), callers.around(key(text)));
        assert_eq!(count(&callers, "2001:db8:1:2::9"), (2, 3));
        assert_eq!(count(&callers, "192.0.2.1"), (2, 3));
        callers.remove(key("192.0.2.1"), place(1));
        assert_eq!(count(&callers, "192.0.2.1"), (2, 3), "a place of another caller is not removed");
        for (text, number) in [("192.0.2.1", 4), ("192.0.2.1", 5), ("192.0.2.2", 6), ("192.0.2.2", 6)] {
            callers.remove(key(text), place(number));
        }
        assert_eq!((count(&callers, "192.0.2.1"), callers.count()), ((0, 0), 3));
        (1..=3).for_each(|number| {
            callers.remove(key("2001:db8:1:2::1"), place(number));
            callers.remove(key("2001:db8:1:3::1"), place(number));
        });
        assert!(callers.places.is_empty() && callers.around.is_empty(), "nothing is left of callers without places");
    }
}

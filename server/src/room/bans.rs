//! People whom the host has sent away: they do not come back while the room exists.

use std::collections::VecDeque;

use bevy::prelude::*;
use framehouse_shared::text::look;

use super::{Members, Player, Spectator};
use crate::{
    address::{AddressKey, Network},
    net::session::Session,
};

/// Maximum number of bans of a room. Beyond, the oldest ends.
const BANS_MAX: usize = 64;

/// What a room knows of a person: the address of the request for a seat, and the name in it. The name in the room may
/// have a number behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    caller: AddressKey,
    look: String,
}

impl Identity {
    /// The identity of a caller with this name.
    pub(super) fn new(caller: AddressKey, name: &str) -> Self {
        Self { caller, look: look(name) }
    }

    /// Address of the request for the seat.
    pub(super) const fn caller(&self) -> AddressKey {
        self.caller
    }
}

/// The bans of a room.
#[derive(Component, Debug, Default)]
pub struct Bans(VecDeque<Ban>);

#[derive(Debug)]
struct Ban {
    network: Network,
    /// The banned name, if only that name at the address is banned.
    look: Option<String>,
}

impl Bans {
    /// Whether a person may not come in.
    pub(super) fn has(&self, person: &Identity) -> bool {
        self.0.iter().any(|ban| {
            ban.network == person.caller.customer() && ban.look.as_ref().is_none_or(|look| *look == person.look)
        })
    }

    /// Bans a person: its whole address, or only its name there if others share the address.
    fn add(&mut self, person: &Identity, is_shared: bool) {
        if self.0.len() >= BANS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Ban { network: person.caller.customer(), look: is_shared.then(|| person.look.clone()) });
    }
}

/// Bans a player from its room. The address counts, unless it belongs to this machine or to another member as well.
pub(super) fn ban(world: &mut World, room: Entity, player: Entity) {
    let Some(person) = world.get::<Player>(player).map(|player| player.identity.clone()) else { return };
    let others = Members::entities(world.get::<Members>(room)).iter().filter(|member| **member != player);
    let mut callers = others.filter_map(|member| caller_of(world, *member));
    let is_shared = person.caller.is_loopback() || callers.any(|caller| caller.customer() == person.caller.customer());
    if let Some(mut bans) = world.get_mut::<Bans>(room) {
        bans.add(&person, is_shared);
    }
}

fn caller_of(world: &World, member: Entity) -> Option<AddressKey> {
    let of_player = world.get::<Player>(member).map(|player| player.identity.caller);
    of_player.or_else(|| Some(world.get::<Session>(world.get::<Spectator>(member)?.session)?.caller))
}

/// Whether a person is banned from a room.
pub(super) fn is_banned(world: &World, room: Entity, person: &Identity) -> bool {
    world.get::<Bans>(room).is_some_and(|bans| bans.has(person))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn person(address: &str, name: &str) -> Identity {
        Identity::new(address.parse::<IpAddr>().expect("an address").into(), name)
    }

    #[test]
    fn a_ban_is_for_an_address_or_for_a_name_at_a_shared_one() {
        let mut bans = Bans::default();
        bans.add(&person("192.0.2.1", "Ada"), false);
        bans.add(&person("192.0.2.2", "Bob"), true);
        assert!(bans.has(&person("192.0.2.1", "Eve")) && bans.has(&person("::ffff:192.0.2.1", "Ada")));
        assert!(bans.has(&person("192.0.2.2", "b0b")), "a name that looks like it");
        assert!(!bans.has(&person("192.0.2.2", "Ada")) && !bans.has(&person("192.0.2.3", "Bob")));
    }

    #[test]
    fn bans_are_bounded() {
        let mut bans = Bans::default();
        (0..1000).for_each(|n| bans.add(&person(&format!("10.0.{}.{}", n / 250, n % 250), "Ada"), false));
        assert_eq!(bans.0.len(), BANS_MAX);
        assert!(bans.has(&person("10.0.3.249", "Ada")) && !bans.has(&person("10.0.0.0", "Ada")));
    }
}

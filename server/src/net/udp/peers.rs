//! Connected clients of a UDP endpoint.

use std::{net::SocketAddr, time::Duration};

use bevy::platform::collections::HashMap;
use framehouse_shared::protocol::{datagram::Probe, reliable::ReliablePath};

use super::{Route, shelves::Shelf};
use crate::net::{
    budget::{Budget, Rates},
    endpoint::ClientId,
};

/// A connected client.
pub(super) struct Peer {
    pub(super) client: ClientId,
    pub(super) path: ReliablePath,
    pub(super) budget: Budget,
    /// Whether its flood was already reported, which happens only once; nothing more is read from it.
    pub(super) is_reported: bool,
    /// The netcode server that has its keys.
    pub(super) shelf: Shelf,
    /// The address of its handshake, by which netcode knows it.
    netcode_address: SocketAddr,
    /// The way to it; another one than at the handshake after a NAT has changed it.
    route: Route,
    /// Sequence number of its newest payload.
    newest: u64,
    heard_at: Duration,
    moving: Option<Moving>,
}

/// The address that a client's datagrams come from now, until the client has answered a probe there. Without the probe, a
/// client could have what it receives sent to somebody else, by sending with that address as its own.
struct Moving {
    address: SocketAddr,
    nonce: u64,
    probed_at: Option<Duration>,
}

/// Silence after which a client may have another address, which a datagram with its key proves.
const MOVED_AFTER: Duration = Duration::from_millis(250);
/// Maximum number of datagrams that are lost between two addresses.
const MOVED_SEQUENCES_MAX: u64 = 1024;
/// Interval between two probes of an address.
const PROBE_INTERVAL: Duration = Duration::from_millis(100);

impl Peer {
    /// The address by which netcode knows it.
    pub(super) const fn netcode_address(&self) -> SocketAddr {
        self.netcode_address
    }

    /// Notes an authenticated payload.
    pub(super) fn note_payload(&mut self, sequence: u64, now: Duration) {
        self.newest = self.newest.max(sequence);
        self.heard_at = now;
    }

    /// Whether it has been silent for long enough to have another address now.
    pub(super) fn is_silent(&self, now: Duration) -> bool {
        now.saturating_sub(self.heard_at) >= MOVED_AFTER
    }

    /// Whether a payload from this address, which is not its own, may be its next one.
    fn may_have_moved(&self, to: SocketAddr, sequence: u64, now: Duration) -> bool {
        let ahead = sequence.saturating_sub(self.newest);
        let is_moving = self.moving.as_ref().is_some_and(|moving| moving.address == to);
        !self.is_reported
            && self.route.remote != to
            && (is_moving || self.is_silent(now))
            && (1..=MOVED_SEQUENCES_MAX).contains(&ahead)
    }

    /// The probe for an address that it may have moved to, if one is due.
    pub(super) fn due_probe(&mut self, address: SocketAddr, now: Duration) -> Option<Probe> {
        if self.moving.as_ref().is_none_or(|moving| moving.address != address) {
            let nonce = getrandom::u64().expect("the operating system gives random bytes");
            self.moving = Some(Moving { address, nonce, probed_at: None });
        }
        let moving = self.moving.as_mut()?;
        let is_due = moving.probed_at.is_none_or(|at| now.saturating_sub(at) >= PROBE_INTERVAL);
        is_due.then(|| {
            moving.probed_at = Some(now);
            Probe { nonce: moving.nonce }
        })
    }

    /// Takes the answer to a probe. Returns whether it shows that the client receives at this address.
    pub(super) fn take_answer(&mut self, address: SocketAddr, answer: Probe) -> bool {
        self.moving.take_if(|moving| moving.address == address && moving.nonce == answer.nonce).is_some()
    }
}

impl Peer {
    /// The way to it.
    pub(super) const fn route(&self) -> Route {
        self.route
    }
}

/// All connected clients.
#[derive(Default)]
pub(super) struct Peers {
    /// Each client keeps its place as long as it is connected.
    places: Vec<Option<Peer>>,
    free: Vec<usize>,
    by_client: HashMap<ClientId, usize>,
    /// Whom a datagram from an address belongs to. When two clients have had the same one, the last that has proved it.
    by_address: HashMap<SocketAddr, usize>,
    by_netcode_address: HashMap<SocketAddr, usize>,
}

impl Peers {
    pub(super) fn count(&self) -> usize {
        self.by_client.len()
    }

    /// Adds a client, unless one with its id is connected. Returns whether it was added.
    pub(super) fn add(&mut self, client: ClientId, shelf: Shelf, route: Route, rates: &Rates, now: Duration) -> bool {
        if self.by_client.contains_key(&client) {
            return false;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(Peer {
            client,
            path: ReliablePath::default(),
            budget: Budget::new(rates, now),
            is_reported: false,
            shelf,
            netcode_address: route.remote,
            route,
            newest: 0,
            heard_at: now,
            moving: None,
        });
        self.by_client.insert(client, place);
        self.by_address.insert(route.remote, place);
        self.by_netcode_address.insert(route.remote, place);
        true
    }

    /// Removes a client, if it was connected.
    pub(super) fn remove(&mut self, client: ClientId) -> Option<Peer> {
        let place = self.by_client.remove(&client)?;
        let peer = self.places[place].take()?;
        self.free.push(place);
        self.forget_address(peer.route.remote, place);
        if self.by_netcode_address.get(&peer.netcode_address) == Some(&place) {
            self.by_netcode_address.remove(&peer.netcode_address);
        }
        Some(peer)
    }

    /// Whether any client is silent, or has begun to move.
    pub(super) fn has_silent(&self, now: Duration) -> bool {
        self.iter().any(|peer| peer.moving.is_some() || peer.is_silent(now))
    }

    /// The clients that may have moved to an address from which a payload with this sequence number comes.
    pub(super) fn that_may_have_moved(&self, to: SocketAddr, sequence: u64, now: Duration) -> Vec<ClientId> {
        let moved = self.iter().filter(|peer| peer.may_have_moved(to, sequence, now));
        moved.map(|peer| peer.client).collect()
    }

    /// Moves a client to another route. If that was the address of a silent client, that one stays connected: it is found
    /// by its key when it is heard from elsewhere.
    pub(super) fn move_to(&mut self, client: ClientId, route: Route) {
        let Some(&place) = self.by_client.get(&client) else { return };
        let Some(peer) = &mut self.places[place] else { return };
        let before = std::mem::replace(&mut peer.route, route);
        self.forget_address(before.remote, place);
        self.by_address.insert(route.remote, place);
    }

    /// Forgets that an address is a client's, unless it is another's by now.
    fn forget_address(&mut self, address: SocketAddr, place: usize) {
        if self.by_address.get(&address) == Some(&place) {
            self.by_address.remove(&address);
        }
    }

    pub(super) fn get(&self, client: ClientId) -> Option<&Peer> {
        self.places[*self.by_client.get(&client)?].as_ref()
    }

    pub(super) fn of(&mut self, client: ClientId) -> Option<&mut Peer> {
        self.places[*self.by_client.get(&client)?].as_mut()
    }

    /// The connected client with this address.
    pub(super) fn at(&self, address: &SocketAddr) -> Option<&Peer> {
        self.places[*self.by_address.get(address)?].as_ref()
    }

    /// Whether a connected client has this address, or had it at its handshake.
    pub(super) fn is_taken(&self, address: &SocketAddr) -> bool {
        self.by_address.contains_key(address) || self.by_netcode_address.contains_key(address)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.places.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.places.iter_mut().flatten()
    }
}

//! Connected clients of a UDP endpoint.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use framehouse_shared::protocol::{datagram::Probe, reliable::ReliablePath};

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
    /// The address of its handshake, by which netcode knows it.
    netcode_address: SocketAddr,
    /// The address that its datagrams come from; another one than at the handshake after a NAT has changed it.
    address: SocketAddr,
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
            && self.address != to
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
    /// The address that it sends from.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// All connected clients.
#[derive(Default)]
pub(super) struct Peers {
    // In order of connecting; not a map, whose order is random.
    list: Vec<Peer>,
    /// Whom a datagram from an address belongs to. When two clients have had the same one, the last that has proved it.
    addresses: HashMap<SocketAddr, ClientId>,
}

impl Peers {
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    pub(super) fn add(&mut self, client: ClientId, address: SocketAddr, rates: &Rates, now: Duration) {
        let (path, budget) = (ReliablePath::default(), Budget::new(rates, now));
        self.addresses.insert(address, client);
        let (is_reported, netcode_address, newest) = (false, address, 0);
        let (heard_at, moving) = (now, None);
        self.list.push(Peer { client, path, budget, is_reported, netcode_address, address, newest, heard_at, moving });
    }

    /// Removes a client. Returns the address by which netcode knew it, if it was connected.
    pub(super) fn remove(&mut self, client: ClientId) -> Option<SocketAddr> {
        let index = self.list.iter().position(|peer| peer.client == client)?;
        let peer = self.list.remove(index);
        self.forget_address(peer.address, client);
        Some(peer.netcode_address)
    }

    /// The clients that may have moved to an address from which a payload with this sequence number comes: their ids, and
    /// the addresses by which netcode knows them.
    pub(super) fn that_may_have_moved(
        &self,
        to: SocketAddr,
        sequence: u64,
        now: Duration,
    ) -> Vec<(ClientId, SocketAddr)> {
        let moved = self.list.iter().filter(|peer| peer.may_have_moved(to, sequence, now));
        moved.map(|peer| (peer.client, peer.netcode_address)).collect()
    }

    /// Moves a client to another address. If that was the address of a silent client, that one stays connected: it is
    /// found by its key when it is heard from elsewhere.
    pub(super) fn move_to(&mut self, client: ClientId, address: SocketAddr) {
        if let Some(peer) = self.of(client) {
            let before = std::mem::replace(&mut peer.address, address);
            self.forget_address(before, client);
            self.addresses.insert(address, client);
        }
    }

    /// Forgets that an address is a client's, unless it is another's by now.
    fn forget_address(&mut self, address: SocketAddr, client: ClientId) {
        if self.addresses.get(&address) == Some(&client) {
            self.addresses.remove(&address);
        }
    }

    pub(super) fn get(&self, client: ClientId) -> Option<&Peer> {
        self.list.iter().find(|peer| peer.client == client)
    }

    pub(super) fn of(&mut self, client: ClientId) -> Option<&mut Peer> {
        self.list.iter_mut().find(|peer| peer.client == client)
    }

    /// The connected client with this address.
    pub(super) fn at(&self, address: &SocketAddr) -> Option<&Peer> {
        self.get(*self.addresses.get(address)?)
    }

    /// Whether a connected client has this address, or had it at its handshake.
    pub(super) fn is_taken(&self, address: &SocketAddr) -> bool {
        self.addresses.contains_key(address) || self.list.iter().any(|peer| peer.netcode_address == *address)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.list.iter_mut()
    }
}

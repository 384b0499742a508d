//! Connected clients of a UDP endpoint.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use framehouse_shared::protocol::reliable::ReliablePath;

use crate::net::{
    budget::{Budget, Rates},
    endpoint::ClientId,
};

/// A connected client.
pub(super) struct Peer {
    pub(super) client: ClientId,
    pub(super) path: ReliablePath,
    pub(super) budget: Budget,
    /// Whether its flood was already reported, which happens only once.
    pub(super) is_reported: bool,
    address: SocketAddr,
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
    addresses: HashMap<SocketAddr, ClientId>,
}

impl Peers {
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    pub(super) fn add(&mut self, client: ClientId, address: SocketAddr, rates: &Rates, now: Duration) {
        let (path, budget) = (ReliablePath::default(), Budget::new(rates, now));
        self.addresses.insert(address, client);
        self.list.push(Peer { client, path, budget, is_reported: false, address });
    }

    /// Removes a client. Returns whether it was connected.
    pub(super) fn remove(&mut self, client: ClientId) -> bool {
        let Some(index) = self.list.iter().position(|peer| peer.client == client) else { return false };
        let peer = self.list.remove(index);
        self.addresses.remove(&peer.address);
        true
    }

    pub(super) fn get(&self, client: ClientId) -> Option<&Peer> {
        self.list.iter().find(|peer| peer.client == client)
    }

    pub(super) fn of(&mut self, client: ClientId) -> Option<&mut Peer> {
        self.list.iter_mut().find(|peer| peer.client == client)
    }

    /// Whether a connected client has this address.
    pub(super) fn has_address(&self, address: &SocketAddr) -> bool {
        self.addresses.contains_key(address)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.list.iter_mut()
    }
}

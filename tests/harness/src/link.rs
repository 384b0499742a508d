//! In-memory network: every client has a link of two seeded [`NetSim`]s to the endpoint that its token names.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use framehouse_client::net::Link;
use framehouse_server::net::udp::{Datagrams, Route};
use framehouse_shared::net_sim::{NetSim, NetSimConfig};

/// Datagrams of each client that are kept for [`Network::overheard`].
const OVERHEARD_MAX: usize = 16;
/// The most clients of one address.
const PORTS: u32 = 60_000;

/// All links of a test world, and their time.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<Wires>>);

#[derive(Default)]
struct Wires {
    now: Duration,
    // Sorted, so that an endpoint receives its datagrams in the same order in every run.
    by_ends: BTreeMap<Ends, Wire>,
    clients_made: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ends {
    client: SocketAddr,
    server: SocketAddr,
}

struct Wire {
    up: NetSim,
    down: NetSim,
    /// The client's address as the server sees it: a NAT may change it.
    seen_as: SocketAddr,
    is_cut: bool,
    overheard: VecDeque<Vec<u8>>,
}

impl Network {
    /// The time on the network.
    pub fn set_now(&self, now: Duration) {
        self.wires().now = now;
    }

    /// A client's end of a new link to an endpoint.
    pub fn connect(&self, server: SocketAddr, config: NetSimConfig, seed: u64) -> ClientEnd {
        let mut wires = self.wires();
        wires.clients_made += 1;
        let (machine, port) = (wires.clients_made / PORTS, 1000 + wires.clients_made % PORTS);
        let client = SocketAddr::from(([10, 1 + (machine >> 8) as u8, machine as u8, 1], port as u16));
        drop(wires);
        self.connect_from(client, server, config, seed)
    }

    /// Like [`connect`](Self::connect), from an address that another client had. Datagrams on the way to and from that one
    /// still arrive.
    pub fn connect_from(&self, client: SocketAddr, server: SocketAddr, config: NetSimConfig, seed: u64) -> ClientEnd {
        let ends = Ends { client, server };
        let new = || Wire {
            up: NetSim::new(config, seed * 2),
            down: NetSim::new(config, seed * 2 + 1),
            seen_as: client,
            is_cut: false,
            overheard: VecDeque::new(),
        };
        self.wires().by_ends.entry(ends).or_insert_with(new).is_cut = false;
        ClientEnd { network: self.clone(), ends, address: client }
    }

    /// The endpoint's end, with this address.
    pub fn endpoint(&self, address: SocketAddr) -> EndpointEnd {
        EndpointEnd { network: self.clone(), address }
    }

    /// Removes a client and its link.
    pub fn disconnect(&self, client: SocketAddr) {
        self.wires().by_ends.retain(|ends, _| ends.client != client);
    }

    /// Changes the quality of a client's link, in both directions.
    pub fn set_quality(&self, client: SocketAddr, config: NetSimConfig) {
        self.wires().of_client(client).for_each(|wire| {
            wire.up.set_config(config);
            wire.down.set_config(config);
        });
    }

    /// From now on the server sees a client's datagrams come from another address, and what it sends to the old one is
    /// lost: a NAT has changed the client's port.
    pub fn change_seen_address(&self, client: SocketAddr, seen_as: SocketAddr) {
        self.wires().of_client(client).for_each(|wire| wire.seen_as = seen_as);
    }

    /// Cuts this client's link, or restores it.
    pub fn set_cut(&self, client: SocketAddr, is_cut: bool) {
        self.wires().of_client(client).for_each(|wire| wire.is_cut = is_cut);
    }

    /// Sends bytes to a client's endpoint as if they came from the client.
    pub fn spoof(&self, client: SocketAddr, datagram: &[u8]) {
        let mut wires = self.wires();
        let now = wires.now;
        wires.of_client(client).for_each(|wire| wire.up.push(now, datagram));
    }

    /// Sends bytes to a client as if they came from its endpoint.
    pub fn spoof_to(&self, client: SocketAddr, datagram: &[u8]) {
        let mut wires = self.wires();
        let now = wires.now;
        wires.of_client(client).for_each(|wire| wire.down.push(now, datagram));
    }

    /// The last datagrams that a client has sent, oldest first: an attacker on the path could send them again.
    pub fn overheard(&self, client: SocketAddr) -> Vec<Vec<u8>> {
        self.wires().of_client(client).flat_map(|wire| wire.overheard.iter().cloned()).collect()
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.0.lock().expect("no test panics while holding the network")
    }
}

impl Wires {
    fn of_client(&mut self, client: SocketAddr) -> impl Iterator<Item = &mut Wire> {
        self.by_ends.iter_mut().filter(move |(ends, _)| ends.client == client).map(|(_, wire)| wire)
    }

    /// The wire on which the endpoint `server` sees a client at this address.
    fn seen_at(&mut self, client: SocketAddr, server: SocketAddr) -> Option<&mut Wire> {
        let ends = Ends { client, server };
        // Nearly always it is the client's own address.
        if self.by_ends.get(&ends).is_some_and(|wire| wire.seen_as == client) {
            return self.by_ends.get_mut(&ends);
        }
        self.by_ends
            .iter_mut()
            .find(|(ends, wire)| ends.server == server && wire.seen_as == client)
            .map(|(_, wire)| wire)
    }

    fn at(&mut self, ends: Ends) -> &mut Wire {
        self.by_ends.get_mut(&ends).expect("a link lasts as long as its network")
    }
}

/// The client's end of a link. It uses the network's time, not the client's clock.
pub struct ClientEnd {
    network: Network,
    ends: Ends,
    /// The address that the server sees.
    pub address: SocketAddr,
}

impl Link for ClientEnd {
    fn send(&mut self, _now: Duration, datagram: &[u8]) {
        let mut wires = self.network.wires();
        let now = wires.now;
        let wire = wires.at(self.ends);
        if wire.overheard.len() == OVERHEARD_MAX {
            wire.overheard.pop_front();
        }
        wire.overheard.push_back(datagram.to_vec());
        if !wire.is_cut {
            wire.up.push(now, datagram);
        }
    }

    fn receive(&mut self, _now: Duration, buffer: &mut [u8]) -> Option<usize> {
        let mut wires = self.network.wires();
        let now = wires.now;
        let wire = wires.at(self.ends);
        let datagram = wire.down.pop(now).filter(|_| !wire.is_cut)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Some(length)
    }
}

/// The endpoint's end of all links to it.
pub struct EndpointEnd {
    network: Network,
    address: SocketAddr,
}

impl Datagrams for EndpointEnd {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)> {
        let mut wires = self.network.wires();
        let now = wires.now;
        for (_, wire) in wires.by_ends.iter_mut().filter(|(ends, _)| ends.server == self.address) {
            if let Some(datagram) = wire.up.pop(now) {
                let length = datagram.len().min(buffer.len());
                buffer[..length].copy_from_slice(&datagram[..length]);
                return Some((length, wire.seen_as.into()));
            }
        }
        None
    }

    fn send(&mut self, datagram: &[u8], route: Route) {
        let mut wires = self.network.wires();
        let now = wires.now;
        if let Some(wire) = wires.seen_at(route.remote, self.address).filter(|wire| !wire.is_cut) {
            wire.down.push(now, datagram);
        }
    }
}

//! A network in memory: every client has a link of two seeded [`NetSim`]s to the lane its token names.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use framehouse_client::net::Link;
use framehouse_server::net::datagrams::Datagrams;
use framehouse_shared::net_sim::{NetSim, NetSimConfig};

/// All links of a test world, and what time it is on them.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<Wires>>);

#[derive(Default)]
struct Wires {
    now: Duration,
    // Sorted, so that a lane takes its datagrams in the same order in every run.
    by_client: BTreeMap<SocketAddr, Wire>,
    clients_made: u16,
}

struct Wire {
    lane: SocketAddr,
    up: NetSim,
    down: NetSim,
    is_cut: bool,
}

impl Network {
    /// The time on the network.
    pub fn set_now(&self, now: Duration) {
        self.wires().now = now;
    }

    /// A client's end of a new link to a lane.
    pub fn connect(&self, lane: SocketAddr, config: NetSimConfig, seed: u64) -> ClientEnd {
        let mut wires = self.wires();
        wires.clients_made += 1;
        let address = SocketAddr::from(([10, 0, 0, 1], 1000 + wires.clients_made));
        let up = NetSim::new(config, seed * 2);
        let down = NetSim::new(config, seed * 2 + 1);
        wires.by_client.insert(address, Wire { lane, up, down, is_cut: false });
        ClientEnd { network: self.clone(), address }
    }

    /// A lane's end.
    pub fn lane(&self, address: SocketAddr) -> LaneEnd {
        LaneEnd { network: self.clone(), address }
    }

    /// From now on nothing goes through this client's link, or everything does again.
    pub fn set_cut(&self, client: SocketAddr, is_cut: bool) {
        if let Some(wire) = self.wires().by_client.get_mut(&client) {
            wire.is_cut = is_cut;
        }
    }

    /// Sends any bytes to a client's lane as if they came from that client.
    pub fn spoof(&self, client: SocketAddr, datagram: &[u8]) {
        let mut wires = self.wires();
        let now = wires.now;
        if let Some(wire) = wires.by_client.get_mut(&client) {
            wire.up.push(now, datagram);
        }
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.0.lock().expect("no test panics while holding the network")
    }
}

/// The client's end of a link.
pub struct ClientEnd {
    network: Network,
    /// The address that the server sees.
    pub address: SocketAddr,
}

impl Link for ClientEnd {
    fn send(&mut self, now: Duration, datagram: &[u8]) {
        let mut wires = self.network.wires();
        let wire = wires.by_client.get_mut(&self.address).expect("a link lasts as long as its network");
        if !wire.is_cut {
            wire.up.push(now, datagram);
        }
    }

    fn receive(&mut self, now: Duration, buffer: &mut [u8]) -> Option<usize> {
        let mut wires = self.network.wires();
        let wire = wires.by_client.get_mut(&self.address).expect("a link lasts as long as its network");
        let datagram = wire.down.pop(now).filter(|_| !wire.is_cut)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Some(length)
    }
}

/// The lane's end of all links to it.
pub struct LaneEnd {
    network: Network,
    address: SocketAddr,
}

impl Datagrams for LaneEnd {
    fn local_address(&self) -> SocketAddr {
        self.address
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let mut wires = self.network.wires();
        let now = wires.now;
        for (client, wire) in wires.by_client.iter_mut().filter(|(_, wire)| wire.lane == self.address) {
            if let Some(datagram) = wire.up.pop(now) {
                let length = datagram.len().min(buffer.len());
                buffer[..length].copy_from_slice(&datagram[..length]);
                return Some((length, *client));
            }
        }
        None
    }

    fn send(&mut self, datagram: &[u8], to: SocketAddr) {
        let mut wires = self.network.wires();
        let now = wires.now;
        if let Some(wire) = wires.by_client.get_mut(&to).filter(|wire| !wire.is_cut) {
            wire.down.push(now, datagram);
        }
    }
}

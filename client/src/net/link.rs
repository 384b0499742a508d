//! Links that carry datagrams: a UDP socket, or a simulated bad network around another link.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use framehouse_shared::net_sim::{NetSim, NetSimConfig};

use super::Traffic;

/// A datagram link to one server. Never blocks; may lose, duplicate and reorder datagrams.
pub trait Link: Send + Sync {
    /// Sends a datagram, or loses it.
    fn send(&mut self, now: Duration, datagram: &[u8]);

    /// Writes the next datagram into `buffer` and returns its length; a longer one is cut to the buffer.
    fn receive(&mut self, now: Duration, buffer: &mut [u8]) -> Option<usize>;
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn send(&mut self, now: Duration, datagram: &[u8]) {
        (**self).send(now, datagram);
    }
    fn receive(&mut self, now: Duration, buffer: &mut [u8]) -> Option<usize> {
        (**self).receive(now, buffer)
    }
}

/// A link that counts its traffic.
pub(super) struct CountedLink {
    inner: Box<dyn Link>,
    traffic: Traffic,
}

impl CountedLink {
    pub(super) fn new(inner: Box<dyn Link>) -> Self {
        Self { inner, traffic: Traffic::default() }
    }

    pub(super) fn send(&mut self, now: Duration, datagram: &[u8]) {
        self.traffic.count_up(datagram.len());
        self.inner.send(now, datagram);
    }

    pub(super) fn receive(&mut self, now: Duration, buffer: &mut [u8]) -> Option<usize> {
        let length = self.inner.receive(now, buffer)?;
        self.traffic.count_down(length);
        Some(length)
    }

    pub(super) const fn traffic(&self) -> Traffic {
        self.traffic
    }
}

/// A UDP socket; every session has its own.
#[derive(Debug)]
pub struct UdpLink {
    socket: UdpSocket,
}

impl UdpLink {
    /// Opens a socket that communicates with `server` only.
    ///
    /// # Errors
    /// When the system provides no socket or no route to the server.
    pub fn connect(server: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }
}

impl Link for UdpLink {
    fn send(&mut self, _now: Duration, datagram: &[u8]) {
        // A datagram that cannot be sent is a lost one: netcode's time-out decides when a server is gone.
        drop(self.socket.send(datagram));
    }

    fn receive(&mut self, _now: Duration, buffer: &mut [u8]) -> Option<usize> {
        // "Connection refused" and the like are no datagram either.
        self.socket.recv(buffer).ok()
    }
}

/// Maximum number of datagrams taken from the inner link in one call, so that a flood cannot block the caller.
const DRAIN_MAX: usize = 1024;

/// A simulated bad network around another link (`--net-sim`).
pub struct SimulatedLink<L> {
    inner: L,
    up: NetSim,
    down: NetSim,
}

impl<L: Link> SimulatedLink<L> {
    /// The same conditions in both directions, each with its own random numbers.
    pub fn new(inner: L, config: NetSimConfig, seed: u64) -> Self {
        Self { inner, up: NetSim::new(config, seed), down: NetSim::new(config, !seed) }
    }

    fn pass_on(&mut self, now: Duration) {
        while let Some(datagram) = self.up.pop(now) {
            self.inner.send(now, &datagram);
        }
    }
}

impl<L: Link> Link for SimulatedLink<L> {
    fn send(&mut self, now: Duration, datagram: &[u8]) {
        self.up.push(now, datagram);
        self.pass_on(now);
    }

    fn receive(&mut self, now: Duration, buffer: &mut [u8]) -> Option<usize> {
        self.pass_on(now);
        for _ in 0..DRAIN_MAX {
            let Some(length) = self.inner.receive(now, buffer) else { break };
            self.down.push(now, &buffer[..length]);
        }
        let datagram = self.down.pop(now)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Some(length)
    }
}

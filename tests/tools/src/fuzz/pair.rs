//! Fuzz target of a whole UDP endpoint and a connected client, with an attacker between them.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use framehouse_client::net::{Connection, Link, Status};
use framehouse_server::{
    config::NetSettings,
    net::{
        endpoint::{ClientEvent, Endpoint},
        token::NetcodeKey,
        udp::{Datagrams, Route, UdpEndpoint, UdpSettings},
    },
    schedule::TickRate,
};
use framehouse_shared::protocol::{channel::CHANNEL_BYTES_MAX, guard::Dropped, messages::ClientMessage};

use super::records::{self, Record};

/// Raw bytes come to the endpoint from the connected client's address.
pub const RAW_CONNECTED: u8 = 0;
/// Raw bytes come to the endpoint from a client's address that has not finished its handshake.
pub const RAW_PENDING: u8 = 1;
/// Raw bytes come to the endpoint from an address it does not know.
pub const RAW_UNKNOWN: u8 = 2;
/// The connected client seals the bytes as a payload of its own.
pub const SEALED_BY_CLIENT: u8 = 3;
/// A datagram of the client arrives once more. The upper bits say which one; the bytes are its source address and changes to
/// it (`position, xor`).
pub const REPLAYED: u8 = 4;
/// Raw bytes come to the client.
pub const RAW_TO_CLIENT: u8 = 5;
/// The endpoint seals the bytes as a payload of its own.
pub const SEALED_BY_ENDPOINT: u8 = 6;
/// Both send a message, and time passes: 8 ms for each unit in the upper bits.
pub const TIME: u8 = 7;

const SERVER: SocketAddr = address(1);
const CONNECTED: SocketAddr = address(2);
const PENDING: SocketAddr = address(3);
const UNKNOWN: SocketAddr = address(4);
const CLIENT: u64 = 7;
const UNIX_BASE: Duration = Duration::from_secs(1_700_000_000);
const KEPT_MAX: usize = 32;

const fn address(host: u8) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, host)), 7800)
}

/// Runs an endpoint and a client.
pub fn endpoint(input: &[u8]) {
    let mut pair = Pair::connected();
    for Record { op, bytes } in records::read(input) {
        pair.act(op, &bytes);
        pair.step(Duration::ZERO);
        pair.check();
    }
    pair.step(Duration::from_millis(600));
    pair.check();
}

/// The datagrams in flight.
#[derive(Default)]
struct Wires {
    to_server: VecDeque<(Vec<u8>, SocketAddr)>,
    to_client: VecDeque<Vec<u8>>,
    /// The first datagrams that the client sent.
    kept: Vec<Vec<u8>>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Wires>>);

impl Shared {
    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.0.lock().expect("nothing panics while holding the wires")
    }
}

impl Datagrams for Shared {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)> {
        let (datagram, from) = self.wires().to_server.pop_front()?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Some((length, from.into()))
    }

    fn send(&mut self, datagram: &[u8], route: Route) {
        if route.remote == CONNECTED {
            self.wires().to_client.push_back(datagram.to_vec());
        }
    }
}

impl Link for Shared {
    fn send(&mut self, _now: Duration, datagram: &[u8]) {
        let mut wires = self.wires();
        wires.to_server.push_back((datagram.to_vec(), CONNECTED));
        if wires.kept.len() < KEPT_MAX {
            wires.kept.push(datagram.to_vec());
        }
    }

    fn receive(&mut self, _now: Duration, buffer: &mut [u8]) -> Option<usize> {
        let datagram = self.wires().to_client.pop_front()?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Some(length)
    }
}

struct Pair {
    wires: Shared,
    endpoint: UdpEndpoint,
    client: Connection,
    now: Duration,
    /// Whether the input made a peer send something that no peer of this version sends.
    is_sealed: bool,
    is_cut: bool,
}

impl Pair {
    fn connected() -> Self {
        let mut settings = UdpSettings::new(TickRate(30), &NetSettings::default());
        // The same datagrams in every run.
        settings.key = NetcodeKey([9; 32]);
        let wires = Shared::default();
        let endpoint = UdpEndpoint::new(Box::new(wires.clone()), SERVER, settings, UNIX_BASE);
        let token = |client| endpoint.admit(client, None, UNIX_BASE).token;
        let connection = |client, link| Connection::new(&token(client), Box::new(link), Duration::ZERO);
        let client = connection(CLIENT, wires.clone()).expect("our own token");
        let pending = Shared::default();
        let mut asking = connection(CLIENT + 1, pending.clone()).expect("our own token");
        let mut pair = Self { wires, endpoint, client, now: Duration::ZERO, is_sealed: false, is_cut: false };
        asking.receive(Duration::from_millis(300));
        let (request, _) = pending.wires().to_server.pop_front().expect("it asks at once");
        pair.wires.wires().to_server.push_back((request, PENDING));
        (0..4).for_each(|_| pair.step(Duration::from_millis(300)));
        assert_eq!((pair.endpoint.clients(), pair.client.status()), (1, Status::Connected));
        pair
    }

    fn act(&mut self, op: u8, bytes: &[u8]) {
        let from = |from: SocketAddr| (bytes.to_vec(), from);
        match op & 7 {
            RAW_CONNECTED => self.wires.wires().to_server.push_back(from(CONNECTED)),
            RAW_PENDING => self.wires.wires().to_server.push_back(from(PENDING)),
            RAW_UNKNOWN => self.wires.wires().to_server.push_back(from(UNKNOWN)),
            SEALED_BY_CLIENT => {
                self.is_sealed = true;
                self.client.send_datagram(self.now, bytes);
            }
            REPLAYED => self.replay(usize::from(op >> 3), bytes),
            RAW_TO_CLIENT => self.wires.wires().to_client.push_back(bytes.to_vec()),
            SEALED_BY_ENDPOINT => {
                self.is_sealed = true;
                self.endpoint.send_datagram(CLIENT, bytes);
            }
            _ => {
                // So little that no number of records exceeds the endpoint's limit for one client.
                let message = &bytes[..bytes.len().min(CHANNEL_BYTES_MAX / records::RECORDS_MAX / 4)];
                if !message.is_empty() {
                    self.endpoint.queue_encoded(CLIENT, message);
                }
                self.client.queue_control(&ClientMessage::Ready(true));
                self.step(Duration::from_millis(u64::from(op >> 3) * 8));
            }
        }
    }

    fn replay(&mut self, which: usize, bytes: &[u8]) {
        let mut wires = self.wires.wires();
        let Some(mut datagram) = wires.kept.get(which % wires.kept.len().max(1)).cloned() else { return };
        let (from, changes) = bytes.split_first().unwrap_or((&0, &[]));
        for change in changes.chunks_exact(2) {
            let place = usize::from(change[0]) % datagram.len();
            datagram[place] ^= change[1];
        }
        let from = [CONNECTED, PENDING, UNKNOWN][usize::from(*from) % 3];
        wires.to_server.push_back((datagram, from));
    }

    fn step(&mut self, time: Duration) {
        self.now += time;
        self.endpoint.receive(UNIX_BASE + self.now, usize::MAX);
        self.take_events();
        self.endpoint.send();
        self.client.receive(self.now);
        self.client.send(self.now);
        while self.client.next_control().is_some() || self.client.next_datagram().is_some() {}
    }

    fn take_events(&mut self) {
        let mut events = Vec::new();
        self.endpoint.drain(&mut events);
        // A packet may complete messages that waited for it: at most the bytes that renet keeps, in messages of two bytes
        // or more.
        assert!(events.len() <= CHANNEL_BYTES_MAX + 64, "{} events in one receive", events.len());
        for event in events {
            match event {
                (CLIENT, ClientEvent::Disconnected(_)) => self.is_cut = true,
                // While its token is valid, an attacker can send the handshake of an ended connection again. There is no
                // session for it, and the server closes connections without a session.
                (CLIENT, ClientEvent::Connected) if self.is_cut => self.endpoint.close(CLIENT),
                _ => {}
            }
        }
    }

    fn check(&mut self) {
        self.take_events();
        assert_eq!(self.endpoint.traffic().dropped.of(Dropped::Panic), 0, "a library panicked in the endpoint");
        assert_eq!(self.client.drops().of(Dropped::Panic), 0, "a library panicked in the client");
        assert_eq!(self.endpoint.clients(), usize::from(!self.is_cut), "the endpoint knows who is connected");
        if !self.is_sealed {
            assert!(!self.is_cut, "the endpoint lost its client because of somebody else");
            assert_eq!(self.client.status(), Status::Connected, "the client was lost because of somebody else");
        }
    }
}

//! A UDP endpoint with 64 clients on a socket in memory, so that the kernel is not measured. An operation is one datagram.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use framehouse_client::net::{Connection, Link, Status};
use framehouse_server::{
    config::NetSettings,
    net::{
        endpoint::{ClientEvent, ClientId, Endpoint},
        udp::{Datagrams, Route, UdpEndpoint, UdpSettings},
    },
    schedule::TickRate,
};
use framehouse_shared::{
    protocol::datagram::{FramesHeader, Inputs},
    tick::Tick,
};

use super::Body;

const CLIENTS: usize = 64;
/// Ticks of a run.
const TICKS: u32 = 20;
const TICK: Duration = Duration::from_nanos(1_000_000_000 / 30);
const UNIX_BASE: Duration = Duration::from_secs(1_700_000_000);

/// Every client's inputs of a tick: guard, decryption, budget, decoding.
pub fn receive() -> Body {
    let mut crowd = Crowd::connected();
    let mut events = Vec::new();
    Box::new(move |timer| {
        for _ in 0..TICKS {
            crowd.now += TICK;
            crowd.send_inputs();
            let Crowd { endpoint, now, .. } = &mut crowd;
            let read = timer.time(CLIENTS, || {
                let read = endpoint.receive(UNIX_BASE + *now, usize::MAX);
                endpoint.drain(&mut events);
                read
            });
            let is_input = |(_, event): &(ClientId, ClientEvent)| matches!(event, ClientEvent::Inputs(_));
            assert_eq!((read, events.iter().filter(|event| is_input(event)).count()), (CLIENTS, CLIENTS));
        }
    })
}

/// A frame to every client: header, encryption, and what an endpoint does once a tick.
pub fn send() -> Body {
    let mut crowd = Crowd::connected();
    let (older, newest) = ([0; 14], [0; 16]);
    let mut tick = Tick(100);
    Box::new(move |timer| {
        for _ in 0..TICKS {
            tick = tick.plus(1);
            crowd.now += TICK;
            // The connections would time out.
            crowd.send_inputs();
            crowd.endpoint.receive(UNIX_BASE + crowd.now, usize::MAX);
            crowd.endpoint.drain(&mut Vec::new());
            let header = FramesHeader { match_low: 1, newest: tick, input_ack: tick.plus(3), feedback: None };
            timer.time(CLIENTS, || {
                for client in 0..CLIENTS as ClientId {
                    crowd.endpoint.queue_frames(client, &header, &[&older, &newest]);
                }
                crowd.endpoint.send();
            });
        }
        assert_eq!(crowd.endpoint.clients(), CLIENTS, "all clients are still connected");
    })
}

/// Datagrams in flight. A client's number is the last byte of its address.
#[derive(Clone, Default)]
struct Wires(Arc<Mutex<InFlight>>);

#[derive(Default)]
struct InFlight {
    to_server: VecDeque<(Vec<u8>, u8)>,
    to_clients: Vec<VecDeque<Vec<u8>>>,
    /// Whether the clients are connected: what is sent to them then is dropped.
    is_one_way: bool,
}

impl Wires {
    fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        self.0.lock().expect("nothing panics while holding the wires")
    }
}

fn address(client: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, client], 7800))
}

fn copy(datagram: &[u8], buffer: &mut [u8]) -> usize {
    buffer[..datagram.len()].copy_from_slice(datagram);
    datagram.len()
}

impl Datagrams for Wires {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)> {
        let (datagram, from) = self.in_flight().to_server.pop_front()?;
        Some((copy(&datagram, buffer), address(from).into()))
    }

    fn send(&mut self, datagram: &[u8], route: Route) {
        let mut in_flight = self.in_flight();
        if let IpAddr::V4(ip) = route.remote.ip()
            && !in_flight.is_one_way
        {
            in_flight.to_clients[usize::from(ip.octets()[3])].push_back(datagram.to_vec());
        }
    }
}

/// A client's end of the wires, with its number.
struct ClientEnd(Wires, u8);

impl Link for ClientEnd {
    fn send(&mut self, _: Duration, datagram: &[u8]) {
        self.0.in_flight().to_server.push_back((datagram.to_vec(), self.1));
    }

    fn receive(&mut self, _: Duration, buffer: &mut [u8]) -> Option<usize> {
        let datagram = self.0.in_flight().to_clients[usize::from(self.1)].pop_front()?;
        Some(copy(&datagram, buffer))
    }
}

struct Crowd {
    endpoint: UdpEndpoint,
    clients: Vec<Connection>,
    now: Duration,
    inputs: Vec<u8>,
}

impl Crowd {
    fn connected() -> Self {
        let wires = Wires::default();
        wires.in_flight().to_clients.resize_with(CLIENTS, VecDeque::new);
        let public = SocketAddr::new(Ipv4Addr::new(10, 0, 1, 1).into(), 7800);
        let settings = UdpSettings::new(TickRate(30), &NetSettings::default());
        let endpoint = UdpEndpoint::new(Box::new(wires.clone()), public, settings, UNIX_BASE);
        let connection = |number| {
            let token = endpoint.admit(u64::from(number), None, UNIX_BASE).token;
            Connection::new(&token, Box::new(ClientEnd(wires.clone(), number)), Duration::ZERO).expect("our own token")
        };
        let clients = (0..CLIENTS as u8).map(connection).collect();
        let mut crowd = Self { endpoint, clients, now: Duration::ZERO, inputs: encoded_inputs() };
        (0..4).for_each(|_| crowd.shake_hands());
        assert!(crowd.clients.iter().all(|client| client.status() == Status::Connected), "all clients are connected");
        wires.in_flight().is_one_way = true;
        crowd
    }

    fn shake_hands(&mut self) {
        self.now += Duration::from_millis(300);
        let now = self.now;
        self.clients.iter_mut().for_each(|client| client.receive(now));
        self.endpoint.receive(UNIX_BASE + now, usize::MAX);
        self.endpoint.drain(&mut Vec::new());
        self.endpoint.send();
        self.clients.iter_mut().for_each(|client| client.receive(now));
    }

    fn send_inputs(&mut self) {
        let Self { clients, now, inputs, .. } = self;
        clients.iter_mut().for_each(|client| client.send_datagram(*now, inputs));
    }
}

fn encoded_inputs() -> Vec<u8> {
    let mut bytes = Vec::new();
    let inputs = [[3, 200, 9, 1, 0, 0, 0, 0], [2, 200, 9, 0, 0, 0, 0, 0]].map(framehouse_shared::input::Input);
    let next_frame = Tick(100);
    Inputs {
        match_low: 1,
        next_frame,
        seen_frames: next_frame,
        newest: next_frame.plus(4),
        inputs: inputs.into_iter().collect(),
        report: None,
    }
    .encode(&mut bytes);
    bytes
}

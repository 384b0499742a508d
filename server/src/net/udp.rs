//! The UDP endpoint: one socket with netcode (encryption, handshake) and renet (reliable channel).

mod peers;
mod public_host;
mod receive;
mod reliable;
mod send;
mod settings;
mod shelves;
mod socket;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bevy_renet::RenetServer;
use framehouse_shared::{
    ids::SessionId,
    protocol::{
        channel::Queued,
        datagram::{FramesHeader, Pong, put_frames},
    },
};

pub use public_host::PublicHost;
pub use settings::UdpSettings;
pub use socket::{Datagrams, Route, UdpDatagrams};

use super::{
    endpoint::{Admission, ClientEvent, ClientId, Endpoint, Traffic},
    outgoing::Outgoing,
    token::{TokenKeys, make_token},
};
use peers::Peers;
use reliable::in_flight;
use shelves::{CLIENTS_MAX, Shelves};
use socket::CountedSocket;

/// An endpoint on a UDP socket, with netcode and renet.
pub struct UdpEndpoint {
    public_address: SocketAddr,
    public_host: Option<PublicHost>,
    settings: UdpSettings,
    traffic: Traffic,
    socket: CountedSocket,
    netcode: Shelves,
    renet: RenetServer,
    peers: Peers,
    events: Vec<(ClientId, ClientEvent)>,
    /// Datagrams of this tick, concatenated. `datagrams` has the client and end offset of each.
    datagram_bytes: Vec<u8>,
    datagrams: Vec<(ClientId, usize)>,
    pong_bytes: Vec<u8>,
    closing: Vec<ClientId>,
    keep_alive_at: Duration,
    moves_tried: u32,
    /// Whether any client may have another address now, once that was looked up in this turn.
    may_have_moved: Option<bool>,
    now: Duration,
    renet_now: Duration,
}

impl UdpEndpoint {
    /// An endpoint on `socket`. Clients connect to `public_address`. `unix_now` is the time since 1970-01-01 UTC.
    pub fn new(
        socket: Box<dyn Datagrams>,
        public_address: SocketAddr,
        settings: UdpSettings,
        unix_now: Duration,
    ) -> Self {
        let keys = TokenKeys::new(settings.key.clone(), settings.key_interval, unix_now);
        let netcode = Shelves::new(keys, public_address, unix_now);
        Self {
            public_address,
            public_host: None,
            settings,
            traffic: Traffic::default(),
            socket: CountedSocket::new(socket),
            netcode,
            renet: RenetServer::new(reliable::connection_config()),
            peers: Peers::default(),
            events: Vec::new(),
            datagram_bytes: Vec::new(),
            datagrams: Vec::new(),
            pong_bytes: Vec::new(),
            closing: Vec::new(),
            keep_alive_at: unix_now,
            moves_tried: 0,
            may_have_moved: None,
            now: unix_now,
            renet_now: unix_now,
        }
    }

    /// From now on, clients connect to an address of this host, at the port of the public address.
    pub fn at_host(mut self, host: PublicHost) -> Self {
        self.public_host = Some(host);
        self
    }

    /// The address that clients connect to.
    pub const fn public_address(&self) -> SocketAddr {
        self.public_address
    }

    /// Sends an unreliable datagram at once.
    pub fn send_datagram(&mut self, client: ClientId, payload: &[u8]) {
        send::send_payload(&self.peers, &mut self.netcode, &mut self.socket, client, payload);
    }

    /// Queues an encoded message, as [`Endpoint::queue_message`] does.
    pub fn queue_encoded(&mut self, client: ClientId, message: &[u8]) {
        let Some(peer) = self.peers.of(client) else { return };
        self.traffic.messages_out += 1;
        match peer.path.queue(message, in_flight(&self.renet, client)) {
            Queued::Kept => {}
            Queued::OverCap => self.cut_off(client, "it did not keep up with the room's messages"),
            Queued::TooLong => {
                let session = SessionId(client);
                tracing::error!(%session, bytes = message.len(), "a message is too long to be sent");
                self.cut_off(client, "a message of the server was too long for it");
            }
        }
    }

    fn cut_off(&mut self, client: ClientId, reason: &'static str) {
        self.events.push((client, ClientEvent::Disconnected(reason)));
        self.closing.push(client);
    }
}

impl Endpoint for UdpEndpoint {
    fn admit(&self, client: ClientId, caller: Option<IpAddr>, unix_now: Duration) -> Admission {
        let key = self.netcode.key_at(unix_now);
        let ip = self.public_host.as_ref().map_or(self.public_address.ip(), |host| host.address_for(caller));
        let server = SocketAddr::new(ip, self.public_address.port());
        let token =
            make_token(key, client, (self.public_address, server), self.settings.connection_timeout_s, unix_now);
        Admission { token, server }
    }

    fn capacity(&self) -> usize {
        CLIENTS_MAX
    }

    fn clients(&self) -> usize {
        self.peers.count()
    }

    fn ip(&self, client: ClientId) -> Option<IpAddr> {
        self.peers.get(client).map(|peer| peer.route().remote.ip())
    }

    fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn receive(&mut self, unix_now: Duration, packets_max: usize) -> usize {
        self.receive_datagrams(unix_now, packets_max)
    }

    fn drain(&mut self, events: &mut Vec<(ClientId, ClientEvent)>) {
        events.clear();
        std::mem::swap(events, &mut self.events);
    }

    fn queue_frames(&mut self, client: ClientId, header: &FramesHeader, frames: &[&[u8]]) {
        put_frames(&mut self.datagram_bytes, header, frames.iter().copied());
        self.datagrams.push((client, self.datagram_bytes.len()));
    }

    fn queue_message(&mut self, client: ClientId, message: &Outgoing) {
        self.queue_encoded(client, message.encoded());
    }

    fn answer_ping(&mut self, client: ClientId, pong: &Pong) {
        self.pong_bytes.clear();
        pong.encode(&mut self.pong_bytes);
        send::send_payload(&self.peers, &mut self.netcode, &mut self.socket, client, &self.pong_bytes);
    }

    fn unacknowledged(&self, client: ClientId) -> usize {
        let in_flight = in_flight(&self.renet, client);
        self.peers.get(client).map_or(0, |peer| peer.path.unacknowledged(in_flight))
    }

    fn close(&mut self, client: ClientId) {
        self.closing.push(client);
    }

    fn send(&mut self) {
        self.send_queued();
    }
}

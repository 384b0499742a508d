//! A lane: one UDP port with its own netcode and renet, up to 256 clients. Lanes run in parallel and share nothing.
//!
//! This file is the way in; `send.rs` is the way out.

mod parts;
mod send;

use std::{
    collections::HashMap,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use bevy::prelude::*;
use bevy_renet::{
    RenetServer,
    renet::{ChannelConfig, ConnectionConfig, SendType},
};
use framehouse_shared::protocol::{
    channel::{
        CHANNEL_BYTES_MAX, FLUSH_BYTES_MAX, FlushGate, Outbox, Queued, RELIABLE_CHANNEL, RESEND_TIME, split_batch,
    },
    control::NETCODE_PROTOCOL_ID,
    guard::{self, DATAGRAM_BYTES_MAX, Dropped, PacketKind, PayloadKind},
    hot::TAG_INPUTS,
};
use renetcode::{NetcodeServer, ServerAuthentication, ServerConfig, ServerResult};

pub use parts::{Inbound, LaneSettings, LaneTraffic};

use super::{
    budget::{Account, Budget, Charge},
    datagrams::Datagrams,
    token::NetcodeKey,
};

/// Clients a lane can have: netcode's look-ups scan them all, which is fine here and costly at 1000.
pub const LANE_CLIENTS_MAX: usize = 256;
/// Datagrams a lane takes in one `Receive`; what is left waits in the kernel's buffer.
const DATAGRAMS_PER_RECEIVE_MAX: usize = 4096;
/// The bytes of UDP and IPv4 headers around a datagram.
const UDP_IP_BYTES: u64 = 28;

/// netcode's id of a connection; fresh per session, so it also names the session.
pub type ClientId = u64;

struct Peer {
    client: ClientId,
    address: SocketAddr,
    outbox: Outbox,
    gate: FlushGate,
    messages_received: u64,
    in_flight_least: usize,
    progress_at: Duration,
    /// Something of the reliable path is queued, outstanding, owed or just came: most peers have nothing of that.
    is_busy: bool,
    budget: Budget,
    is_kicked: bool,
}

/// One socket with netcode and renet on it.
#[derive(Component)]
pub struct Lane {
    /// The address in this lane's connect tokens.
    pub public_address: SocketAddr,
    /// What went through it.
    pub traffic: LaneTraffic,
    io: LaneIo,
    netcode: NetcodeServer,
    renet: RenetServer,
    /// In order of connecting: lanes iterate this, never a map with a random order.
    peers: Vec<Peer>,
    addresses: HashMap<SocketAddr, ClientId>,
    inbox: Vec<Inbound>,
    hot_bytes: Vec<u8>,
    hot_queue: Vec<(ClientId, usize)>,
    closing: Vec<ClientId>,
    settings: LaneSettings,
    keep_alive_at: Duration,
    now: Duration,
    renet_now: Duration,
}

/// The socket and the count of what it sent, apart from netcode so that netcode's buffer can be borrowed while sending.
struct LaneIo {
    socket: Box<dyn Datagrams>,
    packets_out: u64,
    bytes_out: u64,
}

impl LaneIo {
    fn send(&mut self, datagram: &[u8], to: SocketAddr) {
        self.packets_out += 1;
        self.bytes_out += datagram.len() as u64 + UDP_IP_BYTES;
        self.socket.send(datagram, to);
    }
}

impl Lane {
    /// A lane on this socket; `now` counts from 1970, like the expiry of tokens.
    pub fn new(
        socket: Box<dyn Datagrams>,
        public_address: SocketAddr,
        key: &NetcodeKey,
        settings: LaneSettings,
        now: Duration,
    ) -> Self {
        let netcode = NetcodeServer::new(ServerConfig {
            current_time: now,
            max_clients: LANE_CLIENTS_MAX,
            protocol_id: NETCODE_PROTOCOL_ID,
            public_addresses: vec![public_address],
            authentication: ServerAuthentication::Secure { private_key: key.0 },
        });
        Self {
            public_address,
            traffic: LaneTraffic::default(),
            io: LaneIo { socket, packets_out: 0, bytes_out: 0 },
            netcode,
            renet: RenetServer::new(connection_config()),
            peers: Vec::new(),
            addresses: HashMap::new(),
            inbox: Vec::new(),
            hot_bytes: Vec::new(),
            hot_queue: Vec::new(),
            closing: Vec::new(),
            settings,
            keep_alive_at: now,
            now,
            renet_now: now,
        }
    }

    /// How many clients are connected.
    pub fn clients(&self) -> usize {
        self.peers.len()
    }

    /// Takes everything that came in.
    pub fn drain_inbox(&mut self) -> Vec<Inbound> {
        std::mem::take(&mut self.inbox)
    }

    /// Queues a hot message, written by `write` into the lane's buffer; it leaves with this tick's `Send`.
    pub fn queue_hot(&mut self, client: ClientId, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.hot_bytes);
        self.hot_queue.push((client, self.hot_bytes.len()));
    }

    /// Sends a hot message at once: for pongs, whose worth is their timing.
    pub fn send_hot_now(&mut self, client: ClientId, payload: &[u8]) {
        send_payload(&mut self.netcode, &mut self.io, client, payload);
    }

    /// Queues a reliable message. A client over its cap is cut: it cannot keep up, and hurts nobody else.
    pub fn queue_reliable(&mut self, client: ClientId, message: &[u8]) {
        let in_flight = in_flight(&self.renet, client);
        let Some(peer) = self.peers.iter_mut().find(|peer| peer.client == client) else { return };
        self.traffic.messages_out += 1;
        peer.is_busy = true;
        match peer.outbox.push(message, in_flight) {
            Queued::Kept => {}
            Queued::OverCap => self.cut(client, "it did not keep up with the room's messages"),
            Queued::TooLong => {
                tracing::error!(bytes = message.len(), "a message is too long to be sent");
                self.cut(client, "the server had something to say that is too long");
            }
        }
    }

    /// Whether everything queued for a client is acknowledged, or the client is gone.
    pub fn is_settled(&self, client: ClientId) -> bool {
        self.unacknowledged(client) == 0
    }

    /// Reliable bytes for a client that it has not acknowledged: queued here, or sent.
    pub fn unacknowledged(&self, client: ClientId) -> usize {
        let queued = self.peers.iter().find(|peer| peer.client == client).map_or(0, |peer| peer.outbox.bytes());
        queued + in_flight(&self.renet, client)
    }

    /// Ends a connection with this tick's `Send`, after what is queued has been sent once.
    pub fn close(&mut self, client: ClientId) {
        self.closing.push(client);
    }

    fn cut(&mut self, client: ClientId, reason: &'static str) {
        self.inbox.push(Inbound::Disconnected(client, reason));
        self.closing.push(client);
    }

    /// Drains the socket into the inbox. `now` counts from 1970.
    pub fn receive(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.now);
        self.now = now;
        self.netcode.update(passed);
        let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
        for _ in 0..DATAGRAMS_PER_RECEIVE_MAX {
            let Some((length, from)) = self.io.socket.receive(&mut buffer) else { break };
            self.traffic.packets_in += 1;
            self.traffic.bytes_in += length as u64 + UDP_IP_BYTES;
            // The guard keeps out what is known to make the libraries panic; this net is for what is not known.
            let taken = catch_unwind(AssertUnwindSafe(|| self.take_datagram(&mut buffer[..length], from)));
            if let Err(reason) = taken.unwrap_or(Err(Dropped::Panic)) {
                self.traffic.dropped.count(reason);
            }
        }
    }

    fn take_datagram(&mut self, datagram: &mut [u8], from: SocketAddr) -> Result<(), Dropped> {
        let kind = guard::check_at_server(datagram)?;
        let connected = self.addresses.contains_key(&from);
        let is_expected = match kind {
            // A request from a connected address would refresh that connection's time-out.
            PacketKind::Request => !connected,
            // The response of a pending client is netcode's to judge.
            PacketKind::Response => true,
            _ => connected,
        };
        if !is_expected {
            return Err(Dropped::Address);
        }
        match self.netcode.process_packet(from, datagram) {
            ServerResult::None if kind == PacketKind::Payload => Err(Dropped::Unauthentic),
            ServerResult::None => Ok(()),
            ServerResult::PacketToSend { addr, payload } => {
                self.io.send(payload, addr);
                Ok(())
            }
            ServerResult::Payload { client_id, payload } => {
                let peer = self.peers.iter_mut().find(|peer| peer.client == client_id).ok_or(Dropped::Address)?;
                charge(&mut self.inbox, peer, payload, self.now)?;
                let taken = take_payload(&mut self.renet, &mut self.inbox, &mut self.traffic, peer, payload, self.now);
                if taken == Err(Dropped::Payload) {
                    self.inbox.push(Inbound::Malformed(client_id));
                }
                taken
            }
            ServerResult::ClientConnected { client_id, addr, payload, .. } => {
                self.io.send(payload, addr);
                self.connect(client_id, addr);
                Ok(())
            }
            ServerResult::ClientDisconnected { client_id, addr, payload } => {
                if let Some(payload) = payload {
                    self.io.send(payload, addr);
                }
                self.forget(client_id);
                self.inbox.push(Inbound::Disconnected(client_id, "the player left"));
                Ok(())
            }
        }
    }

    fn connect(&mut self, client: ClientId, address: SocketAddr) {
        self.renet.add_connection(client);
        while self.renet.get_event().is_some() {}
        self.addresses.insert(address, client);
        self.peers.push(Peer {
            client,
            address,
            outbox: Outbox::default(),
            gate: FlushGate::default(),
            messages_received: 0,
            in_flight_least: 0,
            progress_at: self.now,
            is_busy: false,
            budget: Budget::new(&self.settings.rates, self.now),
            is_kicked: false,
        });
        self.inbox.push(Inbound::Connected(client));
    }

    fn forget(&mut self, client: ClientId) {
        if let Some(place) = self.peers.iter().position(|peer| peer.client == client) {
            let peer = self.peers.remove(place);
            self.addresses.remove(&peer.address);
            self.renet.remove_connection(client);
            while self.renet.get_event().is_some() {}
        }
    }
}

/// Charges a payload, now that it is known to be the peer's own.
fn charge(inbox: &mut Vec<Inbound>, peer: &mut Peer, payload: &[u8], now: Duration) -> Result<(), Dropped> {
    let account = if payload.first() == Some(&TAG_INPUTS) { Account::Inputs } else { Account::Packets };
    match peer.budget.charge(account, now) {
        Charge::Paid => return Ok(()),
        Charge::Kick if !peer.is_kicked => {
            peer.is_kicked = true;
            inbox.push(Inbound::OverBudget(peer.client));
        }
        _ => {}
    }
    Err(Dropped::Budget)
}

fn take_payload(
    renet: &mut RenetServer,
    inbox: &mut Vec<Inbound>,
    traffic: &mut LaneTraffic,
    peer: &mut Peer,
    payload: &[u8],
    now: Duration,
) -> Result<(), Dropped> {
    let client = peer.client;
    match guard::check_payload(payload, peer.messages_received)? {
        PayloadKind::Hot => {
            inbox.push(Inbound::Hot(client, payload.into()));
            return Ok(());
        }
        kind => {
            peer.is_busy = true;
            renet.process_packet_from(payload, client).map_err(|_| Dropped::Address)?;
            if kind == PayloadKind::Reliable {
                peer.gate.owe_ack();
            } else {
                peer.progress_at = now;
            }
        }
    }
    while let Some(batch) = renet.receive_message(client, RELIABLE_CHANNEL) {
        peer.messages_received += 1;
        let messages = split_batch(&batch).map_err(|_| Dropped::Payload)?;
        traffic.messages_in += messages.len() as u64;
        inbox.extend(messages.into_iter().map(|message| Inbound::Control(client, message.into())));
    }
    Ok(())
}

fn send_payload(netcode: &mut NetcodeServer, io: &mut LaneIo, client: ClientId, payload: &[u8]) {
    if let Ok((address, datagram)) = netcode.generate_payload_packet(client, payload) {
        io.send(datagram, address);
    }
}

/// Bytes that renet holds for a client until they are acknowledged.
fn in_flight(renet: &RenetServer, client: ClientId) -> usize {
    if renet.is_connected(client) {
        RENET_BYTES_MAX - renet.channel_available_memory(client, RELIABLE_CHANNEL)
    } else {
        0
    }
}

/// Our own cap comes first, so that renet's never has to cut a connection without a reason.
const RENET_BYTES_MAX: usize = 2 * CHANNEL_BYTES_MAX;

fn connection_config() -> ConnectionConfig {
    let channel = ChannelConfig {
        channel_id: RELIABLE_CHANNEL,
        max_memory_usage_bytes: RENET_BYTES_MAX,
        send_type: SendType::ReliableOrdered { resend_time: RESEND_TIME },
    };
    ConnectionConfig {
        available_bytes_per_tick: FLUSH_BYTES_MAX,
        server_channels_config: vec![channel.clone()],
        client_channels_config: vec![channel],
    }
}

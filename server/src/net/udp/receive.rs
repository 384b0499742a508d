//! Receiving: from the socket through guard, netcode and a second guard to events.

use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use bevy_renet::RenetServer;
use framehouse_shared::protocol::{
    datagram::{Inputs, Ping, TAG_INPUTS, TAG_PING},
    guard::{self, DATAGRAM_BYTES_MAX, Dropped, PacketKind, PayloadKind},
    messages::ClientMessage,
};
use renetcode::ServerResult;

use super::{UdpEndpoint, peers::Peer, reliable::PeerChannel};
use crate::net::{
    budget::{Account, Charge},
    endpoint::{ClientEvent, ClientId, Traffic},
};

type Events = Vec<(ClientId, ClientEvent)>;

impl UdpEndpoint {
    pub(super) fn receive_datagrams(&mut self, now: Duration, datagrams_max: usize) -> usize {
        let passed = now.saturating_sub(self.now);
        self.now = now;
        self.netcode.update(passed);
        let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
        for count in 0..datagrams_max {
            let Some((length, from)) = self.socket.receive(&mut buffer) else { return count };
            self.traffic.packets_in += 1;
            self.traffic.bytes_in += length as u64 + guard::UDP_IP_BYTES;
            // The guard stops datagrams that are known to make the libraries panic. This catches unknown ones.
            let taken = catch_unwind(AssertUnwindSafe(|| self.take_datagram(&mut buffer[..length], from)));
            if let Err(reason) = taken.unwrap_or(Err(Dropped::Panic)) {
                self.traffic.dropped.count(reason);
            }
        }
        datagrams_max
    }

    fn take_datagram(&mut self, datagram: &mut [u8], from: SocketAddr) -> Result<(), Dropped> {
        let kind = guard::check_at_server(datagram)?;
        if !self.is_expected(kind, from) {
            return Err(Dropped::Address);
        }
        if self.peers.at(&from).is_some_and(|peer| peer.is_reported) {
            // It is about to be kicked: its flood is not worth deciphering any more.
            return Err(Dropped::Budget);
        }
        match self.netcode.process_packet(from, datagram) {
            ServerResult::None if kind == PacketKind::Payload => return Err(Dropped::Unauthentic),
            ServerResult::None => {}
            ServerResult::PacketToSend { addr, payload } => self.socket.send(payload, addr),
            ServerResult::Payload { client_id, payload } => {
                let peer = self.peers.of(client_id).ok_or(Dropped::Address)?;
                charge(&mut self.events, peer, payload, self.now)?;
                let renet = &mut self.renet;
                let taken = take_payload(renet, &mut self.events, &mut self.traffic, peer, payload, self.now);
                if taken == Err(Dropped::Payload) {
                    self.events.push((client_id, ClientEvent::Malformed));
                }
                return taken;
            }
            ServerResult::ClientConnected { client_id, addr, payload, .. } => {
                self.socket.send(payload, addr);
                self.connect(client_id, addr);
            }
            ServerResult::ClientDisconnected { client_id, addr, payload } => {
                if let Some(payload) = payload {
                    self.socket.send(payload, addr);
                }
                self.forget(client_id);
                self.events.push((client_id, ClientEvent::Disconnected("the player left")));
            }
        }
        Ok(())
    }

    fn is_expected(&self, kind: PacketKind, from: SocketAddr) -> bool {
        match kind {
            // A request from a connected address would reset the timeout of that connection.
            PacketKind::Request => !self.peers.has_address(&from),
            // netcode decides about the response of a client that is still connecting.
            PacketKind::Response => true,
            _ => self.peers.has_address(&from),
        }
    }

    fn connect(&mut self, client: ClientId, address: SocketAddr) {
        self.renet.add_connection(client);
        while self.renet.get_event().is_some() {}
        self.peers.add(client, address, &self.settings.rates, self.now);
        self.events.push((client, ClientEvent::Connected));
    }

    pub(super) fn forget(&mut self, client: ClientId) {
        if self.peers.remove(client) {
            self.renet.remove_connection(client);
            while self.renet.get_event().is_some() {}
        }
    }
}

/// Maximum number of messages taken from one payload. More than every budget of a client allows at once, and few enough
/// that a burst of payloads full of tiny messages takes little memory: the rest is dropped before it is decoded.
const MESSAGES_PER_PAYLOAD_MAX: u32 = 128;

/// Charges an authenticated payload to the peer's budget.
fn charge(events: &mut Events, peer: &mut Peer, payload: &[u8], now: Duration) -> Result<(), Dropped> {
    let account = if payload.first() == Some(&TAG_INPUTS) { Account::Inputs } else { Account::Packets };
    match peer.budget.charge(account, now) {
        Charge::Paid => return Ok(()),
        Charge::Kick if !peer.is_reported => {
            peer.is_reported = true;
            events.push((peer.client, ClientEvent::OverBudget));
        }
        _ => {}
    }
    Err(Dropped::Budget)
}

fn take_payload(
    renet: &mut RenetServer,
    events: &mut Events,
    traffic: &mut Traffic,
    peer: &mut Peer,
    payload: &[u8],
    now: Duration,
) -> Result<(), Dropped> {
    let client = peer.client;
    let mut channel = PeerChannel { renet, client };
    if peer.path.take_payload(&mut channel, payload, now)? == PayloadKind::Unreliable {
        events.push((client, read_datagram(payload)));
        return Ok(());
    }
    let mut count = 0;
    let taken = peer.path.receive(&mut channel, |message| {
        traffic.messages_in += 1;
        count += 1;
        if count > MESSAGES_PER_PAYLOAD_MAX {
            return;
        }
        events.push((client, ClientMessage::decode(message).map_or(ClientEvent::Unreadable, ClientEvent::Message)));
    });
    taken.map_err(|_| Dropped::Payload)
}

fn read_datagram(payload: &[u8]) -> ClientEvent {
    let read = match payload.first() {
        Some(&TAG_INPUTS) => Inputs::decode(payload).ok().map(ClientEvent::Inputs),
        Some(&TAG_PING) => Ping::decode(payload).ok().map(ClientEvent::Ping),
        _ => None,
    };
    read.unwrap_or(ClientEvent::Unreadable)
}

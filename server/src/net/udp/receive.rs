//! Receiving: from the socket through guard, netcode and a second guard to events.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use bevy_renet::RenetServer;
use framehouse_shared::{
    ids::SessionId,
    protocol::{
        datagram::{Inputs, Ping, Probe, TAG_INPUTS, TAG_PING},
        guard::{self, DATAGRAM_BYTES_MAX, Dropped, PacketKind, PayloadKind},
        messages::ClientMessage,
    },
};
use renetcode::ServerResult;

use super::{Route, UdpEndpoint, peers::Peer, reliable::PeerChannel, shelves::Shelf};
use crate::net::{
    budget::{Account, Charge},
    endpoint::{ClientEvent, ClientId, Traffic},
};

/// Maximum number of keys that datagrams from unknown addresses are tried with in one turn. A flood of them costs no more
/// than that, and clients whose address has changed then wait for a quieter turn.
const MOVES_TRIED_MAX: u32 = 16;

type Events = Vec<(ClientId, ClientEvent)>;

impl UdpEndpoint {
    pub(super) fn receive_datagrams(&mut self, now: Duration, datagrams_max: usize) -> usize {
        let passed = now.saturating_sub(self.now);
        self.now = now;
        self.netcode.update(passed);
        (self.moves_tried, self.may_have_moved) = (0, None);
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

    fn take_datagram(&mut self, datagram: &mut [u8], from: Route) -> Result<(), Dropped> {
        let kind = guard::check_at_server(datagram)?;
        // A payload under a silent client's address may be another's: a NAT that restarted gives old ports to new owners.
        let mut spare = None;
        let (netcode_address, shelf) = match self.peers.at(&from.remote) {
            // It is about to be kicked: its flood is not worth deciphering any more.
            Some(peer) if peer.is_reported => return Err(Dropped::Budget),
            // A request from a connected address would reset the timeout of that connection.
            Some(_) if kind == PacketKind::Request => return Err(Dropped::Address),
            Some(peer) => {
                let may_be_of_another = kind == PacketKind::Payload && peer.is_silent(self.now);
                spare = may_be_of_another.then(|| Copied::new(datagram));
                (peer.netcode_address(), Some(peer.shelf))
            }
            None if kind == PacketKind::Payload => return self.take_moved(datagram, from),
            // netcode decides about the response of a client that is still connecting.
            None if is_of_handshake(kind) && !self.peers.is_taken(&from.remote) => (from.remote, None),
            None => return Err(Dropped::Address),
        };
        let sequence = guard::sequence(datagram);
        match self.netcode.process(shelf, netcode_address, datagram) {
            (_, ServerResult::None) if kind == PacketKind::Payload => {
                let moved = spare.as_ref().map(|spare| self.take_moved(spare.bytes(), from));
                return moved.filter(|taken| *taken != Err(Dropped::Address)).unwrap_or(Err(Dropped::Unauthentic));
            }
            (_, ServerResult::None) => {}
            (_, ServerResult::PacketToSend { payload, .. }) => self.socket.send(payload, from),
            (_, ServerResult::Payload { client_id, payload }) => {
                let peer = self.peers.of(client_id).ok_or(Dropped::Address)?;
                peer.note_payload(sequence, self.now);
                return take_authentic(&mut self.renet, &mut self.events, &mut self.traffic, peer, payload, self.now);
            }
            (shelf, ServerResult::ClientConnected { client_id, payload, .. }) => {
                self.socket.send(payload, from);
                return self.connect(client_id, shelf, from);
            }
            (_, ServerResult::ClientDisconnected { client_id, payload, .. }) => {
                if let Some(payload) = payload {
                    self.socket.send(payload, from);
                }
                self.forget(client_id);
                self.events.push((client_id, ClientEvent::Disconnected("the player left")));
            }
        }
        Ok(())
    }

    /// Takes a payload from an unknown address, or from that of a silent client whose key it does not have. If it has the
    /// key of another client that has fallen silent, and is no replay, a NAT on the client's way has changed its port. It
    /// is reached there as soon as it has sent a probe back.
    ///
    /// # Errors
    /// [`Dropped::Address`] when it has no such key.
    fn take_moved(&mut self, datagram: &[u8], from: Route) -> Result<(), Dropped> {
        let now = self.now;
        let may_have_moved = *self.may_have_moved.get_or_insert_with(|| self.peers.has_silent(now));
        if !may_have_moved || self.moves_tried == MOVES_TRIED_MAX {
            return Err(Dropped::Address);
        }
        let sequence = guard::sequence(datagram);
        for client in self.peers.that_may_have_moved(from.remote, sequence, self.now) {
            if self.moves_tried == MOVES_TRIED_MAX {
                break;
            }
            self.moves_tried += 1;
            let mut copy = Copied::new(datagram);
            let peer = self.peers.of(client).ok_or(Dropped::Address)?;
            let shelf = peer.shelf;
            let (_, ServerResult::Payload { payload, .. }) =
                self.netcode.process(Some(shelf), peer.netcode_address(), copy.bytes_mut())
            else {
                continue;
            };
            peer.note_payload(sequence, self.now);
            if Probe::decode(payload).is_ok_and(|answer| peer.take_answer(from.remote, answer)) {
                tracing::debug!(session = %SessionId(client), from = %from.remote, "the address of a client has changed");
                self.peers.move_to(client, from);
                return Ok(());
            }
            if let Some(probe) = peer.due_probe(from.remote, self.now)
                && let Some(datagram) = self.netcode.seal(shelf, client, &probe.encode())
            {
                self.socket.send(datagram, from);
            }
            return take_authentic(&mut self.renet, &mut self.events, &mut self.traffic, peer, payload, self.now);
        }
        Err(Dropped::Address)
    }

    fn connect(&mut self, client: ClientId, shelf: Shelf, route: Route) -> Result<(), Dropped> {
        if !self.peers.add(client, shelf, route, &self.settings.rates, self.now) {
            // Its token was used twice, from two addresses.
            self.netcode.disconnect(shelf, client);
            return Err(Dropped::Address);
        }
        self.renet.add_connection(client);
        while self.renet.get_event().is_some() {}
        self.events.push((client, ClientEvent::Connected));
        Ok(())
    }

    pub(super) fn forget(&mut self, client: ClientId) -> Option<Peer> {
        let peer = self.peers.remove(client)?;
        self.renet.remove_connection(client);
        while self.renet.get_event().is_some() {}
        Some(peer)
    }
}

const fn is_of_handshake(kind: PacketKind) -> bool {
    matches!(kind, PacketKind::Request | PacketKind::Response)
}

/// A copy of a datagram, for another try: netcode deciphers in place.
struct Copied {
    buffer: [u8; DATAGRAM_BYTES_MAX],
    length: usize,
}

impl Copied {
    /// Copies a datagram that has passed the guard, and so is at most [`DATAGRAM_BYTES_MAX`] long.
    fn new(datagram: &[u8]) -> Self {
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        buffer[..datagram.len()].copy_from_slice(datagram);
        Self { buffer, length: datagram.len() }
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.length]
    }
}

/// Maximum number of messages taken from one payload. More than every budget of a client allows at once, and few enough
/// that a burst of payloads full of tiny messages takes little memory: the rest is dropped before it is decoded.
const MESSAGES_PER_PAYLOAD_MAX: u32 = 128;

/// Charges an authenticated payload, and takes it.
fn take_authentic(
    renet: &mut RenetServer,
    events: &mut Events,
    traffic: &mut Traffic,
    peer: &mut Peer,
    payload: &[u8],
    now: Duration,
) -> Result<(), Dropped> {
    charge(events, peer, payload, now)?;
    let taken = take_payload(renet, events, traffic, peer, payload, now);
    if taken == Err(Dropped::Payload) {
        events.push((peer.client, ClientEvent::Malformed));
    }
    taken
}

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
        // A probe that came back late: it tells nothing any more.
        if Probe::decode(payload).is_err() {
            events.push((client, read_datagram(payload)));
        }
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

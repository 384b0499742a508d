//! The way out of a lane, once a tick.

use framehouse_shared::protocol::channel::RELIABLE_CHANNEL;
use renetcode::ServerResult;

use super::{ClientId, Inbound, Lane, in_flight, send_payload};

impl Lane {
    /// Sends what the tick has queued, flushes the reliable path where due, and keeps connections alive.
    pub fn send(&mut self) {
        // Once a tick is often enough for renet: each update visits every client, and resends wait 200 ms.
        self.renet.update(self.now.saturating_sub(self.renet_now));
        self.renet_now = self.now;
        let mut start = 0;
        for (client, end) in self.hot_queue.drain(..) {
            send_payload(&mut self.netcode, &mut self.io, client, &self.hot_bytes[start..end]);
            start = end;
        }
        self.hot_bytes.clear();
        for place in 0..self.peers.len() {
            self.flush_reliable(place);
        }
        self.keep_alive();
        for client in std::mem::take(&mut self.closing) {
            self.disconnect(client);
        }
        self.traffic.packets_out = self.io.packets_out;
        self.traffic.bytes_out = self.io.bytes_out;
    }

    fn flush_reliable(&mut self, place: usize) {
        let peer = &mut self.peers[place];
        if !peer.is_busy {
            peer.progress_at = self.now;
            return;
        }
        let client = peer.client;
        let mut handed = false;
        while let Some(batch) = peer.outbox.next_batch(in_flight(&self.renet, client)) {
            self.renet.send_message(client, RELIABLE_CHANNEL, batch);
            handed = true;
        }
        let in_flight = in_flight(&self.renet, client);
        if in_flight < peer.in_flight_least || in_flight == 0 {
            peer.progress_at = self.now;
        }
        peer.in_flight_least = in_flight;
        let stalled = self.now.saturating_sub(peer.progress_at) > self.settings.stall;
        if peer.gate.is_due(self.now, handed, in_flight > 0) {
            for packet in self.renet.get_packets_to_send(client).unwrap_or_default() {
                send_payload(&mut self.netcode, &mut self.io, client, &packet);
            }
        }
        peer.is_busy = in_flight > 0 || peer.outbox.bytes() > 0 || peer.gate.owes_ack();
        // renet gives a connection up by itself when it is sent nonsense; without this it would live on half dead.
        if !self.renet.is_connected(client) {
            self.cut(client, "its messages could not be read");
        } else if stalled {
            self.cut(client, "it acknowledged nothing for too long");
        }
    }

    /// Lets netcode judge time-outs and say that connections live: rarely, since each call searches all clients.
    fn keep_alive(&mut self) {
        if self.now < self.keep_alive_at {
            return;
        }
        self.keep_alive_at = self.now + self.settings.keep_alive;
        let mut gone = Vec::new();
        for peer in &self.peers {
            match self.netcode.update_client(peer.client) {
                ServerResult::PacketToSend { addr, payload } => self.io.send(payload, addr),
                ServerResult::ClientDisconnected { client_id, addr, payload } => {
                    if let Some(payload) = payload {
                        self.io.send(payload, addr);
                    }
                    gone.push(client_id);
                }
                _ => {}
            }
        }
        for client in gone {
            self.forget(client);
            self.inbox.push(Inbound::Disconnected(client, "the connection was lost"));
        }
    }

    fn disconnect(&mut self, client: ClientId) {
        if let ServerResult::ClientDisconnected { addr, payload: Some(payload), .. } = self.netcode.disconnect(client) {
            // The farewell is a datagram like any other: sent more than once, since nobody answers it.
            for _ in 0..3 {
                self.io.send(payload, addr);
            }
        }
        self.forget(client);
    }
}

//! Sending, once a tick.

use renetcode::{NetcodeServer, ServerResult};

use super::{CountedSocket, UdpEndpoint, reliable::PeerChannel};
use crate::net::endpoint::{ClientEvent, ClientId};

impl UdpEndpoint {
    pub(super) fn send_queued(&mut self) {
        // One renet update per tick is enough: an update visits every client, and resends wait 200 ms.
        self.renet.update(self.now.saturating_sub(self.renet_now));
        self.renet_now = self.now;
        let mut start = 0;
        for (client, end) in self.datagrams.drain(..) {
            send_payload(&mut self.netcode, &mut self.socket, client, &self.datagram_bytes[start..end]);
            start = end;
        }
        self.datagram_bytes.clear();
        self.flush_reliable();
        self.keep_alive();
        for client in std::mem::take(&mut self.closing) {
            self.disconnect(client);
        }
        (self.traffic.packets_out, self.traffic.bytes_out) = self.socket.sent();
    }

    fn flush_reliable(&mut self) {
        let (renet, now) = (&mut self.renet, self.now);
        for peer in self.peers.iter_mut().filter(|peer| peer.path.is_busy()) {
            let client = peer.client;
            peer.path.flush(&mut PeerChannel { renet, client }, now, |packet| {
                send_payload(&mut self.netcode, &mut self.socket, client, &packet);
            });
            // renet disconnects a client internally after invalid data. The connection must be closed here too.
            let reason = if !renet.is_connected(client) {
                "its messages could not be read"
            } else if peer.path.stalled_for(now) > self.settings.stall {
                "it acknowledged nothing for too long"
            } else {
                continue;
            };
            self.events.push((client, ClientEvent::Disconnected(reason)));
            self.closing.push(client);
        }
    }

    /// Lets netcode check timeouts and send keep-alives. Not every tick, because each call searches all clients.
    fn keep_alive(&mut self) {
        if self.now < self.keep_alive_at {
            return;
        }
        self.keep_alive_at = self.now + self.settings.keep_alive;
        let mut gone = Vec::new();
        for peer in self.peers.iter() {
            match self.netcode.update_client(peer.client) {
                ServerResult::PacketToSend { addr, payload } => self.socket.send(payload, addr),
                ServerResult::ClientDisconnected { client_id, addr, payload } => {
                    if let Some(payload) = payload {
                        self.socket.send(payload, addr);
                    }
                    gone.push(client_id);
                }
                _ => {}
            }
        }
        for client in gone {
            self.forget(client);
            self.events.push((client, ClientEvent::Disconnected("the connection was lost")));
        }
    }

    fn disconnect(&mut self, client: ClientId) {
        if let ServerResult::ClientDisconnected { addr, payload: Some(payload), .. } = self.netcode.disconnect(client) {
            // The disconnect packet is unreliable and not acknowledged, so it is sent three times.
            for _ in 0..3 {
                self.socket.send(payload, addr);
            }
        }
        self.forget(client);
    }
}

pub(super) fn send_payload(netcode: &mut NetcodeServer, socket: &mut CountedSocket, client: ClientId, payload: &[u8]) {
    if let Ok((address, datagram)) = netcode.generate_payload_packet(client, payload) {
        socket.send(datagram, address);
    }
}

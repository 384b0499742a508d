//! Sending, once a tick.

use renetcode::ServerResult;

use super::{CountedSocket, UdpEndpoint, peers::Peers, reliable::PeerChannel, shelves::Shelves};
use crate::net::endpoint::{ClientEvent, ClientId};

impl UdpEndpoint {
    pub(super) fn send_queued(&mut self) {
        // One renet update per tick is enough: an update visits every client, and resends wait 200 ms.
        self.renet.update(self.now.saturating_sub(self.renet_now));
        self.renet_now = self.now;
        let mut start = 0;
        for (client, end) in self.datagrams.drain(..) {
            send_payload(&self.peers, &mut self.netcode, &mut self.socket, client, &self.datagram_bytes[start..end]);
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
            let (client, shelf, route) = (peer.client, peer.shelf, peer.route());
            peer.path.flush(&mut PeerChannel { renet, client }, now, |packet| {
                if let Some(datagram) = self.netcode.seal(shelf, client, &packet) {
                    self.socket.send(datagram, route);
                }
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
            match self.netcode.keep_alive(peer.shelf, peer.client) {
                ServerResult::PacketToSend { payload, .. } => self.socket.send(payload, peer.route()),
                ServerResult::ClientDisconnected { client_id, payload, .. } => {
                    if let Some(payload) = payload {
                        self.socket.send(payload, peer.route());
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
        let Some(peer) = self.forget(client) else { return };
        if let Some(datagram) = self.netcode.disconnect(peer.shelf, client) {
            // The disconnect packet is unreliable and not acknowledged, so it is sent three times.
            for _ in 0..3 {
                self.socket.send(datagram, peer.route());
            }
        }
    }
}

pub(super) fn send_payload(
    peers: &Peers,
    netcode: &mut Shelves,
    socket: &mut CountedSocket,
    client: ClientId,
    payload: &[u8],
) {
    if let Some(peer) = peers.get(client)
        && let Some(datagram) = netcode.seal(peer.shelf, client, payload)
    {
        socket.send(datagram, peer.route());
    }
}

//! The WebSocket endpoint: thin clients. Its sockets live on the HTTP thread; a bounded queue leads from them to the tick
//! thread, and a bounded `Outbox` for each leads back.

mod link;
mod outbox;
mod peer;
pub(crate) mod relay;
mod requests;
mod translate;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Mutex,
        mpsc::{Receiver, sync_channel},
    },
    time::Duration,
};

use bevy::platform::collections::HashMap;
use framehouse_shared::{
    api::ws::Down,
    protocol::{
        datagram::{FramesHeader, Pong},
        messages::ServerMessage,
    },
};

pub(crate) use link::{Credit, FromSocket};
pub use link::{Opened, ThinSession, WsLink};
pub(crate) use outbox::{Item, Outbox, SessionEnd, TooSlow};
pub(super) use translate::translate;

use super::{
    budget::Rates,
    endpoint::{Admission, ClientEvent, ClientId, Endpoint, Traffic},
    outgoing::{Outgoing, ThinMessage},
};
use crate::{
    config::{NetSettings, WsSettings},
    schedule::TickRate,
};
use peer::Peer;

/// Maximum number of messages of all sockets that wait for the tick thread. A socket whose message finds no place is not
/// read until there is one.
const QUEUE_MAX: usize = 8192;

/// The endpoint of the WebSockets.
pub struct WsEndpoint {
    /// Only this endpoint locks it: a receiver alone could not be shared between threads, as endpoints are.
    queue: Mutex<Receiver<FromSocket>>,
    capacity: usize,
    rates: Rates,
    peers: HashMap<ClientId, Peer>,
    events: Vec<(ClientId, ClientEvent)>,
    /// Clients whose socket has something to send since the last [`Endpoint::send`]; may name one twice.
    news: Vec<ClientId>,
    closing: Vec<ClientId>,
    traffic: Traffic,
    now: Duration,
}

impl WsEndpoint {
    /// An endpoint without connections, and the end of its queue for the HTTP thread.
    pub fn new(rate: TickRate, net: &NetSettings, settings: &WsSettings) -> (Self, WsLink) {
        let (sender, queue) = sync_channel(QUEUE_MAX);
        let endpoint = Self {
            queue: Mutex::new(queue),
            capacity: settings.connections_max as usize,
            rates: Rates::new(rate.0, net),
            peers: HashMap::default(),
            events: Vec::new(),
            news: Vec::new(),
            closing: Vec::new(),
            traffic: Traffic::default(),
            now: Duration::ZERO,
        };
        (endpoint, WsLink::new(sender))
    }

    fn take(&mut self, item: FromSocket) {
        match item {
            FromSocket::Opened(opened) => {
                let client = opened.client;
                self.peers.insert(client, Peer::new(*opened, &self.rates, self.now));
                self.events.push((client, ClientEvent::Connected));
            }
            FromSocket::Message { client, bytes, message, credit } => {
                self.traffic.packets_in += 1;
                self.traffic.messages_in += 1;
                self.traffic.bytes_in += bytes as u64;
                if let Some(peer) = self.peers.get_mut(&client) {
                    peer.receive(message, credit);
                    peer.take_received(self.now, &mut self.events);
                }
            }
            FromSocket::Closed { client, reason } => {
                if self.peers.contains_key(&client) {
                    self.events.push((client, ClientEvent::Disconnected(reason)));
                }
            }
        }
    }

    /// Queues something for a client. One that does not read is cut off.
    fn push(&mut self, client: ClientId, item: Item) {
        let Some(peer) = self.peers.get(&client) else { return };
        self.traffic.messages_out += 1;
        self.traffic.bytes_out += item.bytes() as u64;
        self.news.push(client);
        match peer.outbox.push(item) {
            Ok(skipped) => self.traffic.frames_skipped += skipped,
            Err(TooSlow) => {
                self.events.push((client, ClientEvent::Disconnected("it did not read what was sent to it")));
            }
        }
    }

    /// Ends the session of a client behind what waits for it. The socket may ask for another one, depending on how it ended.
    fn end_session(&mut self, client: ClientId, end: SessionEnd) {
        if let Some(peer) = self.peers.remove(&client) {
            peer.outbox.end_session(client, end);
            peer.outbox.wake();
        }
    }

    fn push_down(&mut self, client: ClientId, message: &Down) {
        if let Some(peer) = self.peers.get(&client) {
            let bytes = peer.encoding.encode(message).into();
            self.push(client, Item::Message(bytes));
        }
    }

    /// Queues a message that is not the same for all clients.
    fn push_own(&mut self, client: ClientId, message: &ServerMessage) {
        let Some(peer) = self.peers.get_mut(&client) else { return };
        let own = match message {
            ServerMessage::Welcome(welcome) => Some(peer.joined(welcome)),
            ServerMessage::SnapshotChunk { match_no, next_tick, index, count, bytes } => peer
                .add_to_snapshot(bytes, index + 1 == *count)
                .map(|state| Down::Snapshot { match_no: *match_no, frame_id: next_tick.0, state: state.into() }),
            _ => None,
        };
        if let Some(own) = own {
            self.push_down(client, &own);
        }
    }
}

impl Endpoint for WsEndpoint {
    /// A socket needs no token: it is open already.
    fn admit(&self, _: ClientId, _: Option<IpAddr>, _: Duration) -> Admission {
        Admission { token: Vec::new(), server: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)) }
    }

    fn serves_thin(&self) -> bool {
        true
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn clients(&self) -> usize {
        self.peers.len()
    }

    fn ip(&self, client: ClientId) -> Option<IpAddr> {
        self.peers.get(&client).map(|peer| peer.ip)
    }

    fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn receive(&mut self, now: Duration, packets_max: usize) -> usize {
        self.now = now;
        for count in 0..packets_max {
            let received = self.queue.get_mut().expect("nothing panics while holding this lock").try_recv();
            let Ok(item) = received else { return count };
            self.take(item);
        }
        packets_max
    }

    fn drain(&mut self, events: &mut Vec<(ClientId, ClientEvent)>) {
        events.clear();
        std::mem::swap(events, &mut self.events);
    }

    /// Thin clients get frames by [`queue_thin`](Self::queue_thin).
    fn queue_frames(&mut self, _: ClientId, _: &FramesHeader, _: &[&[u8]]) {}

    fn queue_message(&mut self, client: ClientId, message: &Outgoing) {
        match message.thin() {
            Some(thin) => self.queue_thin(client, thin),
            None => self.push_own(client, message.message()),
        }
        // At once, because a client may answer it with a request for another room.
        if let ServerMessage::Goodbye(reason) = message.message() {
            self.end_session(client, SessionEnd::Code(reason.code));
        }
    }

    fn queue_thin(&mut self, client: ClientId, message: &ThinMessage) {
        let Some(peer) = self.peers.get(&client) else { return };
        let bytes = message.encoded(peer.encoding);
        self.push(client, if message.may_be_missed() { Item::Frame(bytes) } else { Item::Message(bytes) });
    }

    fn answer_ping(&mut self, client: ClientId, pong: &Pong) {
        let tick = pong.room_time.map(|time| time as f64 / 256.0);
        self.push_down(client, &Down::Pong { seq: pong.nonce, tick });
        if let Some(peer) = self.peers.get(&client) {
            peer.outbox.wake();
        }
    }

    fn unacknowledged(&self, client: ClientId) -> usize {
        self.peers.get(&client).map_or(0, |peer| peer.outbox.bytes())
    }

    fn close(&mut self, client: ClientId) {
        self.closing.push(client);
    }

    fn send(&mut self) {
        for client in self.news.drain(..) {
            if let Some(peer) = self.peers.get(&client) {
                peer.outbox.wake();
            }
        }
        for client in std::mem::take(&mut self.closing) {
            self.end_session(client, SessionEnd::Unknown);
        }
        for peer in self.peers.values_mut() {
            peer.begin_tick();
            peer.take_received(self.now, &mut self.events);
        }
    }
}

#[cfg(test)]
mod tests;

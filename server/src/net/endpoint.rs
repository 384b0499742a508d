//! The transport interface of the server: the [`Endpoint`] trait and its events.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bevy::prelude::*;
use framehouse_shared::{
    input::{CommandBytes, Input},
    protocol::{
        datagram::{FramesHeader, Inputs, Ping, Pong},
        guard::DropCounts,
        messages::ClientMessage,
    },
    tick::Tick,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::outgoing::{Outgoing, ThinMessage};

/// Id of a connection. It is random and new for every session, so it identifies the session too.
pub type ClientId = u64;

/// Kind of a client, which decides the endpoint that it connects to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// It simulates its room, over UDP.
    #[default]
    Simulating,
    /// It simulates nothing, over a WebSocket: it shows what the server sends.
    Thin {
        /// Whether it gets view frames in place of game frames.
        view: bool,
    },
}

impl ClientKind {
    /// Whether it simulates nothing.
    pub const fn is_thin(self) -> bool {
        matches!(self, Self::Thin { .. })
    }
}

/// A transport and its connections. Endpoints run in parallel and share nothing. No method waits.
///
/// Data queued for an unknown or disconnected client is dropped.
pub trait Endpoint: Send + Sync {
    /// Makes a credential with which `client` can connect, at an address of the same kind as `caller`'s, if it is known
    /// and there is one. `now` is [`Now::transport`](crate::schedule::Now::transport).
    fn admit(&self, client: ClientId, caller: Option<IpAddr>, now: Duration) -> Admission;

    /// Whether its clients are thin ones. All clients of an endpoint are of one kind.
    fn serves_thin(&self) -> bool {
        false
    }

    /// Largest number of connected clients.
    fn capacity(&self) -> usize;

    /// Number of connected clients.
    fn clients(&self) -> usize;

    /// Address that a connected client sends from; `None` for another client, or if the transport has no addresses.
    fn ip(&self, client: ClientId) -> Option<IpAddr>;

    /// Traffic since the endpoint was created, updated by [`send`](Self::send).
    fn traffic(&self) -> &Traffic;

    /// Reads and decodes up to `packets_max` received packets. Returns the number read: fewer mean that no more have
    /// arrived. `now` is [`Now::transport`](crate::schedule::Now::transport).
    fn receive(&mut self, now: Duration, packets_max: usize) -> usize;

    /// Replaces the content of `events` by the events since the last call, in order. Reuses the allocation.
    fn drain(&mut self, events: &mut Vec<(ClientId, ClientEvent)>);

    /// Queues encoded frames for the next [`send`](Self::send): consecutive ticks, oldest first, the last one
    /// `header.newest`. The network may lose them.
    fn queue_frames(&mut self, client: ClientId, header: &FramesHeader, frames: &[&[u8]]);

    /// Queues a message for the next [`send`](Self::send). Delivery is reliable and ordered. A client that does not
    /// keep up is disconnected.
    fn queue_message(&mut self, client: ClientId, message: &Outgoing);

    /// Queues a message to a thin client. An endpoint of other clients drops it.
    fn queue_thin(&mut self, _client: ClientId, _message: &ThinMessage) {}

    /// Sends a pong at once, because its timing matters. The network may lose it.
    fn answer_ping(&mut self, client: ClientId, pong: &Pong);

    /// Size of the queued and sent messages that the client has not acknowledged, in bytes; 0 for a disconnected
    /// client.
    fn unacknowledged(&self, client: ClientId) -> usize;

    /// Whether the client has acknowledged all messages, or is disconnected.
    fn is_settled(&self, client: ClientId) -> bool {
        self.unacknowledged(client) == 0
    }

    /// Ends a connection in the next [`send`](Self::send), after queued data was sent once.
    fn close(&mut self, client: ClientId);

    /// Sends queued data, resends unacknowledged data and sends keep-alives. Called once a tick.
    fn send(&mut self);
}

/// An endpoint as a component. Each has an entity of its own.
#[derive(Component, Deref, DerefMut)]
pub struct BoxedEndpoint(pub Box<dyn Endpoint>);

/// A credential and address with which a client can connect.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Connect token, readable only for the transport.
    pub token: Vec<u8>,
    /// The address to connect to.
    pub server: SocketAddr,
}

/// An event on a connection. Messages are decoded.
#[expect(clippy::large_enum_variant, reason = "an event lives from its endpoint to its handler in the same call")]
#[derive(Debug)]
pub enum ClientEvent {
    /// The handshake is complete.
    Connected,
    /// The client left, timed out, or was disconnected. The text is for the log.
    Disconnected(&'static str),
    /// The client sent authenticated bytes that do not belong to the transport's protocol.
    Malformed,
    /// The client has sent more than its budget for too long. Nothing more is read from it.
    OverBudget,
    /// The client sent a well-framed message that cannot be decoded.
    Unreadable,
    /// Inputs, with the frames that the client has.
    Inputs(Inputs),
    /// A ping, to be answered at once.
    Ping(Ping),
    /// A reliable message.
    Message(ClientMessage),
    /// A request of a thin client.
    Thin(ThinRequest),
}

/// A request of a thin client about the running match of its room. The client knows neither the match's number nor, if it
/// has no clock, the tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThinRequest {
    /// The input for a tick; `None` for the next tick that is open and has none.
    Input(Option<Tick>, Input),
    /// A command for the next tick.
    Command(CommandBytes),
    /// Frames that it has missed, from this one on.
    Frames(Tick),
    /// The present state.
    Snapshot,
}

/// Traffic of an endpoint since it was created, including UDP and IP headers. For WebSockets a packet is a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Datagrams received.
    pub packets_in: u64,
    /// Datagrams sent.
    pub packets_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Reliable messages received.
    pub messages_in: u64,
    /// Reliable messages queued.
    pub messages_out: u64,
    /// Datagrams dropped, by reason.
    pub dropped: DropCounts,
    /// Frames that were not sent to slow thin clients.
    pub frames_skipped: u64,
}

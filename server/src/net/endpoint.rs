//! The seam between the server and its transports: clients connect to an endpoint, and only that knows how.

use std::{net::SocketAddr, time::Duration};

use bevy::prelude::*;
use framehouse_shared::protocol::{
    control::ClientMessage,
    datagram::{FramesHeader, Inputs, Ping, Pong},
    guard::DropCounts,
};

use super::outgoing::Outgoing;

/// Identity of a connection. It is drawn anew for every session, so it names the session, too.
pub type ClientId = u64;

/// A transport with its connections. Endpoints run in parallel and share nothing; none of their calls ever waits.
///
/// What is queued for a client that the endpoint does not have, or no longer, is dropped.
pub trait Endpoint: Send + Sync {
    /// What a client needs to connect under this identity. `unix_now` counts from 1970.
    fn admit(&self, client: ClientId, unix_now: Duration) -> Admission;

    /// The most clients that can be connected at a time.
    fn capacity(&self) -> usize;

    /// Clients that are connected now.
    fn clients(&self) -> usize;

    /// Traffic since the endpoint was made, as of the last `send`.
    fn traffic(&self) -> &Traffic;

    /// Takes what clients have sent. `unix_now` counts from 1970.
    fn receive(&mut self, unix_now: Duration);

    /// Replaces the content of `events` by what has happened since the last call, in order. Its memory is used again.
    fn drain(&mut self, events: &mut Vec<(ClientId, ClientEvent)>);

    /// Queues encoded frames, oldest first and one tick after the other up to `header.newest`, for the next
    /// [`send`](Self::send). The network may lose them.
    fn queue_frames(&mut self, client: ClientId, header: &FramesHeader, frames: &[&[u8]]);

    /// Queues a message for the next [`send`](Self::send). It arrives, and in order; a client that does not keep up is
    /// disconnected.
    fn queue_message(&mut self, client: ClientId, message: &Outgoing);

    /// Answers a ping at once: its worth is its timing. The network may lose it.
    fn answer_ping(&mut self, client: ClientId, pong: &Pong);

    /// Bytes of messages that the client has not acknowledged yet, queued or sent; 0 for a client that is gone.
    fn unacknowledged(&self, client: ClientId) -> usize;

    /// Whether the client has acknowledged everything that was queued for it, or is gone.
    fn is_settled(&self, client: ClientId) -> bool {
        self.unacknowledged(client) == 0
    }

    /// Ends a connection with the next [`send`](Self::send), after what is queued has been sent once.
    fn close(&mut self, client: ClientId);

    /// Sends what is queued, and resends and keeps connections alive where that is due. Called once a tick.
    fn send(&mut self);
}

/// An endpoint as a component of its own entity.
#[derive(Component, Deref, DerefMut)]
pub struct BoxedEndpoint(pub Box<dyn Endpoint>);

/// What a client connects with.
#[derive(Clone, Debug)]
pub struct Admission {
    /// A credential that only the transport can read.
    pub token: Vec<u8>,
    /// The address to connect to.
    pub server: SocketAddr,
}

/// Something that happened on a connection. Whatever a client has sent is decoded.
#[derive(Debug)]
pub enum ClientEvent {
    /// The handshake is done.
    Connected,
    /// The client is gone: it said so, timed out, or was cut off. The text is for the log.
    Disconnected(&'static str),
    /// The client sent authenticated bytes that are none of the transport's protocol.
    Malformed,
    /// The client has sent more than its budget for three seconds.
    OverBudget,
    /// The client sent a message of the right shape that cannot be decoded.
    Unreadable,
    /// Inputs, and what the client has of the frames.
    Inputs(Inputs),
    /// A ping, to be answered at once.
    Ping(Ping),
    /// A reliable message.
    Message(ClientMessage),
}

/// Traffic of an endpoint since it was made, headers of UDP and IP included.
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
}

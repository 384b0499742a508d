//! What goes into a lane and comes out of it: settings, inbox, counters.

use std::time::Duration;

use framehouse_shared::protocol::guard::DropCounts;

use super::ClientId;
use crate::net::budget::Rates;

/// How a lane treats its clients.
#[derive(Clone, Copy, Debug)]
pub struct LaneSettings {
    /// What a client may send.
    pub rates: Rates,
    /// How long a connection may be silent before a packet says that it lives.
    pub keep_alive: Duration,
    /// How long outstanding data may make no progress before the client is cut.
    pub stall: Duration,
}

/// What a lane has for the layers above.
pub enum Inbound {
    /// A client finished the handshake.
    Connected(ClientId),
    /// A client is gone: it said so, timed out, or was cut.
    Disconnected(ClientId, &'static str),
    /// A client sent an authenticated payload that is none of the protocol's.
    Malformed(ClientId),
    /// A client has been over its budget for three seconds.
    OverBudget(ClientId),
    /// A hot message, still encoded.
    Hot(ClientId, Box<[u8]>),
    /// A control message, still encoded.
    Control(ClientId, Box<[u8]>),
}

/// Traffic of a lane since it was made, with UDP and IP headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct LaneTraffic {
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

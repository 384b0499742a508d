//! `[net]`: timeouts and budgets of connections.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::catalogue::Ranges;
use crate::address::AddressKey;

/// Settings of connections.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetSettings {
    /// Seconds a connected client has to send its Hello, 1 to 60.
    pub handshake_timeout_s: f64,
    /// Seconds of silence after which a connection counts as lost, 2 to 120.
    pub connection_timeout_s: u32,
    /// Seconds between keep-alive packets on a silent connection, 0.25 to 10.
    pub keep_alive_s: f64,
    /// Seconds without an acknowledgement, while reliable data is unacknowledged, after which a client is disconnected,
    /// 2 to 600.
    pub stall_timeout_s: f64,
    /// Game messages a client may send per second, 0 to 10,000; twice as many in a burst. 0 means no limit, also not for
    /// a whole room.
    pub room_messages_per_s: u32,
    /// Largest size of a game message in bytes, 1 to 1000.
    pub room_message_bytes: u32,
    /// Game commands a client may send per second, 1 to 100; twice as many in a burst.
    pub commands_per_s: u32,
    /// Chat lines a client may send per second, 0.1 to 10; five in a burst.
    pub chat_lines_per_s: f64,
    /// Join requests one IP address may make per second, 0.1 to 1000; four times as many in a burst, at least 1. A /24
    /// and a /64 may make four times as many, a /48 eight times as many.
    pub joins_per_s: f64,
    /// Largest number of sessions of one IP address, or /64 of IPv6, 1 to 10,000. Disconnected players whose seats are
    /// kept count. A network (/24 of IPv4, /48 of IPv6) may have 16 times as many. The address may also try as many wrong
    /// room codes before it has to wait.
    pub sessions_per_address: u32,
    /// Largest number of seats that one IP address has reserved and not connected to, 1 to 10,000.
    pub tokens_per_address: u32,
    /// Hours after which the key of connect tokens changes, 0.01 to 8760. Players do not notice.
    pub token_key_h: f64,
    /// Whether the limits on addresses also hold for loopback, for example behind a proxy that is not trusted.
    pub limit_loopback: bool,
}

impl Default for NetSettings {
    fn default() -> Self {
        Self {
            handshake_timeout_s: 5.0,
            connection_timeout_s: 10,
            keep_alive_s: 0.5,
            stall_timeout_s: 30.0,
            room_messages_per_s: 20,
            room_message_bytes: 256,
            commands_per_s: 10,
            chat_lines_per_s: 0.5,
            joins_per_s: 5.0,
            sessions_per_address: 8,
            tokens_per_address: 4,
            token_key_h: 24.0,
            limit_loopback: false,
        }
    }
}

impl NetSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("handshake_timeout_s", 1.0, 60.0),
        ("connection_timeout_s", 2.0, 120.0),
        ("keep_alive_s", 0.25, 10.0),
        ("stall_timeout_s", 2.0, 600.0),
        ("room_messages_per_s", 0.0, 10_000.0),
        ("room_message_bytes", 1.0, 1000.0),
        ("commands_per_s", 1.0, 100.0),
        ("chat_lines_per_s", 0.1, 10.0),
        ("joins_per_s", 0.1, 1000.0),
        ("sessions_per_address", 1.0, 10_000.0),
        ("tokens_per_address", 1.0, 10_000.0),
        ("token_key_h", 0.01, 8760.0),
    ];

    /// Whether game messages have a limit.
    pub(crate) const fn limits_messages(&self) -> bool {
        self.room_messages_per_s > 0
    }

    /// Whether the limits on addresses apply to a caller.
    pub(crate) const fn limits(&self, caller: AddressKey) -> bool {
        self.limit_loopback || !caller.is_loopback()
    }
}

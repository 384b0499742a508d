//! `[net]`: time-outs and budgets of connections.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ConfigError, error::in_range};

/// Settings of the connections.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetSettings {
    /// Seconds a connected client may take to introduce itself, 1 to 60.
    pub handshake_timeout: f64,
    /// Seconds of silence after which a connection is lost, 2 to 120.
    pub connection_timeout: u32,
    /// Seconds between signs of life on a silent connection, 0.25 to 10.
    pub keep_alive: f64,
    /// Seconds a client may acknowledge nothing while something is outstanding, 2 to 600.
    pub stall_timeout: f64,
    /// Game messages a client may send in a second, 1 to 1000; in a burst twice as many.
    pub room_messages_per_s: u32,
    /// Bytes of a game message, 1 to 1000.
    pub room_message_bytes: u32,
    /// Commands of the game that a client may send in a second, 1 to 100; in a burst twice as many.
    pub commands_per_s: u32,
    /// Lines of chat that a client may write in a second, 0.1 to 10; five at once.
    pub chat_lines_per_s: f64,
    /// Requests for a seat that one address may make in a second, 0.1 to 1000; in a burst four times as many.
    pub joins_per_s: f64,
}

impl Default for NetSettings {
    fn default() -> Self {
        Self {
            handshake_timeout: 5.0,
            connection_timeout: 10,
            keep_alive: 0.5,
            stall_timeout: 30.0,
            room_messages_per_s: 20,
            room_message_bytes: 256,
            commands_per_s: 10,
            chat_lines_per_s: 0.5,
            joins_per_s: 5.0,
        }
    }
}

impl NetSettings {
    /// Says whether every value is in its range.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        in_range("handshake_timeout", "1 to 60 seconds", self.handshake_timeout, 1.0, 60.0)?;
        in_range("connection_timeout", "2 to 120 seconds", self.connection_timeout, 2, 120)?;
        in_range("keep_alive", "0.25 to 10 seconds", self.keep_alive, 0.25, 10.0)?;
        in_range("stall_timeout", "2 to 600 seconds", self.stall_timeout, 2.0, 600.0)?;
        in_range("room_messages_per_s", "1 to 1000", self.room_messages_per_s, 1, 1000)?;
        in_range("room_message_bytes", "1 to 1000", self.room_message_bytes, 1, 1000)?;
        in_range("commands_per_s", "1 to 100", self.commands_per_s, 1, 100)?;
        in_range("chat_lines_per_s", "0.1 to 10", self.chat_lines_per_s, 0.1, 10.0)?;
        in_range("joins_per_s", "0.1 to 1000", self.joins_per_s, 0.1, 1000.0)
    }
}

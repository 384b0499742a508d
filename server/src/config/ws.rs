//! `[ws]`: connections over WebSockets.

use serde::{Deserialize, Serialize};

use super::catalogue::Ranges;

/// Settings of connections over WebSockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WsSettings {
    /// Largest number of WebSockets, 1 to 60,000; one in 16 is kept for players who come back. Fewer if the system's limit
    /// of open files is low. A node of a fleet takes as many from gateways.
    pub connections_max: u32,
    /// Largest number of WebSockets of one IP address, 1 to 10,000. A /24 and a /64 may have four times as many, a /48
    /// eight times as many.
    pub connections_per_address: u32,
    /// Largest number of WebSockets that have not authenticated, 1 to 60,000.
    pub unauthenticated_max: u32,
    /// The same of one IP address, 1 to 10,000; networks as above.
    pub unauthenticated_per_address: u32,
}

impl Default for WsSettings {
    fn default() -> Self {
        Self {
            connections_max: 2048,
            connections_per_address: 16,
            unauthenticated_max: 256,
            unauthenticated_per_address: 8,
        }
    }
}

impl WsSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("connections_max", 1.0, 60_000.0),
        ("connections_per_address", 1.0, 10_000.0),
        ("unauthenticated_max", 1.0, 60_000.0),
        ("unauthenticated_per_address", 1.0, 10_000.0),
    ];
}

//! Settings of a UDP endpoint.

use std::time::Duration;

use crate::{
    config::NetSettings,
    net::{budget::Rates, token::NetcodeKey},
    schedule::TickRate,
};

/// Settings of a UDP endpoint.
#[derive(Clone)]
pub struct UdpSettings {
    /// First key of its connect tokens.
    pub key: NetcodeKey,
    /// Interval after which another key takes its place.
    pub(in crate::net) key_interval: Duration,
    /// Allowed rates of a client.
    pub(in crate::net) rates: Rates,
    /// Seconds of silence after which either end treats the connection as lost.
    pub(in crate::net) connection_timeout_s: u32,
    /// Interval of keep-alive packets on a silent connection.
    pub(in crate::net) keep_alive: Duration,
    /// Time without an acknowledgement, while data is unacknowledged, after which the client is disconnected.
    pub(in crate::net) stall: Duration,
}

impl UdpSettings {
    /// Settings from the server's settings, with a new key.
    pub fn new(rate: TickRate, settings: &NetSettings) -> Self {
        Self {
            key: NetcodeKey::random(),
            key_interval: Duration::from_secs_f64(settings.token_key_h * 3600.0),
            rates: Rates::new(rate.0, settings),
            connection_timeout_s: settings.connection_timeout_s,
            keep_alive: Duration::from_secs_f64(settings.keep_alive_s),
            stall: Duration::from_secs_f64(settings.stall_timeout_s),
        }
    }
}

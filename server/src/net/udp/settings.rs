//! Settings of a UDP endpoint.

use std::time::Duration;

use crate::{
    config::NetSettings,
    net::{budget::Rates, token::NetcodeKey},
    tick::TickRate,
};

/// How an endpoint treats its clients.
#[derive(Clone)]
pub struct UdpSettings {
    /// The secret that its tokens are sealed with.
    pub key: NetcodeKey,
    /// What a client may send.
    pub(in crate::net) rates: Rates,
    /// Seconds of silence after which either end takes the connection for lost.
    pub(in crate::net) connection_timeout: u32,
    /// How long a connection may be silent before a packet says that it lives.
    pub(in crate::net) keep_alive: Duration,
    /// How long outstanding data may make no progress before the client is disconnected.
    pub(in crate::net) stall: Duration,
}

impl UdpSettings {
    /// Settings of a server, with a new key.
    pub fn new(rate: TickRate, settings: &NetSettings) -> Self {
        Self {
            key: NetcodeKey::random(),
            rates: Rates::new(rate.0, settings),
            connection_timeout: settings.connection_timeout,
            keep_alive: Duration::from_secs_f64(settings.keep_alive),
            stall: Duration::from_secs_f64(settings.stall_timeout),
        }
    }
}

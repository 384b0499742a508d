//! Counters of the gateway for the status page.

use std::sync::atomic::{AtomicU64, Ordering};

use framehouse_shared::api::HttpStatus;

/// Counters of the gateway, since its start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub connections: AtomicU64,
    pub connections_refused: AtomicU64,
    pub handshakes_failed: AtomicU64,
    pub requests_refused: AtomicU64,
    pub requests_foreign: AtomicU64,
    pub sockets: AtomicU64,
    pub sockets_refused: AtomicU64,
}

impl Counts {
    /// The counters as the status page shows them.
    pub fn status(&self) -> HttpStatus {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        HttpStatus {
            connections: read(&self.connections),
            connections_refused: read(&self.connections_refused),
            handshakes_failed: read(&self.handshakes_failed),
            requests_refused: read(&self.requests_refused),
            requests_foreign: read(&self.requests_foreign),
            sockets: read(&self.sockets),
            sockets_refused: read(&self.sockets_refused),
        }
    }
}

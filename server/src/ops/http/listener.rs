//! Accepts connections: limits on their number, in total and by address.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::Router;
use futures_util::FutureExt;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::{
    caller::TrustedProxies,
    connection::{Connection, serve_connection},
    counts::Counts,
    limits::{Act, AddressLimits, Held, Place},
};
use crate::address::AddressKey;

/// One in this number of all places for connections is reserved, and of those for WebSockets: only requests that resume a
/// session are served there, so that players who lost a connection come back while the server is crowded.
pub(super) const RESERVED_PART: usize = 16;
/// One in this number of the reserved places is for this machine and the trusted proxies alone, so that strangers cannot
/// keep health checks and monitoring out.
const OWN_PART: usize = 4;
/// Size of the kernel's buffer for what is sent to one connection, in bytes. Enough for 5 MB/s over 50 ms.
const SEND_BUFFER_BYTES: usize = 256 * 1024;
/// The answer to a connection of a stranger when only places for this machine and the proxies are left.
const CROWDED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-type: application/json\r\n\
content-length: 98\r\nconnection: close\r\n\r\n\
{\"error\":{\"code\":\"busy\",\"message\":\"this server has too many connections: try again in a moment\"}}\n";
/// The answer to a connection that its address may not have.
pub(super) const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-type: application/json\r\n\
content-length: 107\r\nconnection: close\r\n\r\n\
{\"error\":{\"code\":\"busy\",\"message\":\"your address has too many connections to this server: try again soon\"}}\n";

/// Where connections come from: a socket, or a test.
pub(super) trait Incoming {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>>;
}

impl Incoming for TcpListener {
    type Stream = tokio::net::TcpStream;

    async fn accept(&mut self) -> io::Result<(Self::Stream, SocketAddr)> {
        let (stream, address) = Self::accept(self).await?;
        // The frames of a WebSocket must not wait for each other. If the system refuses, they do.
        let _ = stream.set_nodelay(true);
        // What a slow reader leaves unread stays in this process, where it is counted, and not in the kernel.
        let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES);
        Ok((stream, address))
    }
}

/// What all connections share.
pub(super) struct Door {
    /// Time zero of the limits.
    pub start: Instant,
    /// Limits by address.
    pub limits: Arc<AddressLimits>,
    /// Proxies in front of this server.
    pub proxies: Arc<TrustedProxies>,
    /// Counters of the status page.
    pub counts: Arc<Counts>,
    /// Maximum number of connections at a time, 16 or more.
    pub connections_max: usize,
    /// TLS, if the gateway has it.
    pub tls: Option<TlsAcceptor>,
}

/// The place of a connection, given back when it is dropped.
pub(super) struct ConnectionPlace {
    /// Whether the place is a reserved one: only for requests that resume a session, and for monitoring.
    pub is_for_resume: bool,
    _permit: OwnedSemaphorePermit,
    counts: Arc<Counts>,
}

impl ConnectionPlace {
    fn new(permit: OwnedSemaphorePermit, is_for_resume: bool, counts: &Arc<Counts>) -> Self {
        counts.connections.fetch_add(1, Ordering::Relaxed);
        Self { is_for_resume, _permit: permit, counts: Arc::clone(counts) }
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Door {
    /// A place among those of the address. Nothing if it has too many connections or makes too many; that is counted.
    pub fn hold(&self, address: AddressKey) -> Option<Held> {
        let now = self.start.elapsed();
        let is_paid = self.limits.spend(address, Act::Connect, now).is_ok();
        let held = if is_paid { self.limits.hold(address, Place::Connection, now) } else { None };
        if held.is_none() {
            self.counts.connections_refused.fetch_add(1, Ordering::Relaxed);
        }
        held
    }
}

/// Accepts connections and serves each in a task of its own. Unlike `axum::serve` it has limits and timeouts, because
/// the address is open to everybody. When all places are taken, the next connection waits. When the last ones are left,
/// which are for this machine and the proxies, others are refused: they would be in the way if they waited.
pub(super) async fn accept_connections(mut incoming: impl Incoming, door: Door, router: Router) {
    let places = Arc::new(Semaphore::new(door.connections_max));
    let door = Arc::new(door);
    let reserved = door.connections_max / RESERVED_PART;
    let own = reserved / OWN_PART;
    loop {
        let permit = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, address)) = incoming.accept().await else {
            // Probably out of file descriptors: wait for some connections to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let peer = AddressKey::new(address.ip());
        let left = places.available_permits();
        if left < own && !door.proxies.is_own(peer) {
            door.counts.connections_refused.fetch_add(1, Ordering::Relaxed);
            refuse(stream, door.tls.is_some(), CROWDED);
            continue;
        }
        // A proxy has the connections of many callers. It names them later.
        let held = if door.proxies.contains(peer) {
            None
        } else if let Some(held) = door.hold(peer) {
            Some(held)
        } else {
            refuse(stream, door.tls.is_some(), TOO_MANY);
            continue;
        };
        let place = ConnectionPlace::new(permit, left < reserved, &door.counts);
        let connection = Connection { peer, place, held };
        tokio::spawn(serve_connection(stream, connection, Arc::clone(&door), router.clone()));
    }
}

/// Gives this answer, if that is possible at once, and closes the connection.
pub(super) fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin, is_tls: bool, answer: &[u8]) {
    if !is_tls {
        // Closing a connection with unread bytes could destroy the answer on its way.
        let _ = stream.read(&mut [0; 4096]).now_or_never();
        let _ = stream.write_all(answer).now_or_never();
    }
}

#[cfg(test)]
pub(super) mod tests;

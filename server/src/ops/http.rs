//! The HTTP gateway: a router over a [`Backend`], on a thread of its own.
//!
//! ```text
//! listener.rs       accepting connections: how many, and of whom
//! connection.rs     one connection: PROXY header, TLS handshake, requests
//! proxy_header.rs   the PROXY protocol, versions 1 and 2
//! tls.rs            certificate and key, read again when they change
//! gate.rs           checks of every request before its handler
//! limits.rs         limits by address: connections, downloads, requests, join requests
//! caller.rs         the caller behind proxies: Forwarded, X-Forwarded-For
//! browser.rs        protection from web pages: Host, Origin, Content-Type
//! router.rs         the handlers of all paths
//! queue.rs          waiting while the server is full: tickets and places
//! documented.rs     a router that documents itself: /v1/openapi.json
//! ws.rs             GET /v1/ws: WebSockets
//! records.rs        GET /v1/leaderboards, /v1/players, /v1/matches
//! web.rs            the page of a room in a browser
//! live.rs           what the live page asks for
//! asking.rs         where a request comes from, for handlers that tell an operator from a stranger
//! admin.rs          POST /v1/admin/{call}, POST /v1/reports
//! sessions.rs       POST /v1/sessions: from the request body to a join request
//! health.rs         /healthz and /readyz
//! requests.rs       numbers and durations of requests, for /metrics
//! errors.rs         refusals as HTTP responses
//! counts.rs         counters for the status page
//! ```

mod admin;
mod asking;
mod browser;
mod caller;
mod connection;
mod counts;
mod documented;
mod errors;
#[cfg(test)]
mod fixed_backend;
mod gate;
mod health;
mod limits;
mod listener;
mod live;
mod proxy_header;
mod queue;
mod records;
pub(super) mod requests;
mod router;
mod sessions;
mod tls;
mod web;
mod ws;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Once, OnceLock},
    time::Duration,
};

use axum::Router;
use socket2::{Domain, Socket, Type};
use tokio::{task::spawn_blocking, time::Instant};

use self::{
    browser::Names,
    caller::TrustedProxies,
    counts::Counts,
    limits::{AddressLimits, Limits},
    listener::Door,
    queue::Queue,
    requests::Requests,
    router::Gateway,
    ws::{SocketLimits, Sockets},
};
use super::{admin::Desk, backend::Backend};
use crate::{
    address::Network,
    config::{HttpSettings, NetSettings, QueueSettings, WsSettings},
    identity::{Identity, Open},
    threads,
};

pub(crate) use connection::Counted;
pub use documented::Documented;
pub use tls::TlsKeys;
pub use ws::RelayedSockets;

/// Maximum number of connections at a time, if the process may have enough files.
pub const CONNECTIONS_MAX: usize = 1024;
/// Largest number of connections that wait to be accepted, if the system allows as many (`net.core.somaxconn`). Those beyond
/// come a second later, so a crowd that comes at once must fit.
const BACKLOG: i32 = 4096;
/// Interval between two looks at the files of TLS.
const TLS_CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// What the gateway is started with.
pub struct HttpOptions {
    /// Limits by address, proxies and names.
    pub http: HttpSettings,
    /// `joins_per_s` and `limit_loopback`.
    pub net: NetSettings,
    /// Networks whose addresses have no limits: those of the gateways, for a node of a fleet.
    pub gateways: Vec<Network>,
    /// Host that clients are told.
    pub public_host: Option<String>,
    /// Maximum number of connections at a time, 16 or more.
    pub connections_max: usize,
    /// Certificate and key. `None` means HTTP without TLS.
    pub tls: Option<TlsKeys>,
    /// Where the durations of requests are noted.
    pub times: HttpTimes,
    /// Limits on WebSockets.
    pub ws: WsSettings,
    /// Limits on waiting.
    pub queue: QueueSettings,
    /// The game's module for browsers.
    pub view_module: Option<&'static str>,
    /// Where admin calls are carried out. `None` means no admin API.
    pub desk: Option<Desk>,
    /// Says who players are.
    pub identity: Arc<dyn Identity>,
    /// Gets what changes the limits by address later.
    pub limits: HttpLimits,
    /// Further routes, which check their callers themselves.
    pub more: Documented,
}

/// Durations of players' requests to the gateway, shared with the thread of the alerts.
#[derive(Clone, Default)]
pub struct HttpTimes(Arc<Requests>);

impl HttpTimes {
    /// Upper bounds of buckets in microseconds, with the number of requests in each since the start.
    pub(super) fn buckets(&self) -> Vec<(u64, u64)> {
        self.0.durations()
    }
}

/// Changes the limits of a running gateway. Clones are the same.
#[derive(Clone, Default)]
pub struct HttpLimits(Arc<OnceLock<Limited>>);

/// What has limits.
struct Limited {
    addresses: Arc<AddressLimits>,
    queue: Arc<Queue>,
    sockets: SocketLimits,
    start: Instant,
}

impl HttpLimits {
    /// Changes the limits of the gateway that was started with this.
    pub fn change(&self, http: &HttpSettings, net: &NetSettings, ws: &WsSettings, queue: &QueueSettings) {
        if let Some(limited) = self.0.get() {
            limited.addresses.change(limits_of(http, net, ws, queue), limited.start.elapsed());
            limited.queue.change(queue.clone());
            limited.sockets.change(net);
        }
    }
}

fn limits_of(http: &HttpSettings, net: &NetSettings, ws: &WsSettings, queue: &QueueSettings) -> Limits {
    Limits {
        connections: http.connections_per_address,
        downloads: http.downloads_per_address,
        sockets: ws.connections_per_address,
        greetings: ws.unauthenticated_per_address,
        waiting: queue.waiting_per_address,
        requests_per_s: http.requests_per_s as f32,
        joins_per_s: net.joins_per_s as f32,
        limit_loopback: net.limit_loopback,
    }
}

impl Default for HttpOptions {
    /// The defaults of all settings.
    fn default() -> Self {
        Self {
            http: HttpSettings::default(),
            net: NetSettings::default(),
            gateways: Vec::new(),
            public_host: None,
            connections_max: CONNECTIONS_MAX,
            tls: None,
            times: HttpTimes::default(),
            ws: WsSettings::default(),
            queue: QueueSettings::default(),
            view_module: None,
            desk: None,
            identity: Arc::new(Open),
            limits: HttpLimits::default(),
            more: Documented::new(),
        }
    }
}

/// Binds the gateway's address. Separate from [`serve`], so that a port in use is reported before anything else starts.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that starts again must not wait for connections of the one before.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Serves the gateway on a thread of its own, until the process ends.
///
/// # Errors
/// When the thread or its runtime cannot be started.
pub fn serve(listener: TcpListener, backend: impl Backend, options: HttpOptions) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    threads::spawn("gateway", move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is bound and non-blocking");
            if let Some(keys) = &options.tls {
                tokio::spawn(follow_files(keys.clone()));
            }
            let (door, router) = gateway(backend, options);
            listener::accept_connections(listener, door, router).await;
        });
    })?;
    Ok(())
}

/// The gateway's two halves: for its connections and for their requests.
fn gateway(backend: impl Backend, options: HttpOptions) -> (Door, Router) {
    let HttpOptions {
        http,
        net,
        gateways,
        public_host,
        connections_max,
        tls,
        times,
        ws,
        queue,
        view_module,
        desk,
        identity,
        limits,
        more,
    } = options;
    let address_limits = AddressLimits::new(limits_of(&http, &net, &ws, &queue), gateways);
    let queue = Queue::new(queue, Arc::clone(&address_limits));
    let names = Names::new(&http.hosts, public_host.as_deref());
    let (proxies, counts) = (Arc::new(TrustedProxies(http.trusted_proxies)), Arc::new(Counts::default()));
    let start = Instant::now();
    let sockets = Sockets::new(&ws, &net);
    let (addresses, waiting) = (Arc::clone(&address_limits), Arc::clone(&queue));
    // The options are used once, so that it is not set yet.
    let _ = limits.0.set(Limited { addresses, queue: waiting, sockets: sockets.limits(), start });
    let limits = address_limits;
    let door = Door {
        start,
        limits: Arc::clone(&limits),
        proxies: Arc::clone(&proxies),
        counts: Arc::clone(&counts),
        connections_max,
        tls: tls.map(|keys| keys.acceptor()),
    };
    let gateway = Gateway {
        backend,
        start,
        limits,
        queue,
        proxies,
        names,
        counts,
        requests: times.0,
        readable_token: Once::new(),
        sockets,
        view_module,
        desk,
        identity,
    };
    (door, router::router(gateway, more))
}

/// Reads the files of TLS again when they change.
async fn follow_files(keys: TlsKeys) {
    loop {
        tokio::time::sleep(TLS_CHECK_INTERVAL).await;
        let keys = keys.clone();
        // A panic in it is in the log; the next look comes.
        let _ = spawn_blocking(move || keys.reload()).await;
    }
}

//! HTTP connections: limits on their number and duration.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{sync::Semaphore, time::timeout};

/// Maximum number of connections at a time. More wait until one ends.
const CONNECTIONS_MAX: usize = 1024;
/// Time a client has to send the head of a request, or to begin the next request on a connection.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest duration of a connection, whatever it does.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);

/// IP address of the client.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub IpAddr);

/// Accepts connections and serves them. Unlike `axum::serve` it has timeouts, because the address is open to everybody.
pub(super) async fn accept_connections(listener: tokio::net::TcpListener, router: Router) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, address)) = listener.accept().await else {
            // Probably out of file descriptors: wait for some connections to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone().layer(Extension(Peer(address.ip()))));
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_MAX)
                .serve_connection(TokioIo::new(stream), service);
            // Errors are ignored: the connection is over.
            let _ = timeout(CONNECTION_TIME_MAX, connection).await;
            drop(permit);
        });
    }
}

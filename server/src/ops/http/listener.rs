//! Connections: how many at a time, and how long one may last.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{sync::Semaphore, time::timeout};

/// Connections at a time; more wait until one ends.
const CONNECTIONS_MAX: usize = 1024;
/// How long a client may take to send a request's head, or to begin the next request on a connection.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a connection may last, whatever it does.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);

/// IP address at the other end of the connection.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub IpAddr);

/// `axum::serve` has no time-outs, and this address is open to everybody: nobody may hold a connection for nothing.
pub(super) async fn accept_connections(listener: tokio::net::TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, address)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone().layer(Extension(Peer(address.ip()))));
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_MAX)
                .serve_connection(TokioIo::new(stream), service);
            // However it ended, there is nobody left to tell.
            let _ = timeout(CONNECTION_TIME_MAX, connection).await;
            drop(place);
        });
    }
}

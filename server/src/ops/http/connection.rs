//! One connection: PROXY header, TLS handshake, requests. A connection that becomes a WebSocket gives its place back:
//! WebSockets have places of their own.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use futures_util::{FutureExt, future::BoxFuture};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{
    limits::{Act, Held},
    listener::{ConnectionPlace, Door, TOO_MANY, refuse},
    proxy_header,
};
use crate::address::AddressKey;

/// Time a client has to send the head of a request, or to begin the next request on a connection; before the first one
/// also for PROXY header and TLS handshake together.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest duration of a connection, whatever it does.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);
/// The same in a place for requests that resume a session.
const RESUME_TIME_MAX: Duration = Duration::from_secs(5);
/// Size of the buffers for the head of a request and for small writes, in bytes.
const BUFFER_BYTES: usize = 8 * 1024;

/// An accepted connection.
pub(super) struct Connection {
    /// Address of the other end.
    pub peer: AddressKey,
    /// Its place among all connections.
    pub place: ConnectionPlace,
    /// Its place among those of its address. A proxy has none.
    pub held: Option<Held>,
}

/// The other end of a connection, as the handlers of its requests see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// Address of the other end, or the one that a proxy has named for the whole connection.
    pub address: AddressKey,
    /// Whether only requests that resume a session are served, and those of monitoring.
    pub is_for_resume: bool,
    /// Whether the requests are readable on their way to this process: neither TLS here nor a proxy that may have it.
    pub is_readable: bool,
}

/// What a connection counts for among those of its address. The handlers of its requests have it as an extension.
#[derive(Clone)]
pub(crate) struct Counted(Arc<Mutex<Option<Held>>>);

impl Counted {
    fn new(held: Option<Held>) -> Self {
        Self(Arc::new(Mutex::new(held)))
    }

    /// Counts the connection for nothing from now on, because of who has made it.
    pub(crate) fn forgive(&self) {
        if let Some(held) = self.take() {
            held.give_back(Act::Connect);
        }
    }

    fn take(&self) -> Option<Held> {
        self.0.lock().expect("nothing panics while holding this lock").take()
    }
}

/// Serves one connection to its end.
pub(super) async fn serve_connection<S>(stream: S, connection: Connection, door: Arc<Door>, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Connection { peer, place, held } = connection;
    let is_proxy = door.proxies.contains(peer);
    let opening = async {
        let (stream, named) = if is_proxy { proxy_header::read(stream).await? } else { (stream.into(), None) };
        let address = named.unwrap_or(peer);
        // From here on the caller counts, not the proxy.
        let is_caller = named.is_some() && !door.proxies.contains(address);
        let held = if is_caller { door.hold(address) } else { held };
        if is_caller && held.is_none() {
            refuse(stream, door.tls.is_some(), TOO_MANY);
            return Ok(None);
        }
        let is_readable = door.tls.is_none() && !is_proxy;
        let peer = Peer { address, is_for_resume: place.is_for_resume, is_readable };
        let stream: Box<dyn Stream> = match &door.tls {
            Some(tls) => Box::new(tls.accept(stream).await?),
            None => Box::new(stream),
        };
        Ok::<_, io::Error>(Some((stream, peer, held)))
    };
    let (stream, peer, held) = match timeout(HEAD_TIME_MAX, opening).await {
        Ok(Ok(Some(opened))) => opened,
        Ok(Ok(None)) => return,
        Ok(Err(_)) | Err(_) => {
            door.counts.handshakes_failed.fetch_add(1, Ordering::Relaxed);
            return;
        }
    };
    let counted = Counted::new(held);
    let requests = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service_fn(answer_of(router, peer, counted.clone())))
        .with_upgrades();
    let time_max = if place.is_for_resume { RESUME_TIME_MAX } else { CONNECTION_TIME_MAX };
    // Errors are ignored: the connection is over.
    let _ = timeout(time_max, requests).await;
    drop(counted.take());
}

/// The router for the requests of one connection. A layer of the router would be put around each of its routes, which takes longer
/// than an answer.
fn answer_of(
    router: Router,
    peer: Peer,
    counted: Counted,
) -> impl Fn(Request<Incoming>) -> BoxFuture<'static, Result<Response, Infallible>> {
    let router = TowerToHyperService::new(router);
    move |mut request| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(counted.clone());
        let answer = router.call(request);
        async move { answer.await.map(|answer| if peer.is_for_resume { end_after(answer) } else { answer }) }.boxed()
    }
}

/// Ends the connection after this answer, unless it becomes a WebSocket.
fn end_after(mut answer: Response) -> Response {
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// A stream of any kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

//! The WebSocket of one member to its node: messages both ways, unchanged. Whatever waits is bounded on both ways, and then
//! the other end waits, so a slow member delays nobody else, and the node decides what it is not sent.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use hyper::header::{AUTHORIZATION, HeaderValue};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use crate::net::ws::{
    Opened, Outbox, SessionEnd, ThinSession,
    relay::{Attach, PATH, end_of},
};

/// Time for the connection to the node. The seat is reserved for five seconds.
pub(super) const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// Time without a word of the node after which it is lost. It sends a ping every 20 s.
const SILENCE_MAX: Duration = Duration::from_secs(35);
/// Time for the close frame on its way.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(1);
/// Largest number of messages of a member that wait for the node. With as many, the member is not read.
const WAITING_MAX: usize = 32;
/// Size of the kernel's buffer for what comes from the node, in bytes: what a slow reader leaves unread stays in the node.
const RECEIVE_BUFFER_BYTES: usize = 64 * 1024;
/// Size of the library's buffer, in bytes.
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// Largest message from a node, in bytes: more never waits for a member there.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// Opens the WebSocket of a member to the node that has its session, and says whose it is.
pub(super) async fn connect(
    http: &str,
    authorization: &str,
    opened: &Opened,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect(http).await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    let mut request = format!("ws://{http}{PATH}").into_client_request()?;
    let authorization = HeaderValue::from_str(authorization).expect("it has letters and digits only");
    request.headers_mut().insert(AUTHORIZATION, authorization);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let attach = serde_json::to_string(&Attach::new(opened)).expect("text and numbers serialise");
    socket.send(Message::text(attach)).await?;
    Ok(socket)
}

/// Joins the two sockets, in a task of its own, until one of them is closed.
pub(super) fn join<S>(node: WebSocketStream<S>, opened: Opened) -> ThinSession
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (messages, queue) = mpsc::channel(WAITING_MAX);
    let session = ThinSession::on_node(opened.client, messages);
    tokio::spawn(relay(node, queue, opened));
    session
}

async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
    node: WebSocketStream<S>,
    mut queue: mpsc::Receiver<Bytes>,
    opened: Opened,
) {
    let Opened { client, outbox, .. } = opened;
    let (mut sink, mut stream) = node.split();
    tokio::select! {
        () = pass_up(&mut queue, &mut sink) => {}
        end = pass_down(&mut stream, &outbox) => match end {
            Some(end) => {
                outbox.end_session(client, end);
                outbox.wake();
            }
            None => outbox.cut(),
        }
    }
    // Whatever happens now, the connection is over.
    let _ = timeout(CLOSE_TIME_MAX, sink.close()).await;
}

/// Passes the member's messages on, until it is gone.
async fn pass_up<S>(queue: &mut mpsc::Receiver<Bytes>, node: &mut SplitSink<WebSocketStream<S>, Message>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(bytes) = queue.recv().await {
        if node.send(Message::Binary(bytes)).await.is_err() {
            // How the session ended is found where the node is read.
            std::future::pending::<()>().await;
        }
    }
}

/// Passes the messages for the member on. Returns how its session ended, `None` if the member did not read.
async fn pass_down<S>(node: &mut SplitStream<WebSocketStream<S>>, outbox: &Outbox) -> Option<SessionEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match timeout(SILENCE_MAX, node.next()).await {
            Ok(Some(Ok(Message::Binary(bytes)))) => outbox.push_relayed(bytes).await,
            Ok(Some(Ok(Message::Close(Some(frame))))) => return end_of(frame.code.into(), &frame.reason),
            // The library answers a ping by itself.
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(_) | None) | Err(_) => return Some(SessionEnd::NodeLost),
        }
    }
}

#[cfg(test)]
mod tests;

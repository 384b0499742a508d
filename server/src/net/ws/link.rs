//! From the sockets on the HTTP thread to their sessions: by a queue to the tick thread, or through a node of the fleet.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError},
    },
    time::Duration,
};

use axum::body::Bytes;
use framehouse_shared::api::ws::{Encoding, Up};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Outbox;
use crate::net::endpoint::ClientId;

/// Maximum number of messages of one socket that wait for the tick thread. A socket with as many is not read, so that one
/// that sends too fast keeps nobody else waiting.
const WAITING_MAX: usize = 256;
/// Pause before another try to put something into the full queue.
const FULL_PAUSE: Duration = Duration::from_millis(4);

/// What a socket tells the tick thread.
pub(crate) enum FromSocket {
    /// It has a session, and what is queued for that goes to this socket.
    Opened(Box<Opened>),
    /// A message for the session.
    Message {
        /// The session.
        client: ClientId,
        /// Length of the frame.
        bytes: usize,
        /// The message; `None` if it cannot be read.
        message: Option<Up>,
        /// Its place among the waiting messages of the socket.
        credit: Credit,
    },
    /// The socket is closed. The text is for the log.
    Closed {
        /// The session.
        client: ClientId,
        /// Why it is closed.
        reason: &'static str,
    },
}

/// A socket with a new session.
pub struct Opened {
    /// The session.
    pub(crate) client: ClientId,
    /// Address that the socket comes from.
    pub(crate) ip: IpAddr,
    /// Encoding of its messages.
    pub(crate) encoding: Encoding,
    /// Lasting id of the player.
    pub(crate) player_id: String,
    /// Resume secret of the session.
    pub(crate) resume: String,
    /// What is sent to it.
    pub(crate) outbox: Arc<Outbox>,
}

/// Place of a waiting message, free again when it is dropped.
pub(crate) type Credit = OwnedSemaphorePermit;

/// The places for waiting messages of one socket.
#[derive(Clone)]
pub(crate) struct Credits(Arc<Semaphore>);

impl Default for Credits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WAITING_MAX)))
    }
}

impl Credits {
    /// Waits for a free place.
    pub async fn take(&self) -> Credit {
        Arc::clone(&self.0).acquire_owned().await.expect("the semaphore is never closed")
    }
}

/// The sockets' end of the queue.
#[derive(Clone)]
pub struct WsLink(SyncSender<FromSocket>);

impl WsLink {
    pub(super) const fn new(queue: SyncSender<FromSocket>) -> Self {
        Self(queue)
    }

    /// Queues something for the tick thread; waits while the queue is full. Nothing happens when the server has stopped.
    pub(crate) async fn send(&self, mut item: FromSocket) {
        while let Err(TrySendError::Full(back)) = self.0.try_send(item) {
            item = back;
            tokio::time::sleep(FULL_PAUSE).await;
        }
    }

    /// Begins the session of a socket: from now on what is queued for it goes to that socket.
    pub(crate) async fn open(&self, opened: Opened) -> ThinSession {
        let client = opened.client;
        self.send(FromSocket::Opened(Box::new(opened))).await;
        ThinSession { client, uplink: Uplink::Here(self.clone(), Credits::default()) }
    }
}

/// The session of a socket.
#[derive(Clone)]
pub struct ThinSession {
    client: ClientId,
    uplink: Uplink,
}

/// Where the messages of a socket go.
#[derive(Clone)]
enum Uplink {
    /// To the tick thread of this process.
    Here(WsLink, Credits),
    /// To the node of the fleet that has the session.
    Node(mpsc::Sender<Bytes>),
}

impl ThinSession {
    /// A session on a node: its messages go into this queue as they are, and it ends when the queue is closed.
    pub(crate) const fn on_node(client: ClientId, messages: mpsc::Sender<Bytes>) -> Self {
        Self { client, uplink: Uplink::Node(messages) }
    }

    /// Its id.
    pub(crate) const fn client(&self) -> ClientId {
        self.client
    }

    /// Passes a message of the client on, `None` if it cannot be read; waits while too many are on their way.
    pub(crate) async fn send(&self, bytes: Bytes, message: Option<Up>) {
        let client = self.client;
        match &self.uplink {
            Uplink::Here(link, credits) => {
                let credit = credits.take().await;
                link.send(FromSocket::Message { client, bytes: bytes.len(), message, credit }).await;
            }
            // If it fails, the session is over, and the socket is about to be told.
            Uplink::Node(messages) => drop(messages.send(bytes).await),
        }
    }

    /// Ends the session, because the socket is closed. The text is for the log.
    pub(crate) async fn close(self, reason: &'static str) {
        if let Uplink::Here(link, _) = &self.uplink {
            link.send(FromSocket::Closed { client: self.client, reason }).await;
        }
    }
}

//! The queue from the sockets on the HTTP thread to the tick thread.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError},
    },
    time::Duration,
};

use framehouse_shared::api::ws::{Encoding, Up};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
pub(crate) struct Opened {
    /// The session.
    pub client: ClientId,
    /// Address that the socket comes from.
    pub ip: IpAddr,
    /// Encoding of its messages.
    pub encoding: Encoding,
    /// Lasting id of the player.
    pub player_id: String,
    /// Resume secret of the session.
    pub resume: String,
    /// What is sent to it.
    pub outbox: Arc<Outbox>,
}

/// Place of a waiting message, free again when it is dropped.
pub(crate) type Credit = OwnedSemaphorePermit;

/// The places for waiting messages of one socket.
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
}

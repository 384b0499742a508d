//! What the parts of a socket's task share: its outbox, its session, and how it ends.
//!
//! Four things run at the same time in the task, and the first that is over ends the connection: reading, writing, pings,
//! and waiting to be cut off. So a client that does not read is still heard, and one that is cut off is not waited for.

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::ws::{Message, Utf8Bytes, WebSocket},
};
use framehouse_shared::api::ws::{Down, Encoding, close};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    sync::watch,
    task::coop::consume_budget,
    time::{sleep, timeout},
};
use tungstenite::{Error, error::CapacityError};

use super::end::End;
use crate::net::ws::{Item, Outbox, SessionEnd, ThinSession};

/// Interval between two pings.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Time that a client has to answer a ping.
const PONG_TIME_MAX: Duration = Duration::from_secs(10);
/// Number of pings in a row after which a client that is in no room is sent away.
const IDLE_PINGS_MAX: u32 = 3;
/// Time for the close frame on its way.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(1);

/// The half of a socket that is written to.
pub(super) type Sink = SplitSink<WebSocket, Message>;
/// The half of a socket that is read.
pub(super) type Stream = SplitStream<WebSocket>;

/// A frame of a client.
pub(super) enum Frame {
    /// A message, in a frame of this kind.
    Message(Encoding, Bytes),
    /// A ping or pong.
    Control,
}

/// A socket, as the parts of its task share it.
pub(super) struct Member {
    /// What is sent to it.
    pub outbox: Arc<Outbox>,
    /// The session, while there is one.
    session: watch::Sender<Option<ThinSession>>,
    /// Kind of the frames.
    encoding: OnceLock<Encoding>,
    has_answered: AtomicBool,
    /// Whether it has asked for a room since the last ping.
    has_asked: AtomicBool,
    /// How the end of a session ends the connection, if it does.
    after_session: fn(SessionEnd) -> Option<End>,
}

impl Member {
    /// A socket without a session.
    pub fn new(after_session: fn(SessionEnd) -> Option<End>) -> Self {
        let session = watch::Sender::new(None);
        let (has_answered, has_asked) = (false.into(), false.into());
        Self { outbox: Arc::default(), session, encoding: OnceLock::new(), has_answered, has_asked, after_session }
    }

    /// Its session.
    pub fn session(&self) -> Option<ThinSession> {
        self.session.borrow().clone()
    }

    /// Notes that it has this session.
    pub fn begin(&self, session: ThinSession) {
        self.session.send_replace(Some(session));
    }

    /// Notes that it asks for a room: while the server is full, it is in none for long.
    pub fn note_request(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
    }

    /// Waits until it has none.
    pub async fn wait_for_no_session(&self) {
        // It cannot fail: the sender is here.
        let _ = self.session.subscribe().wait_for(Option::is_none).await;
    }

    /// Kind of its frames.
    pub fn encoding(&self) -> Encoding {
        *self.encoding.get().unwrap_or(&Encoding::Json)
    }

    /// Decides the kind of its frames by this one, the first time. Returns the kind.
    pub fn decide_encoding(&self, encoding: Encoding) -> Encoding {
        *self.encoding.get_or_init(|| encoding)
    }

    /// Queues a message of the HTTP thread itself.
    pub fn tell(&self, message: &Down) {
        let bytes = self.encoding().encode(message).into();
        // If it does not fit, the connection ends.
        let _ = self.outbox.push(Item::Message(bytes));
        self.outbox.wake();
    }

    /// Queues a refusal.
    pub fn refuse(&self, reason: &str) {
        self.tell(&Down::Refused { code: None, reason: reason.to_owned(), queue: None });
    }

    /// Runs the socket until one of its parts is over, of which this one reads, and ends its session.
    pub async fn run(&self, sink: &mut Sink, read: impl Future<Output = End>) -> End {
        let end = tokio::select! {
            end = read => end,
            end = self.write(sink) => end,
            end = self.keep_alive() => end,
            () = self.outbox.wait_for_cut() => End::TooSlow,
        };
        let session = self.session.send_replace(None);
        if let Some(session) = session {
            session.close(end.words()).await;
        }
        end
    }

    /// Closes the socket.
    pub async fn close(&self, sink: &mut Sink, stream: &mut Stream, end: End) {
        let closing = async {
            if end == End::Gone {
                // The answer to the client's close frame, if it has sent one.
                return sink.flush().await;
            }
            if end != End::TooSlow {
                self.send_batch(sink, self.outbox.take_batch()).await?;
            }
            sink.send(Message::Close(Some(end.frame()))).await?;
            // Closing a connection with unread bytes could destroy the close frame on its way.
            while let Some(Ok(_)) = stream.next().await {}
            Ok(())
        };
        // Whatever happens now, the connection is over.
        let _ = timeout(CLOSE_TIME_MAX, closing).await;
    }

    /// The next frame.
    pub async fn next_frame(&self, stream: &mut Stream) -> Result<Frame, End> {
        let frame = stream.next().await;
        // Frames that wait in a buffer must not keep the thread from all other sockets.
        consume_budget().await;
        match frame {
            Some(Ok(Message::Text(text))) => Ok(Frame::Message(Encoding::Json, Bytes::from(text))),
            Some(Ok(Message::Binary(bytes))) => Ok(Frame::Message(Encoding::MessagePack, bytes)),
            Some(Ok(Message::Pong(_))) => {
                self.has_answered.store(true, Ordering::Relaxed);
                Ok(Frame::Control)
            }
            // The library answers a ping, and the close frame of a client, by itself.
            Some(Ok(Message::Ping(_))) => Ok(Frame::Control),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(error)) => Err(breach(error)),
        }
    }

    /// Sends what is queued.
    async fn write(&self, sink: &mut Sink) -> End {
        loop {
            let batch = self.outbox.next_batch().await;
            match self.send_batch(sink, batch).await {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(_) => return End::Gone,
            }
        }
    }

    /// Sends a batch. Returns why the connection ends, if the session in it does and the connection with it.
    async fn send_batch(&self, sink: &mut Sink, batch: Vec<Item>) -> Result<Option<End>, axum::Error> {
        let (mut sent, mut end) = (0, None);
        for item in batch {
            sent += item.bytes();
            match item {
                Item::Message(bytes) | Item::Frame(bytes) => sink.feed(message_of(self.encoding(), bytes)).await?,
                Item::Ping => sink.feed(Message::Ping(Bytes::new())).await?,
                Item::SessionOver(client, how) => {
                    let is_it = |session: &ThinSession| session.client() == client;
                    if self.session.send_if_modified(|session| session.take_if(|session| is_it(session)).is_some()) {
                        end = (self.after_session)(how);
                    }
                }
            }
        }
        sink.flush().await?;
        self.outbox.note_sent(sent);
        Ok(end)
    }

    /// Sends pings and waits for their answers.
    async fn keep_alive(&self) -> End {
        let mut idle = 0;
        sleep(PING_INTERVAL).await;
        loop {
            let has_asked = self.has_asked.swap(false, Ordering::Relaxed);
            idle = if self.session.borrow().is_none() && !has_asked { idle + 1 } else { 0 };
            if idle >= IDLE_PINGS_MAX {
                return End::Unauthenticated("you joined no room within a minute");
            }
            self.has_answered.store(false, Ordering::Relaxed);
            // It always fits: it has no bytes.
            let _ = self.outbox.push(Item::Ping);
            self.outbox.wake();
            sleep(PONG_TIME_MAX).await;
            if !self.has_answered.load(Ordering::Relaxed) {
                return End::NoPong;
            }
            sleep(PING_INTERVAL - PONG_TIME_MAX).await;
        }
    }
}

fn message_of(encoding: Encoding, bytes: Bytes) -> Message {
    match encoding {
        Encoding::Json => Message::Text(Utf8Bytes::try_from(bytes).expect("JSON is UTF-8")),
        Encoding::MessagePack => Message::Binary(bytes),
    }
}

/// What an error of the WebSocket library says about the client.
fn breach(error: axum::Error) -> End {
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Utf8(_)) => End::Broken(close::NOT_UTF8, "its text was not UTF-8"),
        Some(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
            End::Broken(close::TOO_LARGE, "its message was too large")
        }
        Some(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => End::Gone,
        Some(Error::Protocol(_)) => End::Broken(close::PROTOCOL, "it broke the WebSocket protocol"),
        _ => End::Gone,
    }
}

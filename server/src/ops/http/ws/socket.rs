//! One socket from its first message to its end.
//!
//! Four things run at the same time in the socket's task, and the first that is over ends the connection: reading,
//! writing, pings, and waiting to be cut off. So a client that does not read is still heard, and one that is cut off is
//! not waited for.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::ws::{Message, Utf8Bytes, WebSocket},
};
use framehouse_shared::{
    api::{
        SessionGrant,
        ws::{Down, Encoding, JoinRoom, Up, close},
    },
    protocol::end::EndCode,
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    task::coop::consume_budget,
    time::{Instant, sleep, timeout, timeout_at},
};
use tungstenite::{Error, error::CapacityError};

use super::{
    GreetingPlace, SocketPlace,
    end::End,
    frames::FrameBudget,
    join::{self, Identity, JoinRefused, Resuming},
};
use crate::{
    address::AddressKey,
    net::{
        endpoint::ClientId,
        ws::{Credits, FromSocket, Item, Opened, Outbox, WsLink},
    },
    ops::{backend::Backend, http::router::Gateway},
};

/// Time that a client has for its `auth`.
pub(super) const AUTH_TIME_MAX: Duration = Duration::from_secs(5);
/// Interval between two pings.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Time that a client has to answer a ping.
const PONG_TIME_MAX: Duration = Duration::from_secs(10);
/// Number of pings in a row after which a client that is in no room is sent away.
const IDLE_PINGS_MAX: u32 = 3;
/// Time for the close frame on its way.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(1);
/// Maximum number of messages that cannot be read while the client is in no room; in a room the session counts.
const UNREADABLE_MAX: u32 = 10;
/// The end of a newcomer while only places for players who come back are left.
const CROWDED: &str = "this server has too many connections: try again in a moment";

/// What the parts of a socket's task share.
struct Shared {
    outbox: Arc<Outbox>,
    /// The session, while there is one.
    session: Mutex<Option<ClientId>>,
    /// The encoding of the first message.
    encoding: OnceLock<Encoding>,
    has_answered: AtomicBool,
}

impl Shared {
    fn session(&self) -> Option<ClientId> {
        *self.session.lock().expect("nothing panics while holding this lock")
    }

    fn set_session(&self, session: Option<ClientId>) {
        *self.session.lock().expect("nothing panics while holding this lock") = session;
    }

    fn encoding(&self) -> Encoding {
        *self.encoding.get().unwrap_or(&Encoding::Json)
    }

    /// Queues a message of the HTTP thread itself.
    fn tell(&self, message: &Down) {
        let bytes = self.encoding().encode(message).into();
        // If it does not fit, the connection ends.
        let _ = self.outbox.push(Item::Message(bytes));
        self.outbox.wake();
    }

    fn refuse(&self, reason: &str) {
        self.tell(&Down::Refused { code: None, reason: reason.to_owned() });
    }
}

/// Serves a socket to its end.
pub(super) async fn serve<B: Backend>(
    socket: WebSocket,
    gateway: Arc<Gateway<B>>,
    link: WsLink,
    caller: AddressKey,
    (place, greeting): (SocketPlace, GreetingPlace),
    frames: FrameBudget,
) {
    let shared = Shared {
        outbox: Arc::default(),
        session: Mutex::default(),
        encoding: OnceLock::new(),
        has_answered: AtomicBool::new(false),
    };
    let (mut sink, mut stream) = socket.split();
    let reader = Reader {
        stream: &mut stream,
        shared: &shared,
        gateway: &*gateway,
        link: &link,
        caller,
        is_for_resume: place.is_for_resume,
        frames,
        unreadable: 0,
    };
    let end = tokio::select! {
        end = reader.read(greeting) => end,
        end = write(&mut sink, &shared) => end,
        end = keep_alive(&shared) => end,
        () = shared.outbox.wait_for_cut() => End::TooSlow,
    };
    if let Some(client) = shared.session() {
        link.send(FromSocket::Closed { client, reason: end.words() }).await;
    }
    // Another socket may have its place while the close frame is on its way.
    drop(place);
    let closing = async {
        if end == End::Gone {
            // The answer to the client's close frame, if it has sent one.
            return sink.flush().await;
        }
        if end != End::TooSlow {
            send_batch(&mut sink, &shared, shared.outbox.take_batch()).await?;
        }
        sink.send(Message::Close(Some(end.frame()))).await?;
        // Closing a connection with unread bytes could destroy the close frame on its way.
        while let Some(Ok(_)) = stream.next().await {}
        Ok(())
    };
    // Whatever happens now, the connection is over.
    let _ = timeout(CLOSE_TIME_MAX, closing).await;
}

/// Sends what is queued.
async fn write(sink: &mut SplitSink<WebSocket, Message>, shared: &Shared) -> End {
    loop {
        let batch = shared.outbox.next_batch().await;
        match send_batch(sink, shared, batch).await {
            Ok(None) => {}
            Ok(Some(end)) => return end,
            Err(_) => return End::Gone,
        }
    }
}

/// Sends a batch. Returns why the connection ends, if the session in it does and the connection with it.
async fn send_batch(
    sink: &mut SplitSink<WebSocket, Message>,
    shared: &Shared,
    batch: Vec<Item>,
) -> Result<Option<End>, axum::Error> {
    let (mut sent, mut end) = (0, None);
    for item in batch {
        sent += item.bytes();
        match item {
            Item::Message(bytes) | Item::Frame(bytes) => sink.feed(message_of(shared.encoding(), bytes)).await?,
            Item::Ping => sink.feed(Message::Ping(Bytes::new())).await?,
            Item::SessionOver(client, code) => {
                if shared.session() == Some(client) {
                    shared.set_session(None);
                    end = End::of_session(code);
                }
            }
        }
    }
    sink.flush().await?;
    shared.outbox.note_sent(sent);
    Ok(end)
}

fn message_of(encoding: Encoding, bytes: Bytes) -> Message {
    match encoding {
        Encoding::Json => Message::Text(Utf8Bytes::try_from(bytes).expect("JSON is UTF-8")),
        Encoding::MessagePack => Message::Binary(bytes),
    }
}

/// Sends pings and waits for their answers.
async fn keep_alive(shared: &Shared) -> End {
    let mut idle = 0;
    sleep(PING_INTERVAL).await;
    loop {
        idle = if shared.session().is_none() { idle + 1 } else { 0 };
        if idle >= IDLE_PINGS_MAX {
            return End::Unauthenticated("you joined no room within a minute");
        }
        shared.has_answered.store(false, Ordering::Relaxed);
        // It always fits: it has no bytes.
        let _ = shared.outbox.push(Item::Ping);
        shared.outbox.wake();
        sleep(PONG_TIME_MAX).await;
        if !shared.has_answered.load(Ordering::Relaxed) {
            return End::NoPong;
        }
        sleep(PING_INTERVAL - PONG_TIME_MAX).await;
    }
}

/// The reading part.
struct Reader<'a, B> {
    stream: &'a mut SplitStream<WebSocket>,
    shared: &'a Shared,
    gateway: &'a Gateway<B>,
    link: &'a WsLink,
    caller: AddressKey,
    /// Whether it has a place for players who come back.
    is_for_resume: bool,
    frames: FrameBudget,
    /// Number of messages that could not be read while the client was in no room.
    unreadable: u32,
}

impl<B: Backend> Reader<'_, B> {
    async fn read(mut self, greeting: GreetingPlace) -> End {
        match self.read_all(greeting).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn read_all(&mut self, greeting: GreetingPlace) -> Result<std::convert::Infallible, End> {
        let first = timeout_at(Instant::now() + AUTH_TIME_MAX, self.next()).await;
        let first = first.map_err(|_| End::Unauthenticated("you did not authenticate within 5 seconds"))??;
        let message = first.1.ok_or_else(|| End::Refused("the first message has to be `auth`".to_owned()))?;
        let (identity, resuming) = join::authenticate(message, self.caller)?;
        match resuming {
            None if self.is_for_resume => return Err(End::Busy(CROWDED.to_owned())),
            None => self.greet(&identity, None),
            Some(resuming) => self.resume(&identity, &resuming).await?,
        }
        drop(greeting);
        let credits = Credits::default();
        loop {
            let (bytes, message) = self.next().await?;
            match (self.shared.session(), message) {
                (Some(_), Some(Up::JoinRoom(_) | Up::Auth { .. })) => {
                    self.shared.refuse("you are in a room already: send leave_room first");
                }
                (Some(client), message) => {
                    let credit = credits.take().await;
                    self.link.send(FromSocket::Message { client, bytes, message, credit }).await;
                }
                (None, Some(Up::JoinRoom(join))) => self.join(&identity, join).await,
                (None, Some(Up::Ping { seq })) => self.shared.tell(&Down::Pong { seq, tick: None }),
                (None, message) => self.note_unreadable(message.is_some())?,
            }
        }
    }

    fn greet(&self, identity: &Identity, resume: Option<String>) {
        let player_id = identity.secret.and_then(|secret| self.gateway.backend.account(secret));
        self.shared.tell(&Down::Authenticated { player_id: player_id.map(|id| id.to_string()), resume });
    }

    async fn resume(&mut self, identity: &Identity, resuming: &Resuming) -> Result<(), End> {
        let granted = self.gateway.join_over_socket(identity, resuming.target()).await;
        let grant = granted.map_err(JoinRefused::into_end)?;
        self.greet(identity, Some(resuming.secret.reveal()));
        self.open(grant).await;
        Ok(())
    }

    async fn join(&mut self, identity: &Identity, join: JoinRoom) {
        let granted = match join::target(join) {
            Ok(target) => self.gateway.join_over_socket(identity, target).await,
            Err(sentence) => Err(JoinRefused::new(None, sentence)),
        };
        match granted {
            Ok(grant) => self.open(grant).await,
            Err(JoinRefused { code, reason }) => self.shared.tell(&Down::Refused { code, reason }),
        }
    }

    /// Begins a session: from now on what is queued for it goes to this socket.
    async fn open(&mut self, grant: SessionGrant) {
        let client = ClientId::from_str_radix(&grant.session, 16).expect("a session is a hexadecimal number");
        self.shared.set_session(Some(client));
        let opened = Opened {
            client,
            ip: self.caller.ip(),
            encoding: self.shared.encoding(),
            player_id: grant.player.map(|player| player.to_string()).unwrap_or_default(),
            resume: grant.resume,
            outbox: Arc::clone(&self.shared.outbox),
        };
        self.link.send(FromSocket::Opened(Box::new(opened))).await;
    }

    fn note_unreadable(&mut self, is_readable: bool) -> Result<(), End> {
        self.unreadable += 1;
        if self.unreadable > UNREADABLE_MAX {
            return Err(End::Misbehaved(EndCode::MadeNoSense));
        }
        let sentence = if is_readable { "you are in no room: send join_room first" } else { "no message of this kind" };
        self.shared.refuse(sentence);
        Ok(())
    }

    fn charge(&mut self, message: Option<&Up>) -> Result<(), End> {
        self.frames.charge(message, self.gateway.start.elapsed())
    }

    /// The next message, `None` if it cannot be read, and its length in bytes.
    async fn next(&mut self) -> Result<(usize, Option<Up>), End> {
        loop {
            let frame = self.stream.next().await;
            // Frames that wait in a buffer must not keep the thread from all other sockets.
            consume_budget().await;
            let (encoding, bytes) = match frame {
                Some(Ok(Message::Text(text))) => (Encoding::Json, Bytes::from(text)),
                Some(Ok(Message::Binary(bytes))) => (Encoding::MessagePack, bytes),
                Some(Ok(Message::Pong(_))) => {
                    self.shared.has_answered.store(true, Ordering::Relaxed);
                    self.charge(None)?;
                    continue;
                }
                // The library answers a ping, and the close frame of a client, by itself.
                Some(Ok(Message::Ping(_))) => {
                    self.charge(None)?;
                    continue;
                }
                Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
                Some(Err(error)) => return Err(breach(error)),
            };
            let is_of_its_kind = *self.shared.encoding.get_or_init(|| encoding) == encoding;
            let message = if is_of_its_kind { encoding.decode(&bytes).ok() } else { None };
            self.charge(message.as_ref())?;
            return Ok((bytes.len(), message));
        }
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

//! One socket of a client, from its first message to its end.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{body::Bytes, extract::ws::WebSocket};
use framehouse_shared::{
    api::ws::{Down, JoinRoom, Up},
    protocol::end::EndCode,
};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::{
    GreetingPlace, SocketPlace,
    end::End,
    frames::FrameBudget,
    join::{self, Identity, JoinRefused, Resuming},
    member::{Frame, Member, Stream},
};
use crate::{
    address::AddressKey,
    net::{endpoint::ClientId, ws::Opened},
    ops::{
        backend::{Backend, Granted, Refusal},
        http::router::Gateway,
    },
};

/// Time that a client has for its `auth`.
pub(super) const AUTH_TIME_MAX: Duration = Duration::from_secs(5);
/// Maximum number of messages that cannot be read while the client is in no room; in a room the session counts.
const UNREADABLE_MAX: u32 = 10;
/// The end of a newcomer while only places for players who come back are left.
const CROWDED: &str = "this server has too many connections: try again in a moment";
/// Time for which a `join_room` waits for the end of the session before it. The client of a gateway may have been told that
/// it has left a moment before.
const LEAVING_TIME_MAX: Duration = Duration::from_millis(500);

/// Serves a socket to its end.
pub(super) async fn serve<B: Backend>(
    socket: WebSocket,
    gateway: Arc<Gateway<B>>,
    caller: AddressKey,
    (place, greeting): (SocketPlace, GreetingPlace),
    frames: FrameBudget,
) {
    let member = Member::new(End::of_session);
    let (mut sink, mut stream) = socket.split();
    let is_for_resume = place.is_for_resume;
    let reader = Reader {
        stream: &mut stream,
        member: &member,
        gateway: &*gateway,
        caller,
        is_for_resume,
        frames,
        unreadable: 0,
    };
    let end = member.run(&mut sink, reader.read(greeting)).await;
    // Another socket may have its place while the close frame is on its way.
    drop(place);
    member.close(&mut sink, &mut stream, end).await;
}

/// The reading part.
struct Reader<'a, B> {
    stream: &'a mut Stream,
    member: &'a Member,
    gateway: &'a Gateway<B>,
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

    async fn read_all(&mut self, greeting: GreetingPlace) -> Result<Infallible, End> {
        let first = timeout(AUTH_TIME_MAX, self.next()).await;
        let first = first.map_err(|_| End::Unauthenticated("you did not authenticate within 5 seconds"))??;
        let message = first.1.ok_or_else(|| End::Refused("the first message has to be `auth`".to_owned()))?;
        let (mut identity, resuming) = join::authenticate(message, self.caller)?;
        let secret = self.gateway.secret_of(&identity);
        // The token of a player who comes back may have expired while it played.
        identity.secret =
            if resuming.is_some() { secret.unwrap_or(None) } else { secret.map_err(JoinRefused::into_end)? };
        match resuming {
            None if self.is_for_resume => return Err(End::Busy(CROWDED.to_owned())),
            None => self.greet(&identity, None),
            Some(resuming) => self.resume(&identity, &resuming).await.map_err(JoinRefused::into_end)?,
        }
        drop(greeting);
        loop {
            let (bytes, message) = self.next().await?;
            match (self.member.session(), message) {
                (Some(_), Some(Up::JoinRoom(join))) => self.join_after_leaving(&identity, join).await,
                (Some(_), Some(Up::Auth { .. })) => self.refuse_second(),
                (Some(session), message) => session.send(bytes, message).await,
                (None, Some(Up::JoinRoom(join))) => self.join(&identity, join).await,
                (None, Some(Up::Ping { seq })) => self.member.tell(&Down::Pong { seq, tick: None }),
                (None, message) => self.note_unreadable(message.is_some())?,
            }
        }
    }

    fn greet(&self, identity: &Identity, resume: Option<String>) {
        let player_id = identity.secret.and_then(|secret| self.gateway.backend.account(secret));
        self.member.tell(&Down::Authenticated { player_id: player_id.map(|id| id.to_string()), resume });
    }

    async fn resume(&mut self, identity: &Identity, resuming: &Resuming) -> Result<(), JoinRefused> {
        let granted = self.gateway.join_over_socket(identity, resuming.target(), None).await?;
        self.greet(identity, Some(resuming.secret.reveal()));
        self.open(granted).await
    }

    async fn join(&mut self, identity: &Identity, join: JoinRoom) {
        let ticket = join.ticket.as_deref().and_then(|ticket| ticket.parse().ok());
        let joined = match join::target(join) {
            Ok(target) => {
                self.member.note_request();
                match self.gateway.join_over_socket(identity, target, ticket).await {
                    Ok(granted) => self.open(granted).await,
                    Err(refused) => Err(refused),
                }
            }
            Err(sentence) => Err(JoinRefused::new(None, sentence)),
        };
        if let Err(JoinRefused { code, reason, queue }) = joined {
            self.member.tell(&Down::Refused { code, reason, queue });
        }
    }

    async fn join_after_leaving(&mut self, identity: &Identity, join: JoinRoom) {
        match timeout(LEAVING_TIME_MAX, self.member.wait_for_no_session()).await {
            Ok(()) => self.join(identity, join).await,
            Err(_) => self.refuse_second(),
        }
    }

    fn refuse_second(&self) {
        self.member.refuse("you are in a room already: send leave_room first");
    }

    /// Begins a session: from now on what is queued for it goes to this socket.
    async fn open(&mut self, Granted { grant, node }: Granted) -> Result<(), JoinRefused> {
        let client = ClientId::from_str_radix(&grant.session, 16);
        let client = client.map_err(|_| Refusal::Busy("your server does not answer: try again in a moment"))?;
        let opened = Opened {
            client,
            ip: self.caller.ip(),
            encoding: self.member.encoding(),
            player_id: grant.player.map(|player| player.to_string()).unwrap_or_default(),
            resume: grant.resume,
            outbox: Arc::clone(&self.member.outbox),
        };
        self.member.begin(self.gateway.backend.open_socket(node, opened).await?);
        Ok(())
    }

    fn note_unreadable(&mut self, is_readable: bool) -> Result<(), End> {
        self.unreadable += 1;
        if self.unreadable > UNREADABLE_MAX {
            return Err(End::Misbehaved(EndCode::MadeNoSense));
        }
        let sentence = if is_readable { "you are in no room: send join_room first" } else { "no message of this kind" };
        self.member.refuse(sentence);
        Ok(())
    }

    fn charge(&mut self, message: Option<&Up>) -> Result<(), End> {
        self.frames.charge(message, self.gateway.start.elapsed())
    }

    /// The next message, and its bytes; `None` if it cannot be read.
    async fn next(&mut self) -> Result<(Bytes, Option<Up>), End> {
        loop {
            let Frame::Message(encoding, bytes) = self.member.next_frame(self.stream).await? else {
                self.charge(None)?;
                continue;
            };
            let is_of_its_kind = self.member.decide_encoding(encoding) == encoding;
            // One of another kind must not be readable on a node either, which does not see of which kind it was.
            let bytes = if is_of_its_kind { bytes } else { Bytes::new() };
            let message = encoding.decode(&bytes).ok();
            self.charge(message.as_ref())?;
            return Ok((bytes, message));
        }
    }
}

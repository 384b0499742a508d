//! Sessions, as data: a connection, what it is for, and what came over it. `room/sessions.rs` opens and ends them.

use std::{collections::HashMap, time::Duration};

use bevy::{ecs::entity::EntityHashMap, prelude::*};
use framehouse_shared::{
    ids::{PlayerId, SessionId},
    protocol::{control::ClientMessage, end::EndCode},
};

use super::{
    budget::{Account, Bucket, Budget, Charge, ErrorKind, ErrorLedger, Rates},
    endpoint::ClientId,
    outgoing::PeerAddress,
    secret::ResumeSecret,
};
use crate::{
    config::NetSettings,
    tick::{Now, TickRate},
};

/// Control messages of one session that can wait for the next tick; more are a flood.
const INBOX_MAX: usize = 256;
/// Lines of chat that a session may write at once.
const CHAT_LINES_BURST: f32 = 5.0;

/// Finds the session of a connection.
#[derive(Resource, Default)]
pub struct Sessions {
    by_client: HashMap<ClientId, Entity>,
    on_endpoints: EntityHashMap<usize>,
}

impl Sessions {
    /// The session of this connection.
    pub(crate) fn of(&self, client: ClientId) -> Option<Entity> {
        self.by_client.get(&client).copied()
    }

    /// How many sessions there are, reservations included.
    pub fn count(&self) -> usize {
        self.by_client.len()
    }

    /// How many of them are on this endpoint.
    pub(crate) fn on_endpoint(&self, endpoint: Entity) -> usize {
        self.on_endpoints.get(&endpoint).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, address: PeerAddress, session: Entity) {
        self.by_client.insert(address.client, session);
        *self.on_endpoints.entry(address.endpoint).or_default() += 1;
    }

    pub(crate) fn remove(&mut self, address: PeerAddress) {
        if self.by_client.remove(&address.client).is_some()
            && let Some(count) = self.on_endpoints.get_mut(&address.endpoint)
        {
            *count -= 1;
        }
    }
}

/// Where a session is in its life. Deadlines are server ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// A token was given out and a seat is kept for it.
    Reserved {
        /// When the seat is free again.
        until: u64,
    },
    /// The connection stands; its `Hello` has to come.
    Greeting {
        /// When it is closed.
        until: u64,
    },
    /// Its player or spectator is in a room.
    Seated(Entity),
    /// It was told goodbye; the connection ends when that is acknowledged.
    Closing {
        /// When it ends in any case.
        until: u64,
    },
    /// The connection is gone.
    Gone,
}

/// What a session's token was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The seat that is reserved for it.
    Play,
    /// A place among the spectators.
    Watch,
    /// The seat that this player has already.
    Resume(Entity),
}

/// A connection and what it is for.
#[derive(Component)]
pub struct Session {
    /// Its identity.
    pub(crate) id: SessionId,
    /// Where its bytes go.
    pub(crate) address: PeerAddress,
    /// The room it is for.
    pub(crate) room: Entity,
    /// What it gets there.
    pub(crate) purpose: Purpose,
    /// Its player's identity.
    pub(crate) player: PlayerId,
    /// Its player's name.
    pub(crate) name: String,
    /// What its player can come back with.
    pub(crate) secret: ResumeSecret,
    /// When something last came from it, since the server's start.
    pub(crate) heard_at: Duration,
    /// Where it is in its life.
    pub state: SessionState,
    inbox: Vec<ClientMessage>,
    budget: Budget,
    chat: Bucket,
    errors: ErrorLedger,
    gone_because: Option<&'static str>,
    kicked_because: Option<EndCode>,
}

/// Whom a session is made for.
pub(crate) struct Opening {
    /// Where its bytes will go.
    pub(crate) address: PeerAddress,
    /// The room.
    pub(crate) room: Entity,
    /// What it gets there.
    pub(crate) purpose: Purpose,
    /// The player's identity.
    pub(crate) player: PlayerId,
    /// The player's name.
    pub(crate) name: String,
    /// What the player can come back with.
    pub(crate) secret: ResumeSecret,
}

impl Session {
    /// A session that waits for its connection until the server's tick `until`.
    pub(crate) fn new(opening: Opening, until: u64, now: Duration, rates: &Rates, settings: &NetSettings) -> Self {
        let Opening { address, room, purpose, player, name, secret } = opening;
        Self {
            id: SessionId(address.client),
            address,
            room,
            purpose,
            player,
            name,
            secret,
            heard_at: now,
            state: SessionState::Reserved { until },
            inbox: Vec::new(),
            budget: Budget::new(rates, now),
            chat: Bucket::new(settings.chat_lines_per_s as f32, CHAT_LINES_BURST, now),
            errors: ErrorLedger::default(),
            gone_because: None,
            kicked_because: None,
        }
    }

    /// Keeps a control message for the next tick, if the session may send it and there is room.
    pub(crate) fn keep(&mut self, message: ClientMessage, now: Duration) {
        let account = match message {
            ClientMessage::GameMessage(_) => Account::Messages,
            ClientMessage::Command { .. } => Account::Commands,
            _ => Account::Control,
        };
        match self.budget.charge(account, now) {
            Charge::Paid if self.inbox.len() < INBOX_MAX => self.inbox.push(message),
            Charge::Paid | Charge::Over => {}
            Charge::Kick => self.kick(EndCode::SentTooMuch),
        }
    }

    /// Notes something wrong that the session did; one too many ends it.
    pub(crate) fn note_error(&mut self, kind: ErrorKind, now: Duration) {
        if self.errors.note(kind, now) {
            self.kick(EndCode::MadeNoSense);
        }
    }

    /// Notes that the session did well what this kind of error is about.
    pub(crate) fn note_success(&mut self, kind: ErrorKind) {
        self.errors.succeed(kind);
    }

    /// Whether the session may write a line of chat now.
    pub(crate) fn may_chat(&mut self, now: Duration) -> bool {
        self.chat.take(1.0, now)
    }

    /// The session is told this and ends, in this tick's Control.
    pub(crate) fn kick(&mut self, why: EndCode) {
        if !matches!(self.state, SessionState::Closing { .. } | SessionState::Gone) {
            self.kicked_because = Some(why);
        }
    }

    /// Notes that the handshake is done.
    pub(crate) fn connected(&mut self, now: &Now, rate: TickRate, handshake_timeout: f64) {
        if matches!(self.state, SessionState::Reserved { .. }) {
            self.state =
                SessionState::Greeting { until: now.tick + u64::from(rate.ticks_in_seconds(handshake_timeout)) };
        }
    }

    /// Notes that the connection is gone; the session ends in this tick's Control.
    pub(crate) fn mark_gone(&mut self, reason: &'static str) {
        self.state = match self.state {
            // The member is still needed, to be away or to leave properly.
            SessionState::Seated(member) => SessionState::Seated(member),
            _ => SessionState::Gone,
        };
        self.gone_because = Some(reason);
    }

    /// Why the connection is gone, if it is.
    pub(crate) const fn gone_because(&self) -> Option<&'static str> {
        self.gone_because
    }

    /// Why the session is to be kicked, if it is; it is asked for once.
    pub(crate) const fn take_kick(&mut self) -> Option<EndCode> {
        self.kicked_because.take()
    }

    /// The messages kept since the last tick.
    pub(crate) fn take_messages(&mut self) -> Vec<ClientMessage> {
        std::mem::take(&mut self.inbox)
    }
}

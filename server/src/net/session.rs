//! Sessions as data: connection, purpose, and received messages. `room/sessions.rs` opens and closes them.

use std::{collections::HashMap, time::Duration};

use bevy::{ecs::entity::EntityHashMap, prelude::*};
use framehouse_shared::{
    ids::{AccountId, PlayerId, SessionId},
    protocol::{end::EndCode, messages::ClientMessage},
};

use super::{
    budget::{Account, Bucket, Budget, Charge, ErrorKind, ErrorLedger, Rates},
    endpoint::{ClientId, ClientKind},
    outgoing::PeerAddress,
    secret::ResumeSecret,
};
use crate::{
    address::AddressKey,
    config::NetSettings,
    schedule::{Now, TickRate},
};

/// Maximum number of control messages of a session that wait for the next tick. More are dropped as a flood.
const INBOX_MAX: usize = 256;
/// Maximum number of sentences per second that tell a client about messages that came to nothing.
const WARNINGS_PER_S: f32 = 1.0;
/// Chat lines a session may send in a burst.
const CHAT_LINES_BURST: f32 = 5.0;

/// Index of sessions by connection.
#[derive(Resource, Default)]
pub struct Sessions {
    by_client: HashMap<ClientId, Entity>,
    on_endpoints: EntityHashMap<usize>,
}

impl Sessions {
    /// The session of a connection.
    pub(crate) fn of(&self, client: ClientId) -> Option<Entity> {
        self.by_client.get(&client).copied()
    }

    /// Number of sessions, reservations included.
    pub fn count(&self) -> usize {
        self.by_client.len()
    }

    /// Number of sessions on an endpoint, reservations included.
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

/// State of a session. Deadlines are server ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// A token was granted and a seat is reserved.
    Reserved {
        /// Deadline of the connection; then the seat is free again.
        until: u64,
    },
    /// Connected; the `Hello` has not arrived. A thin client has none to send, and arrives in the next tick.
    Greeting {
        /// Deadline of the `Hello`.
        until: u64,
    },
    /// Its player or spectator is in a room.
    Seated(Entity),
    /// A Goodbye was sent. The connection ends when it is acknowledged.
    Closing {
        /// Deadline of the acknowledgement.
        until: u64,
    },
    /// Disconnected.
    Gone,
}

/// Purpose of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To play in the seat that is reserved for it.
    Play,
    /// To watch as a spectator.
    Watch,
    /// To take over the seat of this player.
    Resume(Entity),
}

impl Purpose {
    /// Name in log lines.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Play => "play",
            Self::Watch => "watch",
            Self::Resume(_) => "resume",
        }
    }
}

/// A session: a client's connection and its purpose.
#[derive(Component)]
pub struct Session {
    /// Id of the session.
    pub(crate) id: SessionId,
    /// Address of the session.
    pub(crate) address: PeerAddress,
    /// Address that asked for the session.
    pub(crate) caller: AddressKey,
    /// The room it was granted for.
    pub(crate) room: Entity,
    /// What it was granted for.
    pub(crate) purpose: Purpose,
    /// Id of its player or spectator.
    pub(crate) player: PlayerId,
    /// Lasting id of its player or spectator.
    pub(crate) account: AccountId,
    /// Name of its player or spectator.
    pub(crate) name: String,
    /// Secret for reconnecting.
    pub(crate) secret: ResumeSecret,
    /// Kind of the client.
    pub(crate) kind: ClientKind,
    /// Time of the last received packet or message, since the server's start.
    pub(crate) heard_at: Duration,
    /// Current state.
    pub state: SessionState,
    inbox: Vec<ClientMessage>,
    budget: Budget,
    chat: Bucket,
    errors: ErrorLedger,
    warnings: Bucket,
    warning: Option<&'static str>,
    gone_because: Option<&'static str>,
    kicked_because: Option<EndCode>,
}

/// Data of a session to be opened.
pub(crate) struct Opening {
    /// Address of the session.
    pub(crate) address: PeerAddress,
    /// Address that asks for the session.
    pub(crate) caller: AddressKey,
    /// The room it is granted for.
    pub(crate) room: Entity,
    /// What it is granted for.
    pub(crate) purpose: Purpose,
    /// Id of its player or spectator.
    pub(crate) player: PlayerId,
    /// Lasting id of its player or spectator.
    pub(crate) account: AccountId,
    /// Name of its player or spectator.
    pub(crate) name: String,
    /// Secret for reconnecting.
    pub(crate) secret: ResumeSecret,
    /// Kind of the client.
    pub(crate) kind: ClientKind,
}

impl Session {
    /// A session that waits for its connection until server tick `until`.
    pub(crate) fn new(opening: Opening, until: u64, now: Duration, rates: &Rates, settings: &NetSettings) -> Self {
        let Opening { address, caller, room, purpose, player, account, name, secret, kind } = opening;
        Self {
            id: SessionId(address.client),
            address,
            caller,
            room,
            purpose,
            player,
            account,
            name,
            secret,
            kind,
            heard_at: now,
            state: SessionState::Reserved { until },
            inbox: Vec::new(),
            budget: Budget::new(rates, now),
            chat: Bucket::new(settings.chat_lines_per_s as f32, CHAT_LINES_BURST, now),
            errors: ErrorLedger::new(now),
            warnings: Bucket::new(WARNINGS_PER_S, 1.0, now),
            warning: None,
            gone_because: None,
            kicked_because: None,
        }
    }

    /// Stores a control message for the next tick, if the session's budget and the inbox allow it.
    pub(crate) fn keep(&mut self, message: ClientMessage, now: Duration) {
        let account = match message {
            ClientMessage::GameMessage(_) => Account::Messages,
            ClientMessage::Command { .. } => Account::Commands,
            _ => Account::Control,
        };
        match self.budget.charge(account, now) {
            Charge::Paid if self.inbox.len() < INBOX_MAX => self.inbox.push(message),
            Charge::Paid | Charge::Over => self.warn(too_fast(account), now),
            Charge::Kick => self.kick(EndCode::SentTooMuch),
        }
    }

    /// Counts a message that cannot be decoded: as an error, and as a control message.
    pub(crate) fn note_unreadable(&mut self, now: Duration) {
        if self.budget.charge(Account::Control, now) == Charge::Kick {
            self.kick(EndCode::SentTooMuch);
        }
        self.warn("one of your messages could not be read: check its type, its fields and their lengths", now);
        self.note_error(ErrorKind::InvalidInput, now);
    }

    /// Notes what the client is told in the next tick about a message that came to nothing, at most once a second.
    pub(crate) fn warn(&mut self, sentence: &'static str, now: Duration) {
        if self.warnings.take(1.0, now) {
            self.warning = Some(sentence);
        }
    }

    /// Counts an error. A session over the limit is kicked.
    pub(crate) fn note_error(&mut self, kind: ErrorKind, now: Duration) {
        if self.errors.note(kind, now) {
            self.kick(EndCode::MadeNoSense);
        }
    }

    /// Whether the session may send a chat line now. Charges its chat budget.
    pub(crate) fn may_chat(&mut self, now: Duration) -> bool {
        self.chat.take(1.0, now)
    }

    /// Marks the session to be kicked for this reason, in this tick's `TickSet::Control`.
    pub(crate) fn kick(&mut self, why: EndCode) {
        if !matches!(self.state, SessionState::Closing { .. } | SessionState::Gone) {
            self.kicked_because = Some(why);
        }
    }

    /// Handles the completed handshake: the session waits for the `Hello`.
    pub(crate) fn connected(&mut self, now: &Now, rate: TickRate, handshake_timeout_s: f64) {
        if matches!(self.state, SessionState::Reserved { .. }) {
            self.state =
                SessionState::Greeting { until: now.tick + u64::from(rate.ticks_in_seconds(handshake_timeout_s)) };
        }
    }

    /// Marks the connection as lost; the session ends in this tick's `TickSet::Control`.
    pub(crate) fn mark_gone(&mut self, reason: &'static str) {
        self.state = match self.state {
            // The member is still needed, to be marked as lost or to leave.
            SessionState::Seated(member) => SessionState::Seated(member),
            _ => SessionState::Gone,
        };
        self.gone_because = Some(reason);
    }

    /// Reason of the lost connection, if it is lost.
    pub(crate) const fn gone_because(&self) -> Option<&'static str> {
        self.gone_because
    }

    /// Takes the reason for which the session is to be kicked, if any.
    pub(crate) const fn take_kick(&mut self) -> Option<EndCode> {
        self.kicked_because.take()
    }

    /// Takes the sentence about a message that the client is to be told, if any.
    pub(crate) const fn take_warning(&mut self) -> Option<&'static str> {
        self.warning.take()
    }

    /// Whether a message that its member leaves has come since the last tick.
    pub(crate) fn has_left(&self) -> bool {
        self.inbox.iter().any(|message| matches!(message, ClientMessage::Leave))
    }

    /// Takes the messages stored since the last tick.
    pub(crate) fn take_messages(&mut self) -> Vec<ClientMessage> {
        std::mem::take(&mut self.inbox)
    }
}

const fn too_fast(account: Account) -> &'static str {
    match account {
        Account::Commands => "you send game commands too fast: this one was dropped, slow down",
        Account::Messages => "you send game messages too fast: this one was dropped, slow down",
        _ => "you send requests too fast: this one was dropped, slow down",
    }
}

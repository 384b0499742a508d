//! Sessions: from the token to the end of the connection.

use std::{collections::HashMap, time::Duration};

use bevy::{ecs::entity::EntityHashMap, prelude::*};
use framehouse_shared::{
    ids::{PlayerId, SessionId},
    protocol::{
        control::{ControlDown, ControlUp, REASON_BYTES_MAX},
        end::{EndCode, EndReason},
    },
};

use super::{
    budget::{Account, Bucket, Budget, Charge, ErrorKind, ErrorLedger, Rates},
    lane::{ClientId, Lane},
    mail::{self, PeerAddress},
    token::TOKEN_SECONDS,
};
use crate::{
    config::NetSettings,
    ops::status::Counters,
    room::{members, presence::ResumeSecret},
    tick::{Now, TickRate},
};

/// Seconds a session that was told goodbye may take to acknowledge it.
const CLOSING_SECONDS: u64 = 2;
/// Control messages of one session that can wait for the next tick; more are a flood.
const INBOX_MAX: usize = 256;
/// Lines of chat that a session may write at once.
const CHAT_LINES_BURST: f32 = 5.0;

/// Finds the session of a connection.
#[derive(Resource, Default)]
pub struct Sessions {
    by_client: HashMap<ClientId, Entity>,
    on_lanes: EntityHashMap<usize>,
}

impl Sessions {
    /// The session of this connection.
    pub fn of(&self, client: ClientId) -> Option<Entity> {
        self.by_client.get(&client).copied()
    }

    /// How many sessions there are, reservations included.
    pub fn count(&self) -> usize {
        self.by_client.len()
    }

    /// How many of them are on this lane.
    pub fn on_lane(&self, lane: Entity) -> usize {
        self.on_lanes.get(&lane).copied().unwrap_or(0)
    }

    fn add(&mut self, address: PeerAddress, session: Entity) {
        self.by_client.insert(address.client, session);
        *self.on_lanes.entry(address.lane).or_default() += 1;
    }

    fn remove(&mut self, address: PeerAddress) {
        if self.by_client.remove(&address.client).is_some()
            && let Some(count) = self.on_lanes.get_mut(&address.lane)
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
pub enum Purpose {
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
    pub id: SessionId,
    /// Where its bytes go.
    pub address: PeerAddress,
    /// The room it is for.
    pub room: Entity,
    /// What it gets there.
    pub purpose: Purpose,
    /// Its player's identity.
    pub player: PlayerId,
    /// Its player's name.
    pub name: String,
    /// What its player can come back with.
    pub secret: ResumeSecret,
    /// When something last came from it, since the server's start.
    pub heard_at: Duration,
    /// Where it is in its life.
    pub state: SessionState,
    inbox: Vec<ControlUp>,
    budget: Budget,
    chat: Bucket,
    errors: ErrorLedger,
    gone_because: Option<&'static str>,
    kicked_because: Option<EndCode>,
}

impl Session {
    /// Keeps a control message for the next tick, if the session may send it and there is room.
    pub fn keep(&mut self, message: ControlUp, now: Duration) {
        let account = match message {
            ControlUp::Message(_) => Account::Messages,
            ControlUp::Command { .. } => Account::Commands,
            _ => Account::Control,
        };
        match self.budget.charge(account, now) {
            Charge::Paid if self.inbox.len() < INBOX_MAX => self.inbox.push(message),
            Charge::Paid | Charge::Over => {}
            Charge::Kick => self.kick(EndCode::SentTooMuch),
        }
    }

    /// Notes something wrong that the session did; one too many ends it.
    pub fn note_error(&mut self, kind: ErrorKind, now: Duration) {
        if self.errors.note(kind, now) {
            self.kick(EndCode::MadeNoSense);
        }
    }

    /// Notes that the session did well what this kind of error is about.
    pub fn note_success(&mut self, kind: ErrorKind) {
        self.errors.succeed(kind);
    }

    /// Whether the session may write a line of chat now.
    pub fn may_write(&mut self, now: Duration) -> bool {
        self.chat.take(1.0, now)
    }

    /// The session is told this and ends, in this tick's Control.
    pub fn kick(&mut self, why: EndCode) {
        if !matches!(self.state, SessionState::Closing { .. } | SessionState::Gone) {
            self.kicked_because = Some(why);
        }
    }

    /// Notes that the handshake is done.
    pub fn connected(&mut self, now: &Now, rate: TickRate, handshake_timeout: f64) {
        if matches!(self.state, SessionState::Reserved { .. }) {
            self.state =
                SessionState::Greeting { until: now.tick + u64::from(rate.ticks_in_seconds(handshake_timeout)) };
        }
    }

    /// The messages kept since the last tick.
    pub fn take_messages(&mut self) -> Vec<ControlUp> {
        std::mem::take(&mut self.inbox)
    }
}

/// Whom a session is made for.
pub struct Opening {
    /// Where its bytes will go.
    pub address: PeerAddress,
    /// The room.
    pub room: Entity,
    /// What it gets there.
    pub purpose: Purpose,
    /// The player's identity.
    pub player: PlayerId,
    /// The player's name.
    pub name: String,
    /// What the player can come back with.
    pub secret: ResumeSecret,
}

/// Makes a session that waits for its connection.
pub fn open(world: &mut World, opening: Opening) -> Entity {
    let Opening { address, room, purpose, player, name, secret } = opening;
    let now = *world.resource::<Now>();
    let until = now.tick + u64::from(world.resource::<TickRate>().ticks_in(TOKEN_SECONDS * 1000));
    let budget = Budget::new(world.resource::<Rates>(), now.elapsed);
    let chat = Bucket::new(world.resource::<NetSettings>().chat_lines_per_s as f32, CHAT_LINES_BURST, now.elapsed);
    let session = world
        .spawn(Session {
            id: SessionId(address.client),
            address,
            room,
            purpose,
            player,
            name,
            secret,
            heard_at: now.elapsed,
            state: SessionState::Reserved { until },
            inbox: Vec::new(),
            budget,
            chat,
            errors: ErrorLedger::default(),
            gone_because: None,
            kicked_because: None,
        })
        .id();
    world.resource_mut::<Sessions>().add(address, session);
    session
}

/// Notes that a session's player or spectator is in its room.
pub fn seat(world: &mut World, session: Entity, member: Entity) {
    if let Some(mut session) = world.get_mut::<Session>(session) {
        session.state = SessionState::Seated(member);
    }
}

/// Notes that a connection is gone; the session ends in this tick's Control.
pub fn mark_gone(session: &mut Session, reason: &'static str) {
    session.state = match session.state {
        // The member is still needed, to be away or to leave properly.
        SessionState::Seated(member) => SessionState::Seated(member),
        _ => SessionState::Gone,
    };
    session.gone_because = Some(reason);
}

/// Ends what is gone or kicked: the players of lost connections are away, those of kicked ones leave, sessions go. Runs in `TickSet::Control`, before messages are
/// handled.
pub fn end_gone_sessions(world: &mut World) {
    for (session, reason) in sessions_with(world, |session| session.gone_because) {
        if let Some(data) = world.get::<Session>(session) {
            tracing::info!(session = %data.id, reason, "session gone");
        }
        remove(world, session, reason);
    }
    for (session, why) in sessions_with(world, |session| session.kicked_because) {
        if let Some(mut data) = world.get_mut::<Session>(session) {
            tracing::info!(session = %data.id, ?why, "session kicked");
            data.kicked_because = None;
        }
        world.resource_mut::<Counters>().kicked += 1;
        close(world, session, why);
    }
}

fn sessions_with<T: Ord>(world: &mut World, reason: fn(&Session) -> Option<T>) -> Vec<(Entity, T)> {
    let mut query = world.query::<(Entity, &Session)>();
    let mut found: Vec<_> =
        query.iter(world).filter_map(|(entity, session)| Some((entity, reason(session)?))).collect();
    found.sort();
    found
}

/// Tells a session why it ends, and ends it once that is acknowledged. Its player leaves the room now.
pub fn close(world: &mut World, session: Entity, reason: impl Into<EndReason>) {
    let reason = reason.into();
    match world.get::<Session>(session).map(|session| session.state) {
        Some(SessionState::Seated(member)) => members::leave(world, member, reason.code),
        Some(SessionState::Reserved { .. } | SessionState::Greeting { .. }) => {
            members::cancel_reservation(world, session);
        }
        Some(SessionState::Closing { .. } | SessionState::Gone) | None => {}
    }
    dismiss(world, session, reason);
}

/// The same, with the player staying in the room: it has another session, or has left already.
pub fn dismiss(world: &mut World, session: Entity, reason: impl Into<EndReason>) {
    let until = world.resource::<Now>().tick + u64::from(world.resource::<TickRate>().ticks_in(CLOSING_SECONDS * 1000));
    let Some(mut data) = world.get_mut::<Session>(session) else { return };
    if let SessionState::Closing { .. } | SessionState::Gone = data.state {
        return;
    }
    data.state = SessionState::Closing { until };
    let address = data.address;
    let EndReason { code, sentence } = reason.into();
    let sentence = shorten(&sentence);
    mail::send(world, address, &ControlDown::Goodbye(EndReason { code, sentence }));
}

/// Tells a session that something it asked for is not done, and why.
pub fn refuse(world: &mut World, session: Entity, reason: &str) {
    let Some(address) = world.get::<Session>(session).map(|session| session.address) else { return };
    mail::send(world, address, &ControlDown::Refused { reason: shorten(reason) });
}

/// A sentence may hold names that others have chosen: what is too long for a message would cut its reader off.
fn shorten(reason: &str) -> String {
    reason[..reason.floor_char_boundary(REASON_BYTES_MAX)].to_owned()
}

/// Tells every session why it ends, and ends it once that is acknowledged.
pub fn close_all(world: &mut World, why: EndCode) {
    let mut sessions: Vec<Entity> = world.query_filtered::<Entity, With<Session>>().iter(world).collect();
    sessions.sort();
    for session in sessions {
        close(world, session, why);
    }
}

/// Ends sessions past their deadline, and closing ones that have acknowledged. Runs in `TickSet::Cleanup`.
pub fn end_expired_sessions(world: &mut World) {
    let tick = world.resource::<Now>().tick;
    let mut due: Vec<(Entity, SessionState, PeerAddress)> = world
        .query::<(Entity, &Session)>()
        .iter(world)
        .map(|(entity, session)| (entity, session.state, session.address))
        .filter(|(_, state, _)| !matches!(state, SessionState::Seated(_)))
        .collect();
    due.sort_by_key(|(entity, ..)| *entity);
    for (session, state, address) in due {
        match state {
            SessionState::Reserved { until } if tick >= until => remove(world, session, "it never connected"),
            SessionState::Greeting { until } if tick >= until => close(world, session, EndCode::TookTooLong),
            SessionState::Closing { until } => {
                let settled = world.get::<Lane>(address.lane).is_none_or(|lane| lane.is_settled(address.client));
                if settled || tick >= until {
                    remove(world, session, "closed");
                }
            }
            SessionState::Gone => remove(world, session, "gone"),
            _ => {}
        }
    }
}

fn remove(world: &mut World, session: Entity, reason: &'static str) {
    match world.get::<Session>(session).map(|session| session.state) {
        Some(SessionState::Seated(member)) => members::lose(world, member),
        _ => members::cancel_reservation(world, session),
    }
    if let Some(data) = world.get::<Session>(session) {
        tracing::debug!(session = %data.id, reason, "session ended");
    }
    forget(world, session);
}

/// A session and its connection are no more, whoever may still believe in them.
pub fn forget(world: &mut World, session: Entity) {
    let Some(address) = world.get::<Session>(session).map(|session| session.address) else { return };
    if let Some(mut lane) = world.get_mut::<Lane>(address.lane) {
        lane.close(address.client);
    }
    world.resource_mut::<Sessions>().remove(address);
    world.despawn(session);
}

//! Finding a seat: quick match, a new room, or a room by its code.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, mpsc::Receiver},
};

use bevy::prelude::*;
use framehouse_shared::{
    game::GameHandle,
    ids::{PlayerId, RoomCode, RoomId, SLOTS_MAX, SessionId},
    protocol::{
        control::{Hello, RoomOptions},
        end::EndCode,
    },
    sim::SimRoom,
};
use tokio::sync::oneshot;

use super::{
    InRoom, Members, Player, Room,
    clock::RoomClock,
    connected,
    history::FrameHistory,
    host::Host,
    inputs::Participants,
    phase::RoomPhase,
    presence::{self, ResumeIndex},
    reservations::Reservations,
    sessions, spectators,
};
use crate::{
    config::RoomSettings,
    net::{
        budget::Bucket,
        endpoint::{Admission, BoxedEndpoint},
        outgoing::PeerAddress,
        secret::ResumeSecret,
        session::{Opening, Purpose, Session, SessionState, Sessions},
    },
    tick::{Now, TickRate},
};

/// Join requests answered in one tick at most; the rest wait for the next.
const JOINS_PER_TICK_MAX: usize = 64;

/// Bytes of game messages that a room may carry in a second, and at once: far below what a member's path holds and
/// carries, so that nobody is cut for what others say.
const ROOM_BYTES_PER_S: f32 = 32_000.0;
/// See [`ROOM_BYTES_PER_S`].
const ROOM_BYTES_BURST: f32 = 24_000.0;

/// What a player asks for, already checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The player's name, 1 to 24 characters without control characters.
    pub name: String,
    /// Which room.
    pub target: JoinTarget,
    /// What the client is, where it says so this early.
    pub hello: Option<Hello>,
}

/// Which room a player wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinTarget {
    /// The fullest public room with a free seat, or a new one.
    Quick,
    /// A new room.
    Create {
        /// How many seats.
        size: u8,
        /// Whether it is hidden from quick match and lists.
        private: bool,
        /// Whether one ready player is enough to start.
        practice: bool,
    },
    /// The room with this code.
    Code(RoomCode),
    /// To watch in the room with this code.
    Watch(RoomCode),
    /// The seat that a player with this secret has already.
    Resume(ResumeSecret),
}

/// What a player gets: with the token it can connect within ten seconds.
#[derive(Clone, Debug)]
pub struct Grant {
    /// A credential to connect with, which only the transport can read.
    pub token: Vec<u8>,
    /// The session.
    pub session: SessionId,
    /// Where to connect.
    pub server: SocketAddr,
    /// Ticks a second.
    pub tick_rate: u16,
    /// What a client has to have in the same version: [`Hello::protocol`].
    pub protocol: u64,
    /// The room's code.
    pub code: RoomCode,
    /// What the player can come back with after a lost connection.
    pub resume: ResumeSecret,
    /// For how many seconds the seat is kept then.
    pub grace_s: f64,
}

/// Why there is no seat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The room does not exist, or no longer.
    #[error("there is no room {0}: check the code, or use quick match")]
    NoSuchRoom(RoomCode),
    /// Every seat of the room is taken or reserved.
    #[error("room {0} is full: try again later, or use quick match")]
    RoomFull(RoomCode),
    /// As many people watch as may.
    #[error("room {0} has as many spectators as it may have: try again later, or watch another")]
    SpectatorsFull(RoomCode),
    /// The player to come back has no seat any more.
    #[error("your seat was not kept so long: join again")]
    NoSuchSeat,
    /// The size asked for is not one of this game's.
    #[error("a room of this game has 1 to {max} seats, not {asked}")]
    BadSize {
        /// What was asked for.
        asked: u8,
        /// The game's limit.
        max: u8,
    },
    /// The client cannot play here.
    #[error("{0}")]
    Mismatch(String),
    /// The server has as many rooms or players as it may have.
    #[error("this server is full: try again in a minute, or choose another server")]
    ServerFull,
    /// The server is stopping.
    #[error("this server is stopping: try again in a minute, or choose another server")]
    Stopping,
}

impl JoinError {
    /// What tells this reason from the others, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchRoom(_) => "no_such_room",
            Self::RoomFull(_) => "room_full",
            Self::SpectatorsFull(_) => "spectators_full",
            Self::NoSuchSeat => "no_such_seat",
            Self::BadSize { .. } => "bad_request",
            Self::Mismatch(_) => "mismatch",
            Self::ServerFull => "server_full",
            Self::Stopping => "draining",
        }
    }
}

/// A join request on its way from the HTTP thread, and the way back.
pub struct PendingJoin {
    /// What is asked for.
    pub request: JoinRequest,
    /// Where the answer goes; whoever asked may have given up.
    pub reply: oneshot::Sender<Result<Grant, JoinError>>,
}

/// The tick thread's end of the queue of join requests.
#[derive(Resource)]
pub struct JoinQueue(pub Mutex<Receiver<PendingJoin>>);

/// What this server is, for comparing with clients.
#[derive(Resource, Clone, Debug)]
pub struct LocalHello(pub Hello);

/// Finds rooms by code and makes new ones.
#[derive(Resource, Default)]
pub struct Directory {
    by_code: HashMap<RoomCode, Entity>,
    rooms_made: u64,
    players_made: u64,
    is_closed: bool,
}

impl Directory {
    /// How many rooms were ever made.
    pub const fn rooms_made(&self) -> u64 {
        self.rooms_made
    }

    /// From now on nobody gets in: the server is stopping.
    pub fn close(&mut self) {
        self.is_closed = true;
    }
}

/// Answers the join requests that came over HTTP. Runs in `TickSet::Control`.
pub(crate) fn answer_join_requests(world: &mut World) {
    for _ in 0..JOINS_PER_TICK_MAX {
        let Some(queue) = world.get_resource::<JoinQueue>() else { return };
        let Ok(pending) = queue.0.lock().expect("nothing panics while holding this lock").try_recv() else { return };
        // Whoever asked may be gone by now: then nobody should keep a seat waiting for it.
        if !pending.reply.is_closed() {
            let answer = join(world, &pending.request);
            if let Err(Ok(grant)) = pending.reply.send(answer)
                && let Some(session) = world.resource::<Sessions>().of(grant.session.0)
            {
                sessions::close(world, session, EndCode::TookTooLong);
            }
        }
    }
}

/// Finds a seat, reserves it, and makes a token for it.
///
/// # Errors
/// When there is no seat for this player.
pub fn join(world: &mut World, request: &JoinRequest) -> Result<Grant, JoinError> {
    if world.resource::<Directory>().is_closed {
        return Err(JoinError::Stopping);
    }
    if let Some(theirs) = &request.hello {
        world.resource::<LocalHello>().0.check(theirs).map_err(JoinError::Mismatch)?;
    }
    let endpoint = least_loaded_endpoint(world).ok_or(JoinError::ServerFull)?;
    let target = find_target(world, &request.target)?;
    let code = world.get::<Room>(target.room).map(|room| room.code).expect("places are found in open rooms only");
    let client = random_id();
    let identity = match target.purpose {
        Purpose::Resume(player) => world.get::<Player>(player).map(|data| (data.id, data.name.clone(), data.secret)),
        Purpose::Play | Purpose::Watch => None,
    };
    let (player, name, secret) =
        identity.unwrap_or_else(|| (next_player_id(world), request.name.clone(), ResumeSecret::random()));
    let address = PeerAddress { endpoint, client };
    let opening = Opening { address, room: target.room, purpose: target.purpose, player, name, secret };
    let session = sessions::open(world, opening);
    if let (Purpose::Play, Some(mut seats)) = (target.purpose, world.get_mut::<Reservations>(target.room)) {
        seats.reserve(session).expect("a seat was free just now");
    }
    let now = *world.resource::<Now>();
    let endpoint = world.get::<BoxedEndpoint>(endpoint).expect("endpoints stay as long as the server");
    let Admission { token, server } = endpoint.admit(client, now.unix_base + now.elapsed);
    let tick_rate = world.resource::<TickRate>().0;
    let protocol = world.resource::<LocalHello>().0.protocol;
    let grace_s = world.resource::<RoomSettings>().grace;
    Ok(Grant { token, session: SessionId(client), server, tick_rate, protocol, code, resume: secret, grace_s })
}

/// Where a session is going to be.
struct SessionTarget {
    room: Entity,
    purpose: Purpose,
}

fn find_target(world: &mut World, target: &JoinTarget) -> Result<SessionTarget, JoinError> {
    let (room, purpose) = match target {
        JoinTarget::Quick => {
            let size = world.resource::<RoomSettings>().size;
            let room = fullest_joinable(world).map_or_else(|| create_room(world, size, true, false), Ok)?;
            (room, Purpose::Play)
        }
        JoinTarget::Create { size, private, practice } => {
            (create_room(world, *size, !private, *practice)?, Purpose::Play)
        }
        JoinTarget::Code(code) => (room_by_code(world, *code)?, Purpose::Play),
        JoinTarget::Watch(code) => (room_by_code(world, *code)?, Purpose::Watch),
        JoinTarget::Resume(secret) => {
            let player = world.resource::<ResumeIndex>().find(*secret).ok_or(JoinError::NoSuchSeat)?;
            let room = world.get::<InRoom>(player).map(|room| room.0).ok_or(JoinError::NoSuchSeat)?;
            presence::hold_seat(world, player);
            (room, Purpose::Resume(player))
        }
    };
    let code = world.get::<Room>(room).map(|room| room.code).ok_or(JoinError::NoSuchSeat)?;
    let spectators_max = usize::from(world.resource::<RoomSettings>().spectators_max);
    match purpose {
        Purpose::Play if world.get::<Reservations>(room).is_none_or(|seats| seats.free() == 0) => {
            Err(JoinError::RoomFull(code))
        }
        Purpose::Watch if spectators(world, room) + expected_spectators(world, room) >= spectators_max => {
            Err(JoinError::SpectatorsFull(code))
        }
        _ => Ok(SessionTarget { room, purpose }),
    }
}

/// People with a token to watch who are not there yet.
fn expected_spectators(world: &mut World, room: Entity) -> usize {
    let is_on_its_way = |session: &Session| {
        session.room == room
            && session.purpose == Purpose::Watch
            && matches!(session.state, SessionState::Reserved { .. } | SessionState::Greeting { .. })
    };
    world.query::<&Session>().iter(world).filter(|session| is_on_its_way(session)).count()
}

fn room_by_code(world: &World, code: RoomCode) -> Result<Entity, JoinError> {
    let room = world.resource::<Directory>().by_code.get(&code).copied();
    let is_open = |room: &Entity| world.get::<Room>(*room).is_some_and(|room| room.is_to_close.is_none());
    room.filter(is_open).ok_or(JoinError::NoSuchRoom(code))
}

/// From now on nobody finds the room: its code is free for another one, and what it holds is the cleanup's.
pub(super) fn forget_room(world: &mut World, room: Entity) -> Option<RoomId> {
    let Room { id, code, .. } = world.entity_mut(room).take::<Room>()?;
    tracing::info!(room = %id, code = %code, "room closed");
    world.resource_mut::<Directory>().by_code.remove(&code);
    Some(id)
}

fn create_room(world: &mut World, size: u8, is_public: bool, practice: bool) -> Result<Entity, JoinError> {
    let max = world.resource::<GameHandle>().players_max().min(SLOTS_MAX as u8);
    if !(1..=max).contains(&size) {
        return Err(JoinError::BadSize { asked: size, max });
    }
    let mut directory = world.resource_mut::<Directory>();
    directory.rooms_made += 1;
    let id = RoomId(directory.rooms_made);
    if directory.by_code.len() >= world.resource::<RoomSettings>().rooms_max as usize {
        return Err(JoinError::ServerFull);
    }
    let code = free_code(world.resource::<Directory>());
    let options = RoomOptions { seats: size, private: !is_public, map: None };
    let active_at = world.resource::<Now>().tick;
    let rate = *world.resource::<TickRate>();
    let wait_ticks_max = world.resource::<RoomSettings>().wait_ticks_max(rate);
    let messages = Bucket::new(ROOM_BYTES_PER_S, ROOM_BYTES_BURST, world.resource::<Now>().elapsed);
    let room = world
        .spawn((
            Room {
                id,
                code,
                options,
                is_practice: practice,
                wait_ticks_max,
                messages,
                active_at,
                is_to_close: None,
                next_msg_id: 0,
            },
            SimRoom::new(id),
            Reservations::new(size),
            Members::default(),
            Host::default(),
            RoomClock::default(),
            RoomPhase::default(),
            Participants::default(),
            FrameHistory::default(),
        ))
        .id();
    world.resource_mut::<Directory>().by_code.insert(code, room);
    tracing::info!(room = %id, code = %code, seats = size, public = is_public, "room opened");
    Ok(room)
}

fn free_code(directory: &Directory) -> RoomCode {
    // At most a few thousand of 923,521 codes are in use, so this ends at once.
    loop {
        let code = RoomCode::from_number(random_id() as u32);
        if !directory.by_code.contains_key(&code) {
            return code;
        }
    }
}

fn fullest_joinable(world: &mut World) -> Option<Entity> {
    let mut query = world.query::<(Entity, &Room, &Reservations, &SimRoom)>();
    // Nobody is sent to people who have all lost their connections.
    let is_alive = |room, seats: &Reservations| seats.has_reserved() || connected(world, room) > 0;
    query
        .iter(world)
        .filter(|(_, room, ..)| !room.options.private && room.is_to_close.is_none())
        .filter(|(_, _, seats, sim)| seats.free() > 0 && !sim.is_faulted())
        .filter(|(entity, _, seats, _)| is_alive(*entity, seats))
        .min_by_key(|(_, room, seats, _)| (seats.free(), room.id))
        .map(|(entity, ..)| entity)
}

fn least_loaded_endpoint(world: &mut World) -> Option<Entity> {
    // Reservations count: an endpoint must not promise more places than it has.
    world
        .query::<(Entity, &BoxedEndpoint)>()
        .iter(world)
        .map(|(entity, endpoint)| (world.resource::<Sessions>().on_endpoint(entity), entity, endpoint.capacity()))
        .filter(|(sessions, _, capacity)| sessions < capacity)
        .min()
        .map(|(_, entity, _)| entity)
}

fn next_player_id(world: &mut World) -> PlayerId {
    let mut directory = world.resource_mut::<Directory>();
    directory.players_made += 1;
    PlayerId(directory.players_made)
}

fn random_id() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}

//! The directory of rooms and the handling of join requests: quick match, new room, join by code, watch, resume.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, mpsc::Receiver},
};

use bevy::prelude::*;
use framehouse_shared::{
    api::code,
    game::GameHandle,
    ids::{PlayerId, RoomCode, RoomId, SLOTS_MAX, SessionId},
    protocol::{
        end::EndCode,
        messages::{Hello, RoomOptions},
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
    schedule::{Now, TickRate},
};

/// Maximum number of join requests answered in one tick. The others wait.
const JOINS_PER_TICK_MAX: usize = 64;

/// Chat and game messages that a room may carry, in bytes per second. Far below the capacity of a member's reliable
/// path, so that nobody is disconnected because of the messages of others.
const ROOM_BYTES_PER_S: f32 = 32_000.0;
/// Burst of [`ROOM_BYTES_PER_S`], in bytes.
const ROOM_BYTES_BURST: f32 = 24_000.0;

/// A validated join request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Name of the player: 1 to 24 characters, no control characters.
    pub name: String,
    /// The room to join.
    pub target: JoinTarget,
    /// Versions of the client, if the request contains them.
    pub hello: Option<Hello>,
}

/// Which room a player wants to join, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinTarget {
    /// The fullest public room with a free seat, or a new one.
    Quick,
    /// A new room.
    Create {
        /// Number of seats.
        size: u8,
        /// Whether quick match and room lists leave it out.
        private: bool,
        /// Whether one ready player is enough to start.
        practice: bool,
    },
    /// The room with this code.
    Code(RoomCode),
    /// Watch in the room with this code.
    Watch(RoomCode),
    /// The seat of the player with this secret.
    Resume(ResumeSecret),
}

/// A granted join request. The client must connect within 10 seconds.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Connect token, readable only for the transport.
    pub token: Vec<u8>,
    /// Id of the session.
    pub session: SessionId,
    /// Address to connect to.
    pub server: SocketAddr,
    /// Ticks per second.
    pub tick_rate: u16,
    /// Protocol hash that the client must have too, see [`Hello::protocol`].
    pub protocol: u64,
    /// Code of the room.
    pub code: RoomCode,
    /// Secret for reconnecting after a lost connection.
    pub resume: ResumeSecret,
    /// Grace period in seconds: how long the seat is kept after a lost connection.
    pub grace_s: f64,
}

/// Why a join request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// No open room has this code.
    #[error("there is no room {0}: check the code, or use quick match")]
    NoSuchRoom(RoomCode),
    /// All seats of the room are taken or reserved.
    #[error("room {0} is full: try again later, or use quick match")]
    RoomFull(RoomCode),
    /// The room has its largest number of spectators.
    #[error("room {0} has no place for more spectators: try again later, or watch another room")]
    SpectatorsFull(RoomCode),
    /// The player's grace period is over.
    #[error("your seat is no longer reserved: join again")]
    NoSuchSeat,
    /// The size of a new room is out of range.
    #[error("a room of this game has 1 to {max} seats, not {asked}")]
    BadSize {
        /// The requested size.
        asked: u8,
        /// Largest size for this game.
        max: u8,
    },
    /// The client's version or game differs. The text is a sentence for the player.
    #[error("{0}")]
    Mismatch(String),
    /// The server has its largest number of rooms or clients.
    #[error("this server is full: try again in a minute, or choose another server")]
    ServerFull,
    /// The server is stopping.
    #[error("this server is stopping: try again in a minute, or choose another server")]
    Stopping,
}

impl JoinError {
    /// Error code for programs, as in HTTP responses.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchRoom(_) => code::NO_SUCH_ROOM,
            Self::RoomFull(_) => code::ROOM_FULL,
            Self::SpectatorsFull(_) => code::SPECTATORS_FULL,
            Self::NoSuchSeat => code::NO_SUCH_SEAT,
            Self::BadSize { .. } => code::BAD_REQUEST,
            Self::Mismatch(_) => code::MISMATCH,
            Self::ServerFull => code::SERVER_FULL,
            Self::Stopping => code::DRAINING,
        }
    }
}

/// A join request from the HTTP thread that waits for its answer.
pub struct PendingJoin {
    /// The request.
    pub request: JoinRequest,
    /// Channel for the answer. The receiver may be gone.
    pub reply: oneshot::Sender<Result<Grant, JoinError>>,
}

/// Receiving end of the queue of join requests.
#[derive(Resource)]
pub struct JoinQueue(pub Mutex<Receiver<PendingJoin>>);

/// Versions and hashes of this server, to compare clients with.
#[derive(Resource, Clone, Debug)]
pub struct LocalHello(pub Hello);

/// Index of open rooms by code, and counters for ids.
#[derive(Resource, Default)]
pub struct Directory {
    by_code: HashMap<RoomCode, Entity>,
    rooms_made: u64,
    players_made: u64,
    is_closed: bool,
}

impl Directory {
    /// Number of rooms opened since the start.
    pub const fn rooms_made(&self) -> u64 {
        self.rooms_made
    }

    /// Refuses all join requests from now on, because the server is stopping.
    pub fn close(&mut self) {
        self.is_closed = true;
    }
}

/// Answers the join requests from the HTTP gateway. Runs in `TickSet::Control`.
pub(crate) fn answer_join_requests(world: &mut World) {
    for _ in 0..JOINS_PER_TICK_MAX {
        let Some(queue) = world.get_resource::<JoinQueue>() else { return };
        let Ok(pending) = queue.0.lock().expect("nothing panics while holding this lock").try_recv() else { return };
        // If the requester is gone, no seat may stay reserved for it.
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

/// Reserves a seat or a spectator place, and makes a connect token for it.
///
/// # Errors
/// When the request cannot be granted.
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
    let Admission { token, server } = endpoint.admit(client, now.transport());
    let tick_rate = world.resource::<TickRate>().0;
    let protocol = world.resource::<LocalHello>().0.protocol;
    let grace_s = world.resource::<RoomSettings>().grace;
    Ok(Grant { token, session: SessionId(client), server, tick_rate, protocol, code, resume: secret, grace_s })
}

/// The room and purpose of a new session.
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

/// Number of spectators that have a token but have not arrived.
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

/// Removes a room from the directory: it cannot be found any more, and its code can be used again.
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
    // Only a few thousand of 923,521 codes are in use, so this loop ends quickly.
    loop {
        let code = RoomCode::from_number(random_id() as u32);
        if !directory.by_code.contains_key(&code) {
            return code;
        }
    }
}

fn fullest_joinable(world: &mut World) -> Option<Entity> {
    let mut query = world.query::<(Entity, &Room, &Reservations, &SimRoom)>();
    // Rooms where all players have lost their connections are skipped.
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
    // Reservations count, so that an endpoint never promises more connections than it has.
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

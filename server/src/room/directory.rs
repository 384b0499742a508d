//! The directory of rooms and the handling of join requests: quick match, new room, join by code, watch, resume.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, mpsc::Receiver},
};

use bevy::prelude::*;
use framehouse_shared::{
    api::{Feature, PlayerSecret, code},
    game::GameHandle,
    ids::{AccountId, PlayerId, RoomCode, RoomId, SLOTS_MAX, SessionId},
    protocol::{
        end::EndCode,
        messages::{Hello, RoomOptions},
    },
    sim::SimRoom,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use utoipa::ToSchema;

use super::{
    InRoom, Members, Player, Room,
    abort_vote::AbortVotes,
    accounts::{self, Accounts},
    admission,
    bans::{self, Bans, Identity},
    caller_days,
    clock::RoomClock,
    codes::CodePool,
    connected,
    guesses::Guesses,
    history::FrameHistory,
    host::Host,
    inputs::Participants,
    phase::RoomPhase,
    presence::{self, ResumeIndex},
    ratings,
    reservations::Reservations,
    sanctions, sessions, spectators,
    who::{ClosedRoom, ShownCode, Who, log_line},
};
use crate::{
    address::AddressKey,
    config::RoomSettings,
    counters::Counters,
    features::Features,
    net::{
        budget::Bucket,
        endpoint::{Admission, BoxedEndpoint, ClientKind},
        outgoing::PeerAddress,
        secret::ResumeSecret,
        session::{Opening, Purpose, Session, SessionState, Sessions},
        token::TOKEN_SECONDS,
    },
    schedule::{Now, TickRate},
};

/// Maximum number of join requests answered in a second, an equal share in each tick. The others wait.
const JOINS_PER_S_MAX: u32 = 3000;
/// Number of shares that a crowd may use at once, after ticks that have used none.
const JOIN_SHARES_AT_ONCE: u32 = 3;

/// Chat and game messages that a room may carry, in bytes per second. Far below the capacity of a member's reliable
/// path, so that nobody is disconnected because of the messages of others.
const ROOM_BYTES_PER_S: f32 = 32_000.0;
/// Burst of [`ROOM_BYTES_PER_S`], in bytes.
const ROOM_BYTES_BURST: f32 = 24_000.0;

/// URL of this server for browsers: `http://127.0.0.1:7777`.
#[derive(Resource, Clone, Debug)]
pub(crate) struct WebUrl(pub String);

impl WebUrl {
    /// The link to a room for the log; none to a private room, whose code is its key.
    fn link(&self, code: RoomCode) -> Option<String> {
        (!code.is_long()).then(|| format!("{}/r/{code}", self.0))
    }
}

/// A validated join request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Name of the player, cleaned by [`clean_name`](framehouse_shared::text::clean_name).
    pub name: String,
    /// The room to join.
    pub target: JoinTarget,
    /// Secret of the player, from which its lasting id is made. `None` for a new guest.
    pub secret: Option<PlayerSecret>,
    /// Rating of the player in hundredths, if it is known: quick match prefers rooms with near ratings.
    pub rating: Option<i32>,
    /// Versions of the client, if the request contains them.
    pub hello: Option<Hello>,
    /// Address of the caller.
    pub caller: AddressKey,
    /// Kind of the client.
    pub kind: ClientKind,
}

/// Which room a player wants to join, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinTarget {
    /// A public room with a free seat, or a new one: the nearest by rating, and among those the fullest.
    Quick,
    /// A new room.
    Create {
        /// Number of seats.
        size: u8,
        /// Whether quick match and room lists leave it out.
        private: bool,
        /// Whether one ready player is enough to start.
        practice: bool,
        /// Whether it is in economy mode; `None` for the setting of the server.
        economy: Option<bool>,
    },
    /// The room with this code.
    Code(RoomCode),
    /// Watch in the room with this code.
    Watch(RoomCode),
    /// The room with this name.
    Named {
        /// The name, as [`is_room_name`](framehouse_shared::api::ws::is_room_name) allows it.
        name: String,
        /// Number of seats of the room if it has to be made; `None` for as many as the game allows.
        size: Option<u8>,
        /// Whether one ready player is enough to start in it, if it has to be made.
        practice: bool,
    },
    /// Watch in the room with this name.
    WatchNamed(String),
    /// The seat of the player with this secret.
    Resume(ResumeSecret),
}

/// A granted join request. The client must connect within 5 seconds.
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
    /// Lasting id of the player.
    pub account: AccountId,
}

/// Why a join request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
pub enum JoinError {
    /// No open room has this code, or the room is private and has no place. Both have one answer, so that nobody who
    /// tries codes learns which rooms there are.
    #[error("there is no room {0} that you can join: check the code, or use quick match")]
    NoSuchRoom(RoomCode),
    /// No open room has this name.
    #[error("there is no room {0:?}: check the name")]
    NoSuchName(String),
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
    /// The player has a seat and is connected.
    #[error("you are already playing on this server: go back to that window, or leave the room there")]
    AlreadyPlaying,
    /// The host of the room has sent this player away.
    #[error("the host of room {0} sent you away: use quick match, or join another room")]
    SentAway(RoomCode),
    /// An operator has banned the player from this server. The text is a sentence for the player.
    #[error("{0}")]
    Banned(String),
    /// The feature is switched off.
    #[error("{}", .0.refusal())]
    SwitchedOff(Feature),
    /// The caller's address has its largest number of sessions.
    #[error(
        "your address has {max} sessions on this server, and no more are allowed: leave one, or try again in a minute"
    )]
    AddressFull {
        /// The largest number for one address.
        max: u32,
    },
    /// The caller's address has reserved seats and not connected to them.
    #[error("your address has reserved seats that it does not use: try again in {TOKEN_SECONDS} seconds")]
    TokensUnused,
    /// The caller's address has tried too many wrong codes.
    #[error("too many wrong room codes came from your address: try again in {wait_s} s, or use quick match")]
    TooManyCodes {
        /// Seconds until the next code is looked at.
        wait_s: u32,
    },
    /// The server has its largest number of rooms or clients.
    #[error("this server is full: try again in a minute, or choose another server")]
    ServerFull,
    /// The tick thread has no time for more players.
    #[error("this server has as many players as it can carry: try again in a few seconds, or choose another server")]
    Overloaded,
    /// The server shares its room codes with others, and has none left that is surely its own.
    #[error("no new room can be opened right now: join a room by its code, or try again in a few seconds")]
    NoCodes,
    /// No server of the fleet takes newcomers of this kind.
    #[error("no server takes new players right now: try again in a few seconds")]
    NoServer,
    /// The server drains or stops.
    #[error("this server is stopping: try again in a minute, or choose another server")]
    Stopping,
}

impl JoinError {
    /// Error code for programs, as in HTTP responses.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchRoom(_) | Self::NoSuchName(_) => code::NO_SUCH_ROOM,
            Self::RoomFull(_) => code::ROOM_FULL,
            Self::SpectatorsFull(_) => code::SPECTATORS_FULL,
            Self::NoSuchSeat => code::NO_SUCH_SEAT,
            Self::BadSize { .. } => code::BAD_REQUEST,
            Self::Mismatch(_) => code::MISMATCH,
            Self::AlreadyPlaying => code::ALREADY_PLAYING,
            Self::SentAway(_) => code::SENT_AWAY,
            Self::Banned(_) => code::BANNED,
            Self::SwitchedOff(_) => code::SWITCHED_OFF,
            Self::AddressFull { .. } | Self::TokensUnused => code::ADDRESS_FULL,
            Self::TooManyCodes { .. } => code::TOO_MANY_CODES,
            Self::ServerFull => code::SERVER_FULL,
            Self::Overloaded | Self::NoCodes | Self::NoServer => code::OVERLOADED,
            Self::Stopping => code::DRAINING,
        }
    }

    /// Seconds after which the same request may succeed; nothing if waiting does not help.
    pub const fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::RoomFull(_) | Self::SpectatorsFull(_) | Self::Overloaded => Some(10),
            Self::NoCodes | Self::NoServer => Some(3),
            Self::AddressFull { .. } | Self::ServerFull | Self::Stopping => Some(60),
            Self::TokensUnused => Some(TOKEN_SECONDS as u32),
            Self::TooManyCodes { wait_s } => Some(*wait_s),
            Self::NoSuchRoom(_)
            | Self::NoSuchName(_)
            | Self::NoSuchSeat
            | Self::BadSize { .. }
            | Self::Mismatch(_)
            | Self::AlreadyPlaying
            | Self::SentAway(_)
            | Self::Banned(_)
            | Self::SwitchedOff(_) => None,
        }
    }

    /// Whether a limit on the caller's address is the reason.
    const fn is_limit(&self) -> bool {
        matches!(self, Self::AddressFull { .. } | Self::TokensUnused | Self::TooManyCodes { .. })
    }
}

/// A join request from the HTTP thread that waits for its answer.
pub struct PendingJoin {
    /// The request.
    pub request: JoinRequest,
    /// Channel for the answer. The receiver may be gone.
    pub reply: oneshot::Sender<Result<Grant, JoinError>>,
    /// A newcomer's place in the queue, given back when the request is answered.
    pub place: Option<OwnedSemaphorePermit>,
}

/// Receiving end of the queue of join requests.
#[derive(Resource)]
pub struct JoinQueue(pub Mutex<Receiver<PendingJoin>>);

/// Versions and hashes of this server, to compare clients with.
#[derive(Resource, Clone, Debug)]
pub struct LocalHello(pub Hello);

/// Index of open rooms by code and name, and counters for ids.
#[derive(Resource, Default)]
pub struct Directory {
    by_code: HashMap<RoomCode, Entity>,
    by_name: HashMap<String, Entity>,
    rooms_made: u64,
    players_made: u64,
    doors: Doors,
    /// The newest tick in which join requests were answered, and how many of the shares are used up.
    answered: (u64, u32),
}

/// Whom the server lets in.
#[derive(Clone, Copy, Debug, Default)]
enum Doors {
    /// Everybody.
    #[default]
    Open,
    /// Players who come back to their seats.
    Returning,
    /// Nobody.
    Closed,
}

impl Directory {
    /// Number of rooms opened since the start.
    pub const fn rooms_made(&self) -> u64 {
        self.rooms_made
    }

    /// Whether newcomers are let in. From the beginning of a drain on they are not.
    pub const fn is_accepting(&self) -> bool {
        matches!(self.doors, Doors::Open)
    }

    /// Refuses newcomers from now on, because the server drains. Players who come back are let in.
    pub(super) fn refuse_newcomers(&mut self) {
        self.doors = Doors::Returning;
    }

    /// Lets newcomers in again, unless the server is stopping.
    pub(super) fn accept_newcomers(&mut self) {
        if matches!(self.doors, Doors::Returning) {
            self.doors = Doors::Open;
        }
    }

    /// Refuses all join requests from now on, because the server is stopping.
    pub fn close(&mut self) {
        self.doors = Doors::Closed;
    }
}

/// Answers the join requests from the HTTP gateway. Runs in `TickSet::Control`, and between ticks in `Receive`.
pub(crate) fn answer_join_requests(world: &mut World) {
    let joins_max = JOINS_PER_S_MAX / u32::from(world.resource::<TickRate>().0);
    let tick = world.resource::<Now>().tick;
    loop {
        let (answered_in, used) = world.resource::<Directory>().answered;
        let ticks = tick.saturating_sub(answered_in).min(u64::from(JOIN_SHARES_AT_ONCE)) as u32;
        let used = used.saturating_sub(ticks * joins_max);
        if used >= JOIN_SHARES_AT_ONCE * joins_max {
            return;
        }
        let Some(queue) = world.get_resource::<JoinQueue>() else { return };
        let Ok(pending) = queue.0.lock().expect("nothing panics while holding this lock").try_recv() else { return };
        world.resource_mut::<Directory>().answered = (tick, used + 1);
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
    let answer = try_join(world, request);
    match &answer {
        Ok(_) => caller_days::note_join(world, request),
        Err(error) => tracing::debug!(player = request.name, reason = error.code(), "join request refused"),
    }
    let mut counters = world.resource_mut::<Counters>();
    match &answer {
        Err(JoinError::Overloaded) => counters.joins_overloaded += 1,
        Err(error) if error.is_limit() => counters.joins_limited += 1,
        _ => {}
    }
    answer
}

fn try_join(world: &mut World, request: &JoinRequest) -> Result<Grant, JoinError> {
    // A returning player takes no new place, and finds one when the server is full.
    let is_returning = matches!(request.target, JoinTarget::Resume(_));
    match world.resource::<Directory>().doors {
        Doors::Open => {}
        Doors::Returning if is_returning => {}
        Doors::Returning | Doors::Closed => return Err(JoinError::Stopping),
    }
    if let Some(theirs) = &request.hello {
        world.resource::<LocalHello>().0.check(theirs).map_err(JoinError::Mismatch)?;
    }
    if !is_returning {
        admission::check_load(world)?;
        admission::check_address(world, request.caller)?;
    }
    let is_watching = matches!(request.target, JoinTarget::Watch(_) | JoinTarget::WatchNamed(_));
    let account = world.resource::<Accounts>().of(request.secret);
    // A player that has a seat was not banned since: it would have lost the seat.
    if !is_returning {
        sanctions::check(world, account)?;
    }
    if is_watching {
        check_switch(world, Feature::Spectating)?;
    }
    if !is_returning && !is_watching {
        accounts::check(world, account)?;
    }
    let endpoint = admission::least_loaded_endpoint(world, request.kind, is_returning).ok_or(JoinError::ServerFull)?;
    let target = find_target(world, request)?;
    let code = world.get::<Room>(target.room).map(|room| room.code).expect("places are found in open rooms only");
    let client = random_id();
    let identity = match target.purpose {
        Purpose::Resume(player) => {
            world.get::<Player>(player).map(|data| (data.id, data.account, data.name.clone(), data.secret))
        }
        Purpose::Play | Purpose::Watch => None,
    };
    let (player, account, name, secret) =
        identity.unwrap_or_else(|| (next_player_id(world), account, request.name.clone(), ResumeSecret::random()));
    let opening = Opening {
        address: PeerAddress { endpoint, client },
        caller: request.caller,
        room: target.room,
        purpose: target.purpose,
        player,
        account,
        name,
        secret,
        kind: request.kind,
    };
    let session = sessions::open(world, opening);
    match target.purpose {
        Purpose::Play => {
            if let Some(mut seats) = world.get_mut::<Reservations>(target.room) {
                seats.reserve(session).expect("a seat was free just now");
            }
            if request.secret.is_some() {
                accounts::note_session(world, account, session, secret, request.rating);
            }
        }
        Purpose::Resume(player) => presence::expect_return(world, player, session),
        Purpose::Watch => {}
    }
    log_line!(DEBUG, Who::of_session(world, session), purpose = target.purpose.name(), "place reserved");
    let now = *world.resource::<Now>();
    let endpoint = world.get::<BoxedEndpoint>(endpoint).expect("endpoints stay as long as the server");
    let Admission { token, server } = endpoint.admit(client, Some(request.caller.ip()), now.transport());
    let tick_rate = world.resource::<TickRate>().0;
    let protocol = world.resource::<LocalHello>().0.protocol;
    let grace_s = world.resource::<RoomSettings>().grace_s;
    Ok(Grant { token, session: SessionId(client), server, tick_rate, protocol, code, resume: secret, grace_s, account })
}

/// The room and purpose of a new session.
struct SessionTarget {
    room: Entity,
    purpose: Purpose,
}

fn find_target(world: &mut World, request: &JoinRequest) -> Result<SessionTarget, JoinError> {
    let person = Identity::new(request.caller, &request.name);
    match &request.target {
        JoinTarget::Quick => {
            check_switch(world, Feature::QuickMatch)?;
            let rooms = world.resource::<RoomSettings>();
            let options = RoomOptions { seats: rooms.size, private: false, economy: rooms.economy, map: None };
            let room =
                best_joinable(world, &person, request.rating).map_or_else(|| create_room(world, options, false), Ok)?;
            Ok(SessionTarget { room, purpose: Purpose::Play })
        }
        JoinTarget::Create { size, private, practice, economy } => {
            let economy = economy.unwrap_or(world.resource::<RoomSettings>().economy);
            let options = RoomOptions { seats: *size, private: *private, economy, map: None };
            let room = create_room(world, options, *practice)?;
            Ok(SessionTarget { room, purpose: Purpose::Play })
        }
        JoinTarget::Code(code) => find_by_code(world, *code, Purpose::Play, &person),
        JoinTarget::Watch(code) => find_by_code(world, *code, Purpose::Watch, &person),
        JoinTarget::Named { name, size, practice } => find_by_name(world, name, *size, *practice, &person),
        JoinTarget::WatchNamed(name) => {
            let (room, code) = room_by_name(world, name).ok_or_else(|| JoinError::NoSuchName(name.clone()))?;
            check_place(world, room, code, Purpose::Watch, &person)?;
            Ok(SessionTarget { room, purpose: Purpose::Watch })
        }
        JoinTarget::Resume(secret) => {
            let player = world.resource::<ResumeIndex>().find(*secret).ok_or(JoinError::NoSuchSeat)?;
            let room = world.get::<InRoom>(player).map(|room| room.0).ok_or(JoinError::NoSuchSeat)?;
            world.get::<Room>(room).ok_or(JoinError::NoSuchSeat)?;
            presence::hold_seat(world, player);
            Ok(SessionTarget { room, purpose: Purpose::Resume(player) })
        }
    }
}

/// The room with this code, if it has a place. A private room without one is no room, and both count as wrong codes.
fn find_by_code(
    world: &mut World,
    code: RoomCode,
    purpose: Purpose,
    person: &Identity,
) -> Result<SessionTarget, JoinError> {
    admission::check_guesses(world, person.caller())?;
    let room = room_by_code(world, code);
    let found = room.ok_or(JoinError::NoSuchRoom(code)).and_then(|room| {
        check_place(world, room, code, purpose, person)?;
        Ok(SessionTarget { room, purpose })
    });
    let is_private = room.and_then(|room| world.get::<Room>(room)).is_none_or(|room| room.options.private);
    found.map_err(|error| if is_private { wrong_code(world, code, person.caller()) } else { error })
}

/// The room with this name. One that is not there is made: whoever knows the name may come.
fn find_by_name(
    world: &mut World,
    name: &str,
    size: Option<u8>,
    practice: bool,
    person: &Identity,
) -> Result<SessionTarget, JoinError> {
    let purpose = Purpose::Play;
    if let Some((room, code)) = room_by_name(world, name) {
        check_place(world, room, code, purpose, person)?;
        return Ok(SessionTarget { room, purpose });
    }
    let seats = size.unwrap_or_else(|| world.resource::<GameHandle>().players_max());
    let economy = world.resource::<RoomSettings>().economy;
    let room = create_room(world, RoomOptions { seats, private: true, economy, map: None }, practice)?;
    world.resource_mut::<Directory>().by_name.insert(name.to_owned(), room);
    if let Some(mut data) = world.get_mut::<Room>(room) {
        data.name = Some(name.to_owned());
    }
    Ok(SessionTarget { room, purpose })
}

fn room_by_name(world: &World, name: &str) -> Option<(Entity, RoomCode)> {
    let room = *world.resource::<Directory>().by_name.get(name)?;
    world.get::<Room>(room).filter(|data| data.is_to_close.is_none()).map(|data| (room, data.code))
}

fn wrong_code(world: &mut World, code: RoomCode, caller: AddressKey) -> JoinError {
    let now = world.resource::<Now>().elapsed;
    world.resource_mut::<Guesses>().note(caller, now);
    world.resource_mut::<Counters>().codes_wrong += 1;
    JoinError::NoSuchRoom(code)
}

/// Checks that a person may come into an open room, and that there is a place.
fn check_place(
    world: &mut World,
    room: Entity,
    code: RoomCode,
    purpose: Purpose,
    person: &Identity,
) -> Result<(), JoinError> {
    let spectators_max = usize::from(world.resource::<RoomSettings>().spectators_max);
    if bans::is_banned(world, room, person) {
        return Err(JoinError::SentAway(code));
    }
    match purpose {
        Purpose::Play if world.get::<Reservations>(room).is_none_or(|seats| seats.free() == 0) => {
            Err(JoinError::RoomFull(code))
        }
        Purpose::Watch if spectators(world, room) + expected_spectators(world, room) >= spectators_max => {
            Err(JoinError::SpectatorsFull(code))
        }
        _ => Ok(()),
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

/// The open room with this code.
pub(crate) fn room_by_code(world: &World, code: RoomCode) -> Option<Entity> {
    let room = world.resource::<Directory>().by_code.get(&code).copied();
    room.filter(|room| world.get::<Room>(*room).is_some_and(|room| room.is_to_close.is_none()))
}

/// Gives a room that becomes private a new, long code: its old one was in the room list. Returns the new code.
pub(super) fn hide(world: &mut World, room: Entity) -> Option<RoomCode> {
    let old = world.get::<Room>(room).map(|room| room.code)?;
    // Without another code it keeps the old one.
    let code = new_code(world, true)?;
    let mut directory = world.resource_mut::<Directory>();
    directory.by_code.remove(&old);
    directory.by_code.insert(code, room);
    world.get_mut::<Room>(room)?.code = code;
    log_line!(DEBUG, Who::of_room(world, room), old = %ShownCode(old), "the room is private now and has another code");
    Some(code)
}

/// Removes a room from the directory: it cannot be found any more, and its code can be used again.
pub(super) fn forget_room(world: &mut World, room: Entity) {
    let Some(Room { code, name, .. }) = world.entity_mut(room).take::<Room>() else { return };
    world.entity_mut(room).insert(ClosedRoom(code));
    let mut directory = world.resource_mut::<Directory>();
    directory.by_code.remove(&code);
    // A room that was about to close may have been replaced under its name.
    if let Some(name) = name
        && directory.by_name.get(&name) == Some(&room)
    {
        directory.by_name.remove(&name);
    }
}

fn check_switch(world: &World, feature: Feature) -> Result<(), JoinError> {
    if world.resource::<Features>().is_on(feature) { Ok(()) } else { Err(JoinError::SwitchedOff(feature)) }
}

fn create_room(world: &mut World, options: RoomOptions, practice: bool) -> Result<Entity, JoinError> {
    check_switch(world, Feature::NewRooms)?;
    let RoomOptions { seats: size, private, economy, .. } = options;
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
    let code = new_code(world, private).ok_or(JoinError::NoCodes)?;
    let active_at = world.resource::<Now>().tick;
    let rate = *world.resource::<TickRate>();
    let wait_ticks_max = world.resource::<RoomSettings>().wait_ticks_max(rate);
    let messages = Bucket::new(ROOM_BYTES_PER_S, ROOM_BYTES_BURST, world.resource::<Now>().elapsed);
    let room = world
        .spawn((
            Room {
                id,
                code,
                name: None,
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
            (Host::default(), Bans::default(), AbortVotes::default()),
            RoomClock::default(),
            RoomPhase::default(),
            Participants::default(),
            FrameHistory::default(),
        ))
        .id();
    world.resource_mut::<Directory>().by_code.insert(code, room);
    let link = world.get_resource::<WebUrl>().and_then(|url| url.link(code));
    log_line!(INFO, Who::of_room(world, room), seats = size, private, economy, link, "room opened");
    Ok(room)
}

/// A code for a new room. `None` if the server may only take claimed ones and has none.
fn new_code(world: &World, is_private: bool) -> Option<RoomCode> {
    match world.get_resource::<CodePool>() {
        Some(pool) => pool.take(is_private),
        None => Some(free_code(world.resource::<Directory>(), is_private)),
    }
}

fn free_code(directory: &Directory, is_private: bool) -> RoomCode {
    // Only a few thousand of 923,521 or more codes are in use, so this loop ends quickly.
    loop {
        let number = random_id() as u32;
        let code = if is_private { RoomCode::long_from_number(number) } else { RoomCode::from_number(number) };
        if !directory.by_code.contains_key(&code) {
            return code;
        }
    }
}

fn best_joinable(world: &mut World, person: &Identity, rating: Option<i32>) -> Option<Entity> {
    let mut query = world.query::<(Entity, &Room, &Reservations, &SimRoom)>();
    // Rooms where all players have lost their connections are skipped.
    let is_alive = |room, seats: &Reservations| seats.has_reserved() || connected(world, room) > 0;
    query
        .iter(world)
        .filter(|(_, room, ..)| !room.options.private && room.is_to_close.is_none())
        .filter(|(_, _, seats, sim)| seats.free() > 0 && !sim.is_faulted())
        .filter(|(entity, _, seats, _)| is_alive(*entity, seats) && !bans::is_banned(world, *entity, person))
        .min_by_key(|(_, room, seats, _)| (ratings::steps_apart(world, seats, rating), seats.free(), room.id))
        .map(|(entity, ..)| entity)
}

fn next_player_id(world: &mut World) -> PlayerId {
    let mut directory = world.resource_mut::<Directory>();
    directory.players_made += 1;
    PlayerId(directory.players_made)
}

fn random_id() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_a_public_room_in_a_browser() {
        let (url, code) = (WebUrl("http://h:1".to_owned()), RoomCode::from_number(7));
        assert_eq!(url.link(code).as_deref(), Some("http://h:1/r/9222"));
        assert_eq!(url.link(RoomCode::long_from_number(7)), None, "the log does not have the key to a private room");
    }

    #[test]
    fn a_refusal_says_when_to_try_again_if_it_says_to_try_again() {
        let code = RoomCode::from_number(1);
        let refusals = [
            JoinError::NoSuchRoom(code),
            JoinError::NoSuchName("lounge".to_owned()),
            JoinError::RoomFull(code),
            JoinError::SpectatorsFull(code),
            JoinError::NoSuchSeat,
            JoinError::BadSize { asked: 99, max: 16 },
            JoinError::Mismatch("the rules differ".to_owned()),
            JoinError::SentAway(code),
            JoinError::Banned("you are banned from this server".to_owned()),
            JoinError::SwitchedOff(Feature::QuickMatch),
            JoinError::AlreadyPlaying,
            JoinError::AddressFull { max: 8 },
            JoinError::TokensUnused,
            JoinError::TooManyCodes { wait_s: 7 },
            JoinError::ServerFull,
            JoinError::Overloaded,
            JoinError::NoCodes,
            JoinError::NoServer,
            JoinError::Stopping,
        ];
        for refusal in refusals {
            let sentence = refusal.to_string();
            assert_eq!(sentence.contains("try again"), refusal.retry_after_s().is_some(), "{sentence}");
        }
    }
}

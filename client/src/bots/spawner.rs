//! Spawner threads: request sessions for the bots, one after the other inside a room, several rooms at a time.

use std::{
    sync::{
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        mpsc::SyncSender,
    },
    time::{Duration, Instant},
};

use framehouse_shared::ids::{AccountId, RoomCode};

use super::{args::Args, bot::Bot, elapsed};
use crate::{
    client::{Client, ClientConfig},
    connect::{ConnectError, QueuePlace, RoomRequest, SessionRequest, request_session_in_queue},
    net::{Connection, Link, SimulatedLink, UdpLink},
};

/// Seconds between two lines about the queue.
const QUEUE_LINE_S: u64 = 5;

/// A bot and its room, or why there is no bot.
pub(super) struct SpawnedBot {
    /// Index of the room.
    pub room: u32,
    /// The bot, or a sentence about the failure.
    pub bot: Result<Box<Bot>, String>,
}

/// A new session of a bot.
pub(super) struct BotSession {
    /// The client.
    pub client: Client,
    /// The room's code.
    pub code: RoomCode,
    /// The secret that resumes the session when it is lost.
    pub resume: String,
    /// Grace period: how long the server keeps the seat after a loss.
    pub grace: Duration,
    /// The bot's lasting id; nothing from earlier servers.
    pub player: Option<AccountId>,
}

/// A refused or failed session request.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// A sentence for people.
    pub sentence: String,
    /// Whether a later attempt may succeed.
    pub is_passing: bool,
}

impl From<ConnectError> for Refusal {
    fn from(error: ConnectError) -> Self {
        Self { sentence: error.to_string(), is_passing: error.is_passing() }
    }
}

impl Refusal {
    /// A refusal after which a later attempt may succeed.
    pub const fn passing(sentence: String) -> Self {
        Self { sentence, is_passing: true }
    }

    /// A refusal that every later attempt would repeat.
    pub fn lasting(sentence: impl ToString) -> Self {
        Self { sentence: sentence.to_string(), is_passing: false }
    }
}

/// State that the spawner threads share.
pub(super) struct BotSpawner<'a> {
    args: &'a Args,
    config: &'a ClientConfig,
    start: Instant,
    stop: Option<&'a AtomicBool>,
    next_room: AtomicU32,
    /// Second from which on a line about the queue is due.
    next_line_s: AtomicU64,
}

impl<'a> BotSpawner<'a> {
    pub const fn new(args: &'a Args, config: &'a ClientConfig, start: Instant) -> Self {
        Self { args, config, start, stop: None, next_room: AtomicU32::new(0), next_line_s: AtomicU64::new(0) }
    }

    /// Requests no more sessions when `stop` is set.
    pub fn until(self, stop: &'a AtomicBool) -> Self {
        Self { stop: Some(stop), ..self }
    }

    fn is_over(&self) -> bool {
        let is_stopped = self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        is_stopped || elapsed(self.start) >= Duration::from_secs(u64::from(self.args.seconds))
    }

    /// Logs a place in the queue of a full server, one in some seconds of all bots.
    fn note_place(&self, place: &QueuePlace) {
        let now_s = elapsed(self.start).as_secs();
        let is_due = |next_s| (now_s >= next_s).then_some(now_s + QUEUE_LINE_S);
        if self.next_line_s.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_due).is_ok() {
            let wait = place.wait_s.map(|seconds| format!(", about {seconds} s")).unwrap_or_default();
            tracing::warn!("the server is full: a bot is number {} in its queue{wait}", place.place);
        }
    }

    /// Requests a session and begins it; `seed` is the seed of its simulated network.
    pub fn open_session(&self, request: &SessionRequest, seed: u64) -> Result<BotSession, Refusal> {
        if self.is_over() {
            let sentence = "The time was over before all bots had requested a seat: use more --seconds.";
            return Err(Refusal::lasting(sentence));
        }
        let is_wanted = || !self.is_over();
        let grant = request_session_in_queue(&self.args.server, request, is_wanted, |place| self.note_place(place))?;
        let address = Connection::server_address(&grant.token).map_err(Refusal::lasting)?;
        let no_socket = |error| Refusal::passing(format!("No socket to {address}: {error}."));
        let udp = UdpLink::connect(address).map_err(no_socket)?;
        let link: Box<dyn Link> = match self.args.net_sim {
            Some(config) => Box::new(SimulatedLink::new(udp, config, seed)),
            None => Box::new(udp),
        };
        let client = Client::new(&grant.token, link, self.config, elapsed(self.start)).map_err(Refusal::lasting)?;
        let grace = grant.grace();
        Ok(BotSession { client, code: grant.code, grace, resume: grant.resume, player: grant.player })
    }

    /// Spawns the bot with this index in a room: the first one creates the room, the players take seats, the rest
    /// watches.
    fn spawn(&self, room: u32, index: u8, code: Option<RoomCode>) -> Result<(Bot, RoomCode), String> {
        let Args { players, seats, seed, .. } = self.args;
        let economy = self.args.economy.then_some(true);
        let create = RoomRequest::Create { size: *players.max(seats), private: false, practice: false, economy };
        let join = if index < *players { RoomRequest::Code } else { RoomRequest::Watch };
        let request = SessionRequest {
            name: if self.args.rooms == 1 {
                super::name(index).to_owned()
            } else {
                format!("{} {room}", super::name(index))
            },
            room: code.map_or(create, join),
            resume: None,
            player_secret: None,
            hello: Some(self.config.hello.clone()),
        };
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(room) << 8 | u64::from(index));
        let asked = elapsed(self.start);
        let session = self.open_session(&request, seed).map_err(|refusal| refusal.sentence)?;
        let code = session.code;
        Ok((Bot::new(session, request, seed, asked), code))
    }
}

/// Fills rooms until none are left to fill. Room `n` goes to driver `n` modulo the number of drivers.
pub(super) fn fill_rooms(spawner: &BotSpawner<'_>, drivers: &[SyncSender<SpawnedBot>]) {
    loop {
        let room = spawner.next_room.fetch_add(1, Ordering::Relaxed);
        if room >= spawner.args.rooms {
            return;
        }
        let driver = &drivers[room as usize % drivers.len()];
        let mut code: Result<Option<RoomCode>, String> = Ok(None);
        for index in 0..spawner.args.members() {
            let spawned = code.clone().and_then(|code| spawner.spawn(room, index, code));
            // Without the room's first bot there is no room for the others to join.
            if index == 0 {
                code = spawned.as_ref().map(|(_, code)| Some(*code)).map_err(Clone::clone);
            }
            let bot = spawned.map(|(bot, _)| Box::new(bot));
            // A driver that is gone has finished or panicked; joining its thread shows which.
            if driver.send(SpawnedBot { room, bot }).is_err() {
                return;
            }
        }
    }
}

//! Client spawner: gets seats, one after the other in a room, for several rooms at a time.

use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::Sender,
    },
    time::Duration,
};

use framehouse_client::{
    client::{Client, ClientConfig, MakeSimulation},
    connect::{ConnectError, RoomRequest, SessionGrant, SessionRequest, request_session},
    net::{Connection, UdpLink},
};
use framehouse_shared::{ids::RoomCode, protocol::messages::Hello, rng::SimRng};

use super::{
    args::{Args, ROOM_PLAYERS},
    drive::Shared,
    process::ServerProcess,
    room::Member,
};

/// Concurrent requests for sessions. The server answers once a tick.
pub(crate) const SPAWNERS: u32 = 32;

/// A client with a seat.
pub(super) struct SpawnedClient {
    /// The room it belongs to.
    pub room: u32,
    /// The client.
    pub member: Box<Member>,
}

/// State that the spawning threads share.
pub(super) struct ClientSpawner<'a> {
    args: &'a Args,
    url: &'a str,
    thin: ClientConfig,
    real: ClientConfig,
    shared: &'a Shared,
    next_room: AtomicU32,
}

impl<'a> ClientSpawner<'a> {
    pub fn new(
        args: &'a Args,
        server: &'a ServerProcess,
        hello: Hello,
        game: MakeSimulation,
        shared: &'a Shared,
    ) -> Self {
        let thin = ClientConfig { hello, game: None };
        let real = ClientConfig { game: Some(game), ..thin.clone() };
        Self { args, url: server.url(), thin, real, shared, next_room: AtomicU32::new(0) }
    }
}

/// Fills all rooms, those of real clients last. Room `n` goes to driver `n` modulo the number of drivers.
pub(super) fn spawn_clients(spawner: &ClientSpawner<'_>, drivers: &[Sender<SpawnedClient>]) {
    while spawner.shared.is_going_on() {
        let room = spawner.next_room.fetch_add(1, Ordering::Relaxed);
        if room >= spawner.args.all_rooms() {
            return;
        }
        let economy = spawner.args.economy.then_some(true);
        let mut target = RoomRequest::Create { size: ROOM_PLAYERS as u8, private: false, practice: false, economy };
        for index in 0..ROOM_PLAYERS {
            match spawn_member(spawner, room, index, target) {
                Ok((member, code)) => {
                    target = RoomRequest::Code(code);
                    // A driver that has ended has panicked, which is reported when it is joined.
                    let _ =
                        drivers[room as usize % drivers.len()].send(SpawnedClient { room, member: Box::new(member) });
                }
                Err(sentence) => return spawner.shared.fail(&sentence),
            }
        }
    }
}

fn spawn_member(
    spawner: &ClientSpawner<'_>,
    room: u32,
    index: u32,
    target: RoomRequest,
) -> Result<(Member, RoomCode), String> {
    let is_real = room >= spawner.args.rooms;
    let config = if is_real { &spawner.real } else { &spawner.thin };
    let grant = ask(spawner.url, format!("load {room}.{index}"), target, config).map_err(|error| error.to_string())?;
    let client = connect(&grant, config, spawner.shared.elapsed())?;
    let rng = SimRng::new(u64::from(room * ROOM_PLAYERS + index));
    Ok((Member::new(client, rng, is_real), grant.code))
}

/// Asks for a seat over HTTP.
pub(crate) fn ask(
    url: &str,
    name: String,
    room: RoomRequest,
    config: &ClientConfig,
) -> Result<SessionGrant, ConnectError> {
    request_session(url, &SessionRequest { name, room, resume: None, hello: Some(config.hello.clone()) })
}

/// A client with its own socket that connects to its seat.
pub(crate) fn connect(grant: &SessionGrant, config: &ClientConfig, now: Duration) -> Result<Client, String> {
    let address = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let link = UdpLink::connect(address).map_err(|error| format!("no socket to {address}: {error}"))?;
    Client::new(&grant.token, Box::new(link), config, now).map_err(|error| error.to_string())
}

//! Seats for the clients: one after the other inside a room, several rooms at a time.

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
use framehouse_shared::{ids::RoomCode, protocol::control::Hello, rng::SimRng};

use super::{
    args::{Args, ROOM_PLAYERS},
    drive::Shared,
    process::ServerProcess,
    room::Member,
};

/// Requests for sessions that run at the same time. The server answers once a tick.
pub(crate) const RECRUITERS: u32 = 32;

/// A client with a seat.
pub(super) struct Recruit {
    /// The room it belongs to.
    pub room: u32,
    /// The client.
    pub member: Box<Member>,
}

/// What the recruiting threads share.
pub(super) struct Recruiter<'a> {
    args: &'a Args,
    url: &'a str,
    thin: ClientConfig,
    real: ClientConfig,
    shared: &'a Shared,
    next_room: AtomicU32,
}

impl<'a> Recruiter<'a> {
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

/// Fills rooms until there are none left to fill, the real ones last. Room `n` goes to driver `n` modulo their number.
pub(super) fn recruit(recruiter: &Recruiter<'_>, drivers: &[Sender<Recruit>]) {
    while recruiter.shared.is_going_on() {
        let room = recruiter.next_room.fetch_add(1, Ordering::Relaxed);
        if room >= recruiter.args.all_rooms() {
            return;
        }
        let mut wish = RoomRequest::Create { size: ROOM_PLAYERS as u8, private: false, practice: false };
        for place in 0..ROOM_PLAYERS {
            match hire(recruiter, room, place, wish) {
                Ok((member, code)) => {
                    wish = RoomRequest::Code(code);
                    // A driver that is gone has panicked, which is seen when it is joined.
                    let _ = drivers[room as usize % drivers.len()].send(Recruit { room, member: Box::new(member) });
                }
                Err(sentence) => return recruiter.shared.fail(&sentence),
            }
        }
    }
}

fn hire(recruiter: &Recruiter<'_>, room: u32, place: u32, wish: RoomRequest) -> Result<(Member, RoomCode), String> {
    let is_real = room >= recruiter.args.rooms;
    let config = if is_real { &recruiter.real } else { &recruiter.thin };
    let grant = ask(recruiter.url, format!("load {room}.{place}"), wish, config).map_err(|error| error.to_string())?;
    let client = connect(&grant, config, recruiter.shared.elapsed())?;
    let rng = SimRng::new(u64::from(room * ROOM_PLAYERS + place));
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

/// A client with a socket of its own, on its way to the seat that was granted.
pub(crate) fn connect(grant: &SessionGrant, config: &ClientConfig, now: Duration) -> Result<Client, String> {
    let address = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let link = UdpLink::connect(address).map_err(|error| format!("no socket to {address}: {error}"))?;
    Client::new(&grant.token, Box::new(link), config, now).map_err(|error| error.to_string())
}

//! Client spawner: gets seats, one after the other in a room, for several rooms at a time.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::Sender,
    },
    thread,
    time::Duration,
};

use framehouse_client::{
    client::{Client, ClientConfig, MakeSimulation},
    connect::{ConnectError, RoomRequest, SessionGrant, SessionRequest, request_session},
    net::{Connection, Link, UdpLink},
};
use framehouse_shared::{ids::RoomCode, protocol::messages::Hello, rng::SimRng};

use super::{
    args::source_address,
    link::BoundLink,
    room::Member,
    seats::{Refusal, SeatClient},
    shared::Shared,
};

/// Concurrent requests for sessions. The server answers once a tick.
pub(crate) const SPAWNERS: u32 = 32;
/// How long a spawner asks again for a seat that is refused, unless refusals are to be counted.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause before it asks again.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// Interval of looks whether more rooms are wanted.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What a driver gets.
pub(super) enum Spawned {
    /// A client with a seat.
    Client {
        /// The room it belongs to.
        room: u32,
        /// The client.
        member: Box<Member>,
    },
    /// The rest of this room's seats was refused.
    GivenUp {
        /// The room.
        room: u32,
    },
}

/// Why there is no client.
enum NoClient {
    Refused(Refusal),
    Failed(String),
}

/// State that the spawning threads share.
pub(super) struct ClientSpawner<'a> {
    url: &'a str,
    thin: ClientConfig,
    real: ClientConfig,
    shared: &'a Shared,
    next: AtomicU32,
}

impl<'a> ClientSpawner<'a> {
    pub fn new(url: &'a str, hello: Hello, game: MakeSimulation, shared: &'a Shared) -> Self {
        let thin = ClientConfig { hello, game: None };
        let real = ClientConfig { game: Some(game), ..thin.clone() };
        Self { url, thin, real, shared, next: AtomicU32::new(0) }
    }

    /// The next room of this process's share, once it is wanted; `None` if no more will be.
    fn next_room(&self) -> Option<u32> {
        let (args, shared) = (&self.shared.args, self.shared);
        let room_of = |index: u32| index * args.processes + args.share;
        while shared.is_gathering() {
            let wanted = shared.rooms_wanted();
            let claim = |next: u32| (room_of(next) < wanted).then_some(next + 1);
            match self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim) {
                Ok(index) => return Some(room_of(index)),
                Err(_) if args.beyond.is_none() => return None,
                Err(_) => thread::sleep(LOOK_INTERVAL),
            }
        }
        None
    }
}

/// Fills rooms as long as more are wanted. Room `n` of a process goes to driver `n` modulo the number of drivers.
pub(super) fn spawn_clients(spawner: &ClientSpawner<'_>, drivers: &[Sender<Spawned>]) {
    while let Some(room) = spawner.next_room() {
        let driver = &drivers[(room / spawner.shared.args.processes) as usize % drivers.len()];
        let filled = fill_room(spawner, room, driver);
        spawner.shared.note_room(filled.is_ok());
        if let Err(reason) = filled {
            // A driver that has ended has panicked, which is reported when it is joined.
            let _ = driver.send(Spawned::GivenUp { room });
            match reason {
                NoClient::Refused(refusal) if spawner.shared.args.beyond.is_some() => {
                    spawner.shared.note_refusal(&refusal);
                }
                NoClient::Refused(refusal) => spawner.shared.fail(&refusal.message),
                NoClient::Failed(sentence) => spawner.shared.fail(&sentence),
            }
        }
    }
}

fn fill_room(spawner: &ClientSpawner<'_>, room: u32, driver: &Sender<Spawned>) -> Result<(), NoClient> {
    let args = &spawner.shared.args;
    let mut seats = SeatClient::new(source_address(room, args.addresses), spawner.url);
    // A full room starts by itself: one that waits for all others has a seat more, which nobody else may take.
    let (size, private) = if args.together { (args.players + 1, true) } else { (args.players, false) };
    let economy = spawner.shared.args.economy.then_some(true);
    let mut target = RoomRequest::Create { size: size as u8, private, practice: false, economy };
    for index in 0..args.players {
        let (member, code) = spawn_member(spawner, &mut seats, room, index, target)?;
        target = RoomRequest::Code(code);
        // As above.
        let _ = driver.send(Spawned::Client { room, member: Box::new(member) });
    }
    Ok(())
}

fn spawn_member(
    spawner: &ClientSpawner<'_>,
    seats: &mut SeatClient,
    room: u32,
    index: u32,
    target: RoomRequest,
) -> Result<(Member, RoomCode), NoClient> {
    let args = &spawner.shared.args;
    let is_real = (args.rooms..args.all_rooms()).contains(&room);
    let config = if is_real { &spawner.real } else { &spawner.thin };
    let number = room * args.players + index;
    let hello = Some(config.hello.clone());
    let request =
        SessionRequest { name: format!("load {room}.{index}"), room: target, resume: None, player_secret: None, hello };
    let grant = ask_patiently(spawner.shared, seats, &request).map_err(NoClient::Refused)?;
    let from = source_address(number, args.addresses);
    let client = connect_from(from, &grant, config, spawner.shared.elapsed()).map_err(NoClient::Failed)?;
    Ok((Member::new(client, SimRng::new(number.into()), is_real), grant.code))
}

/// Asks for a seat; once if refusals are to be counted, otherwise until there is one or patience ends.
fn ask_patiently(shared: &Shared, seats: &mut SeatClient, request: &SessionRequest) -> Result<SessionGrant, Refusal> {
    let late = shared.elapsed() + PATIENCE;
    loop {
        match seats.ask(request) {
            Err(refusal) if refusal.is_passing() && shared.args.beyond.is_none() && shared.elapsed() < late => {
                thread::sleep(RETRY_INTERVAL);
            }
            answer => return answer,
        }
    }
}

/// Asks for a seat over HTTP.
pub(crate) fn ask(
    url: &str,
    name: String,
    room: RoomRequest,
    config: &ClientConfig,
) -> Result<SessionGrant, ConnectError> {
    request_session(
        url,
        &SessionRequest { name, room, resume: None, player_secret: None, hello: Some(config.hello.clone()) },
    )
}

/// A client with its own socket that connects to its seat.
pub(crate) fn connect(grant: &SessionGrant, config: &ClientConfig, now: Duration) -> Result<Client, String> {
    open_client(grant, config, now, |server| Ok(Box::new(UdpLink::connect(server)?)))
}

/// A client with its own socket of this address that connects to its seat.
pub(super) fn connect_from(
    from: Ipv4Addr,
    grant: &SessionGrant,
    config: &ClientConfig,
    now: Duration,
) -> Result<Client, String> {
    open_client(grant, config, now, |server| Ok(Box::new(BoundLink::new(from, server)?)))
}

fn open_client(
    grant: &SessionGrant,
    config: &ClientConfig,
    now: Duration,
    open: impl FnOnce(SocketAddr) -> io::Result<Box<dyn Link>>,
) -> Result<Client, String> {
    let address = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let link = open(address).map_err(|error| format!("no socket to {address}: {error}"))?;
    Client::new(&grant.token, link, config, now).map_err(|error| error.to_string())
}

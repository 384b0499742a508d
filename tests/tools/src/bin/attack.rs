//! Attacks a running server with random, mutated, replayed and well-formed hostile datagrams during a match of four players,
//! from unknown addresses and from those of the players.
//!
//! `cargo run --release -p framehouse-tools --bin attack -- --server http://127.0.0.1:7777 --datagrams 1000000`
//!
//! Prints one JSON line; exits with 1 if a player lost its session or had a desync, or if the server no longer answers.

use std::{
    collections::VecDeque,
    net::{SocketAddr, UdpSocket},
    process::ExitCode,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use framehouse_arena::ArenaPlugin;
use framehouse_client::{
    client::{Client, ClientConfig},
    complain,
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, Link, UdpLink},
    rooms::read_status,
    say,
};
use framehouse_shared::{protocol::messages::Phase, rng::SimRng};
use serde_json::json;

/// The most datagrams between two updates of the players: a flood that fills the kernel's buffers would test the kernel.
const BURST: u64 = 60;
/// Addresses that the server does not know.
const STRANGERS: usize = 16;
/// Real datagrams kept for replay and mutation.
const RECORDED_MAX: usize = 256;
const PLAYERS: usize = 4;

#[derive(Parser)]
#[command(about = "Throws hostile datagrams at a running server while a match is played on it")]
struct Arguments {
    /// The server's gateway; only loopback servers are attacked.
    #[arg(long, default_value = "http://127.0.0.1:7777")]
    server: String,
    /// Number of datagrams.
    #[arg(long, default_value_t = 1_000_000)]
    datagrams: u64,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A player's link that also sends hostile datagrams and keeps copies of its own ones.
struct NoisyLink {
    socket: UdpLink,
    tap: Arc<Mutex<Tap>>,
}

#[derive(Default)]
struct Tap {
    noise: VecDeque<Vec<u8>>,
    recorded: VecDeque<Vec<u8>>,
}

impl Link for NoisyLink {
    fn send(&mut self, now: Duration, datagram: &[u8]) {
        let mut tap = self.tap.lock().expect("nothing panics while holding the tap");
        tap.recorded.push_back(datagram.to_vec());
        if tap.recorded.len() > RECORDED_MAX {
            tap.recorded.pop_front();
        }
        self.socket.send(now, datagram);
    }

    fn receive(&mut self, now: Duration, buffer: &mut [u8]) -> Option<usize> {
        let noise = std::mem::take(&mut self.tap.lock().expect("nothing panics while holding the tap").noise);
        noise.iter().for_each(|datagram| self.socket.send(now, datagram));
        self.socket.receive(now, buffer)
    }
}

struct Player {
    client: Client,
    tap: Arc<Mutex<Tap>>,
    server: SocketAddr,
    rng: SimRng,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match attack(&arguments) {
        Ok(report) => {
            say!("{report}");
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            complain!("attack: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn attack(arguments: &Arguments) -> Result<serde_json::Value, String> {
    let start = Instant::now();
    let mut players = seat_players(arguments, start)?;
    let ready = |players: &[Player]| players.iter().all(|p| matches!(p.client.phase(), Some(Phase::Playing { .. })));
    while !ready(&players) {
        update(&mut players, start)?;
        thread::sleep(Duration::from_millis(1));
    }
    let bind = |_| UdpSocket::bind("127.0.0.1:0").map_err(|error| format!("cannot open a socket: {error}"));
    let strangers: Vec<UdpSocket> = (0..STRANGERS).map(bind).collect::<Result<_, _>>()?;
    let mut rng = SimRng::new(arguments.seed);
    for sent in 0..arguments.datagrams {
        let victim = rng.below(PLAYERS as u32) as usize;
        let datagram = hostile_datagram(&mut rng, &players[victim].tap);
        if rng.one_in(2) {
            let stranger = &strangers[rng.below(STRANGERS as u32) as usize];
            // A datagram that the kernel refuses is lost, as a real attacker's would be.
            let _ = stranger.send_to(&datagram, players[victim].server);
        } else {
            players[victim].tap.lock().expect("nothing panics while holding the tap").noise.push_back(datagram);
        }
        if sent % BURST == 0 {
            update(&mut players, start)?;
            thread::sleep(Duration::from_micros(500));
        }
    }
    let calm = Instant::now();
    while calm.elapsed() < Duration::from_secs(3) {
        update(&mut players, start)?;
        thread::sleep(Duration::from_millis(1));
    }
    report(arguments, &players, start)
}

fn seat_players(arguments: &Arguments, start: Instant) -> Result<Vec<Player>, String> {
    let config = ClientConfig::of(ArenaPlugin);
    let hello = config.hello.clone();
    let mut room = RoomRequest::Create { size: PLAYERS as u8, private: true, practice: false, economy: None };
    let mut players = Vec::new();
    for index in 0..PLAYERS {
        let request = SessionRequest {
            name: format!("target {index}"),
            room,
            resume: None,
            player_secret: None,
            hello: Some(hello.clone()),
        };
        let grant = request_session(&arguments.server, &request).map_err(|error| error.to_string())?;
        room = RoomRequest::Code(grant.code);
        let server = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
        if !server.ip().is_loopback() {
            return Err(format!("{server} is not on this machine: attack only your own server"));
        }
        let socket = UdpLink::connect(server).map_err(|error| format!("cannot open a socket: {error}"))?;
        let tap = Arc::new(Mutex::new(Tap::default()));
        let link = Box::new(NoisyLink { socket, tap: Arc::clone(&tap) });
        let client = Client::new(&grant.token, link, &config, start.elapsed()).map_err(|error| error.to_string())?;
        players.push(Player { client, tap, server, rng: SimRng::new(index as u64) });
    }
    Ok(players)
}

fn update(players: &mut [Player], start: Instant) -> Result<(), String> {
    for Player { client, rng, .. } in players {
        client.update(start.elapsed(), &mut |request| request.bot_input(rng));
        if let Some(reason) = client.ended() {
            return Err(format!("a player was thrown out: {reason}"));
        }
        if client.stats().desyncs > 0 {
            return Err("a player's state differs from the server's".to_owned());
        }
    }
    Ok(())
}

/// A datagram of one of five kinds, from noise to one that only netcode can tell from a real one.
fn hostile_datagram(rng: &mut SimRng, tap: &Mutex<Tap>) -> Vec<u8> {
    let kind = rng.below(5);
    let tap = tap.lock().expect("nothing panics while holding the tap");
    let recorded = tap.recorded.get(rng.below(tap.recorded.len() as u32) as usize);
    match (kind, recorded) {
        (0, _) => noise(rng, 1500),
        (1, _) => well_shaped(rng),
        (2, _) => request(rng),
        (3, Some(real)) => real.clone(),
        (_, Some(real)) => mutated(rng, real),
        _ => noise(rng, 64),
    }
}

fn noise(rng: &mut SimRng, length_max: u32) -> Vec<u8> {
    let length = rng.below(length_max) as usize;
    (0..length).map(|_| rng.bits() as u8).collect()
}

/// The right first byte and the right length for a packet of a connected client.
fn well_shaped(rng: &mut SimRng) -> Vec<u8> {
    let sequence_bytes = 1 + rng.below(7) as usize;
    let (kind, body) = match rng.below(4) {
        0 => (3, 308),
        1 => (4, 8),
        2 => (5, 1 + rng.below(1200) as usize),
        _ => (6, 0),
    };
    let mut datagram: Vec<u8> = (0..1 + sequence_bytes + body + 16).map(|_| rng.bits() as u8).collect();
    datagram[0] = (sequence_bytes as u8) << 4 | kind;
    datagram
}

/// A connection request of the right length, for this protocol, with a token that the server did not seal.
fn request(rng: &mut SimRng) -> Vec<u8> {
    let mut datagram: Vec<u8> = (0..1078).map(|_| rng.bits() as u8).collect();
    datagram[0] = 0;
    datagram[1..14].copy_from_slice(b"NETCODE 1.02\0");
    let id = framehouse_shared::protocol::messages::NETCODE_PROTOCOL_ID;
    datagram[14..22].copy_from_slice(&id.to_le_bytes());
    datagram[22..30].copy_from_slice(&u64::MAX.to_le_bytes());
    datagram
}

fn mutated(rng: &mut SimRng, real: &[u8]) -> Vec<u8> {
    let mut datagram = real.to_vec();
    for _ in 0..1 + rng.below(4) {
        if !datagram.is_empty() {
            let place = rng.below(datagram.len() as u32) as usize;
            datagram[place] ^= 1 << rng.below(8);
        }
    }
    if rng.one_in(4) {
        datagram.truncate(rng.below(datagram.len() as u32 + 1) as usize);
    }
    datagram
}

fn report(arguments: &Arguments, players: &[Player], start: Instant) -> Result<serde_json::Value, String> {
    let status = read_status(&arguments.server).map_err(|error| error.to_string())?;
    let replaced: u64 = players.iter().map(|player| player.client.stats().replaced_inputs).sum();
    let confirmed: u64 = players.iter().map(|player| player.client.stats().ticks_confirmed).sum();
    Ok(json!({
        "datagrams": arguments.datagrams,
        "seconds": start.elapsed().as_secs(),
        "players_left": players.len(),
        "ticks_confirmed": confirmed,
        "replaced_inputs": replaced,
        "kicked": status.kicked,
        "dropped_datagrams": status.dropped_datagrams,
        "tick_ms": status.tick_ms,
    }))
}

//! Test world: a server and its clients in virtual time.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bevy::prelude::*;
use framehouse_client::{
    client::{Client, ClientConfig, InputRequest, Notice},
    net::{Cause, Connection},
};
use framehouse_server::{
    address::AddressKey,
    config::{CleanupSettings, NetSettings, RoomSettings},
    net::{
        endpoint::ClientKind,
        secret::ResumeSecret,
        udp::{UdpEndpoint, UdpSettings},
    },
    room::directory::{JoinError, JoinRequest, JoinTarget, LocalHello},
    schedule::TickRate,
    server::{Server, ServerSetup},
};
use framehouse_shared::{
    api::PlayerSecret,
    game::Game,
    ids::RoomCode,
    input::Input,
    net_sim::NetSimConfig,
    protocol::{
        end::EndCode,
        messages::{Hello, Phase, RoomEvent},
    },
    rng::SimRng,
    simulation::Simulation,
    tick::Tick,
};

use crate::{check, link::Network};

/// The caller of all clients that join without another address. No limits apply to it.
pub const LOOPBACK: AddressKey = AddressKey::new(IpAddr::V4(Ipv4Addr::LOCALHOST));

const ENDPOINTS: u16 = 2;
/// The wall clock at the start of every world.
const UNIX_BASE: Duration = Duration::from_secs(1_700_000_000);
/// Steps in a tick: clients draw four frames in it and the server receives as often, as in real time.
const STEPS_PER_TICK: u32 = 4;
const RATE: TickRate = TickRate(30);

/// A client in a test, and its input.
pub struct TestClient {
    /// The client.
    pub client: Client,
    /// The address that the server sees.
    pub address: SocketAddr,
    /// The input that it sends in every tick; `None` lets the game's bot play.
    pub input: Option<Input>,
    /// The room of its seat.
    pub room: RoomCode,
    /// The secret with which its player can reconnect.
    pub resume: ResumeSecret,
    /// Whether it does nothing at all, as a process that is stopped or was killed.
    pub is_asleep: bool,
    /// How far its clock is ahead of the others'.
    pub clock_ahead: Duration,
    rng: SimRng,
}

/// A server and its clients.
pub struct World {
    /// The server.
    pub server: Server,
    /// The network that joins them.
    pub network: Network,
    /// The clients in order of joining.
    pub clients: Vec<TestClient>,
    config: ClientConfig,
    link: NetSimConfig,
    name: Option<String>,
    /// Secret of the next clients.
    secret: Option<PlayerSecret>,
    /// Rating of the next clients, in hundredths.
    rating: Option<i32>,
    seed: u64,
    steps_per_tick: u32,
    rate: TickRate,
    ticks: u64,
    now: Duration,
}

impl World {
    /// A server for `game`, with perfect links and no clients yet.
    pub fn new(game: impl Game + Clone, seed: u64) -> Self {
        Self::with_rooms(game, seed, RoomSettings { results_s: 1.0, countdown_s: 1.0, ..default() })
    }

    /// Like [`new`](Self::new), with these settings of rooms.
    pub fn with_rooms(game: impl Game + Clone, seed: u64, rooms: RoomSettings) -> Self {
        Self::with_settings(game, seed, rooms, NetSettings::default())
    }

    /// Like [`new`](Self::new), with these settings of rooms and network.
    pub fn with_settings(game: impl Game + Clone, seed: u64, rooms: RoomSettings, net: NetSettings) -> Self {
        Self::build(game, seed, rooms, net, RATE)
    }

    /// Like [`new`](Self::new), at a tick rate of `hz`, 10 to 120.
    pub fn at_rate(game: impl Game + Clone, seed: u64, hz: u16) -> Self {
        let rooms = RoomSettings { results_s: 1.0, countdown_s: 1.0, ..default() };
        Self::build(game, seed, rooms, NetSettings::default(), TickRate(hz))
    }

    fn build(game: impl Game + Clone, seed: u64, rooms: RoomSettings, net: NetSettings, rate: TickRate) -> Self {
        let network = Network::default();
        let udp = UdpSettings::new(rate, &net);
        let endpoint = |index| {
            let address = SocketAddr::from(([10, 0, 0, 2], 7800 + index));
            let socket = Box::new(network.endpoint(address));
            Box::new(UdpEndpoint::new(socket, address, udp.clone(), UNIX_BASE)) as _
        };
        let setup = ServerSetup {
            tick_rate: rate,
            rooms,
            cleanup: CleanupSettings::default(),
            net,
            endpoints: (0..ENDPOINTS).map(endpoint).collect(),
            unix_base: UNIX_BASE,
            game_files: Vec::new(),
            seed: Some(seed),
        };
        let server = Server::new(game.clone(), setup).expect("the embedded rules are good");
        let hello: Hello = server.world().resource::<LocalHello>().0.clone();
        let config = ClientConfig { hello, game: Some(Arc::new(move || Simulation::new(game.clone()))) };
        let link = NetSimConfig::default();
        Self {
            server,
            network,
            clients: Vec::new(),
            config,
            link,
            name: None,
            secret: None,
            rating: None,
            seed,
            steps_per_tick: STEPS_PER_TICK,
            rate,
            ticks: 0,
            now: Duration::ZERO,
        }
    }

    /// Sets the quality of links that are made from now on, as `--net-sim` takes it: `"delay=40,loss=0.05"` or
    /// `"wifi"`.
    pub fn with_link(mut self, link: &str) -> Self {
        self.link = link.parse().expect("a good description of a link");
        self
    }

    /// Sets the quality of links that are made from now on, in a running world.
    pub fn set_link(&mut self, link: NetSimConfig) {
        self.link = link;
    }

    /// Gives this name to all clients that join from now on.
    pub fn with_name(mut self, name: String) -> Self {
        self.set_name(name);
        self
    }

    /// Gives this name to all clients that join from now on, in a running world.
    pub fn set_name(&mut self, name: String) {
        self.name = Some(name);
    }

    /// Clients that join from now on do not simulate: they acknowledge frames and send made-up inputs.
    pub fn with_thin_clients(mut self) -> Self {
        self.config.game = None;
        self
    }

    /// Sets how often a tick clients are updated and the server receives, 4 by default. 1 is enough where timing does
    /// not matter.
    pub const fn with_steps_per_tick(mut self, steps: u32) -> Self {
        self.steps_per_tick = steps;
        self
    }

    /// Removes a client and its link. The last client gets its index.
    pub fn forget_client(&mut self, client: usize) {
        let gone = self.clients.swap_remove(client);
        self.network.disconnect(gone.address);
    }

    /// Adds `count` players in a new public room of as many seats; they are in it when this returns.
    pub fn with_players(self, count: u8) -> Self {
        self.with_players_in_another_room(count)
    }

    /// Like [`with_players`](Self::with_players), beside the existing rooms.
    pub fn with_players_in_another_room(mut self, count: u8) -> Self {
        self.join(JoinTarget::Create { size: count, private: false, practice: false, economy: None })
            .expect("an empty server has room");
        let code = self.room_code();
        for _ in 1..count {
            self.join(JoinTarget::Code(code)).expect("the room has seats left");
        }
        let seated = |world: &Self| world.clients.iter().all(|client| client.client.phase().is_some());
        assert!(
            self.step_until(self.ticks(10.0), seated),
            "{count} players did not get into the room within ten seconds"
        );
        self
    }

    /// Adds a client that asks for a room. Returns its index.
    ///
    /// # Errors
    /// When the server has no seat for it.
    pub fn join(&mut self, target: JoinTarget) -> Result<usize, JoinError> {
        let hello = self.config.hello.clone();
        self.join_as(target, hello)
    }

    /// Adds a client that sends this greeting when it is connected. Returns its index.
    ///
    /// # Errors
    /// When the server has no seat for it.
    pub fn join_as(&mut self, target: JoinTarget, hello: Hello) -> Result<usize, JoinError> {
        self.join_from(target, hello, None, LOOPBACK)
    }

    /// Adds a client at the address that another client has or had. Returns its index.
    ///
    /// # Errors
    /// When the server has no seat for it.
    pub fn join_at(&mut self, target: JoinTarget, address: SocketAddr) -> Result<usize, JoinError> {
        let hello = self.config.hello.clone();
        self.join_from(target, hello, Some(address), LOOPBACK)
    }

    /// Adds a client of the player with this secret. Returns its index.
    ///
    /// # Errors
    /// When the server has no seat for it.
    pub fn join_with_secret(&mut self, target: JoinTarget, secret: PlayerSecret) -> Result<usize, JoinError> {
        self.secret = Some(secret);
        let joined = self.join(target);
        self.secret = None;
        joined
    }

    /// Like [`join_with_secret`](Self::join_with_secret), for a player with this rating in hundredths.
    ///
    /// # Errors
    /// When the server has no seat for it.
    pub fn join_rated(&mut self, target: JoinTarget, secret: PlayerSecret, rating: i32) -> Result<usize, JoinError> {
        self.rating = Some(rating);
        let joined = self.join_with_secret(target, secret);
        self.rating = None;
        joined
    }

    /// Adds a client whose request for a seat comes from this IP address. Returns its index.
    ///
    /// # Errors
    /// When the server has no seat for it.
    pub fn join_as_caller(&mut self, target: JoinTarget, caller: impl Into<AddressKey>) -> Result<usize, JoinError> {
        let hello = self.config.hello.clone();
        self.join_from(target, hello, None, caller.into())
    }

    fn join_from(
        &mut self,
        target: JoinTarget,
        hello: Hello,
        address: Option<SocketAddr>,
        caller: AddressKey,
    ) -> Result<usize, JoinError> {
        let index = self.clients.len();
        let name = self.name.clone().unwrap_or_else(|| format!("player {index}"));
        let (secret, rating) = (self.secret, self.rating);
        let kind = ClientKind::Simulating;
        let request = JoinRequest { name, target, secret, rating, hello: None, caller, kind };
        let grant = self.server.join(&request)?;
        let seed = self.seed * 1000 + index as u64;
        let server = Connection::server_address(&grant.token).expect("our own token");
        let end = match address {
            Some(address) => self.network.connect_from(address, server, self.link, seed),
            None => self.network.connect(server, self.link, seed),
        };
        let address = end.address;
        let config = ClientConfig { hello, ..self.config.clone() };
        let client = Client::new(&grant.token, Box::new(end), &config, self.now).expect("our own token");
        self.clients.push(TestClient {
            client,
            address,
            input: None,
            room: grant.code,
            resume: grant.resume,
            is_asleep: false,
            clock_ahead: Duration::ZERO,
            rng: SimRng::new(seed),
        });
        Ok(index)
    }

    /// The code of the newest room.
    pub fn room_code(&mut self) -> RoomCode {
        self.rooms().last().expect("there is a room").0
    }

    /// Codes and entities of all rooms, oldest first.
    pub fn rooms(&mut self) -> Vec<(RoomCode, Entity)> {
        let world = self.server.world_mut();
        let mut rooms: Vec<_> = world
            .query::<(&framehouse_server::room::Room, Entity)>()
            .iter(world)
            .map(|(r, e)| (r.id(), r.code(), e))
            .collect();
        rooms.sort();
        rooms.into_iter().map(|(_, code, entity)| (code, entity)).collect()
    }

    /// Runs the world for `ticks` ticks and checks the server's invariants after each.
    pub fn step_ticks(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.step_tick();
        }
    }

    /// Runs the world for `ticks` ticks without checks, for a test that has broken something itself.
    pub fn step_unchecked(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.run_tick();
        }
    }

    /// Runs the world until `done`, for at most `ticks_max` ticks. Returns whether it got there.
    pub fn step_until(&mut self, ticks_max: u32, done: impl Fn(&Self) -> bool) -> bool {
        (0..ticks_max).any(|_| {
            self.step_tick();
            done(self)
        })
    }

    /// Runs the world until every client plays; panics after 600 ticks.
    pub fn step_to_playing(&mut self) {
        let playing = |world: &Self| {
            world
                .clients
                .iter()
                .all(|c| matches!(c.client.phase(), Some(Phase::Playing { .. })) || c.client.ended().is_some())
        };
        assert!(self.step_until(self.ticks(20.0), playing), "the match did not start within twenty seconds");
    }

    /// Makes all players ready.
    pub fn all_ready(&mut self) {
        self.clients.iter_mut().for_each(|client| client.client.set_ready(true));
    }

    fn step_tick(&mut self) {
        self.run_tick();
        check::invariants(&mut self.server);
    }

    fn run_tick(&mut self) {
        self.ticks += 1;
        let scheduled = self.rate.time_of(Tick(self.ticks as u32));
        let steps = self.steps_per_tick;
        for step in 1..=steps {
            self.now = scheduled - self.rate.time_of(Tick(1)) * (steps - step) / steps;
            self.network.set_now(self.now);
            for client in &mut self.clients {
                client.update(self.now);
            }
            self.server.receive(self.now);
        }
        self.server.tick(scheduled, self.now);
    }

    /// The number of ticks that take this many seconds.
    pub fn ticks(&self, seconds: f64) -> u32 {
        self.rate.of_simulation().ticks(seconds)
    }

    /// The virtual time since the world was made.
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// The number of desyncs that the clients and the server have seen.
    pub fn desyncs(&self) -> u64 {
        let server = self.server.world().resource::<framehouse_server::counters::Counters>().desyncs;
        self.clients.iter().map(|client| client.client.stats().desyncs).sum::<u64>() + server
    }

    /// The code with which the server ended a client's session, if it did.
    pub fn told(&self, client: usize) -> Option<EndCode> {
        match self.clients[client].client.end()?.cause {
            Cause::Server(code) => Some(code),
            _ => None,
        }
    }

    /// The codes with which players have left a client's room since the last call, as far as the client received them.
    pub fn departures(&mut self, client: usize) -> Vec<EndCode> {
        let code_of = |notice| match notice {
            Notice::Room(RoomEvent::Left { code, .. }) => Some(code),
            _ => None,
        };
        self.clients[client].client.drain_notices().filter_map(code_of).collect()
    }

    /// The errors of all clients, in sentences.
    pub fn errors(&self) -> Vec<String> {
        self.clients.iter().flat_map(|client| client.client.stats().errors.messages().to_vec()).collect()
    }

    /// For each client, the number of ticks that its last confirmed tick is behind the newest room.
    pub fn confirmed_lag(&mut self) -> Vec<u32> {
        let room = self.rooms().last().expect("there is a room").1;
        (0..self.clients.len()).map(|client| self.confirmed_lag_of(client, room)).collect()
    }

    /// The number of ticks that a client's last confirmed tick is behind this room.
    pub fn confirmed_lag_of(&self, client: usize, room: Entity) -> u32 {
        let clock = self.server.world().get::<framehouse_server::room::clock::RoomClock>(room).expect("a room");
        let confirmed = self.clients[client].client.prediction().map_or(Tick(0), |p| p.next_confirmed());
        clock.next_tick().since(confirmed)
    }
}

impl TestClient {
    fn update(&mut self, now: Duration) {
        let Self { client, input, rng, is_asleep, clock_ahead, .. } = self;
        if *is_asleep {
            return;
        }
        client.update(now + *clock_ahead, &mut |request: InputRequest| input.unwrap_or_else(|| request.bot_input(rng)));
    }
}

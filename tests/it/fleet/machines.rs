//! Redis, nodes, gateways and clients of one test, each a process or a socket of its own.

use std::{env, fs, net::SocketAddr, path::PathBuf, process::Command, sync::LazyLock, time::Instant};

use framehouse_arena::ArenaPlugin;
use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{ConnectError, RoomRequest, SessionRequest, request_session, request_session_while},
    net::{Connection, UdpLink},
};
use framehouse_harness::{live::wait_until, redis::Redis};
use framehouse_shared::{
    api::{PlayerSecret, RoomList, SessionGrant, Status, code},
    ids::RoomCode,
    protocol::messages::Hello,
    simulation,
};
use framehouse_tools::replays::Folder;

use crate::programs::{Running, SERVER};

/// Secret of the test fleets.
pub const SECRET: &str = "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b";

/// A fleet of processes.
pub struct Fleet {
    test: String,
    pub redis: Redis,
    folders: Vec<Folder>,
}

impl Fleet {
    /// An empty one, named after its test. `None` where Redis is not installed.
    pub fn new(test: &str) -> Option<Self> {
        let redis = Redis::for_tests()?;
        Some(Self { test: test.to_owned(), redis, folders: Vec::new() })
    }

    fn spawn(&mut self, role: &str, name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let folder = Folder::new(&format!("fleet-{}-{name}-{}", self.test, self.folders.len()));
        let url = self.redis.url();
        let mut command = Command::new(SERVER);
        command.env_clear().envs(env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE"));
        command.envs(variables.iter().copied());
        command.env("FRAMEHOUSE_FLEET_SECRET", SECRET).arg(role).args(arguments);
        command.args(["--redis", &url, "--node", name, "--log-format", "json"]);
        let log = fs::File::create(folder.path().join("log")).expect("a folder of ours");
        let running = Running::start_command(command, &folder.path().join("data"), log);
        self.folders.push(folder);
        running
    }

    /// A node with these further arguments.
    pub fn node(&mut self, name: &str, arguments: &[&str]) -> Running {
        self.spawn("serve", name, arguments, &[])
    }

    /// A node with these environment variables.
    pub fn node_with(&mut self, name: &str, variables: &[(&str, &str)]) -> Running {
        self.spawn("serve", name, &[], variables)
    }

    /// A node of another build.
    pub fn node_of_build(&mut self, name: &str, build: &str) -> Running {
        self.node_with(name, &[("FRAMEHOUSE_FLEET_BUILD", build)])
    }

    /// A node with few rooms.
    pub fn small_node(&mut self, name: &str, rooms_max: u32) -> Running {
        self.spawn("serve", name, &[], &[("FRAMEHOUSE_ROOMS_ROOMS_MAX", &rooms_max.to_string())])
    }

    /// A gateway.
    pub fn gateway(&mut self, name: &str, arguments: &[&str]) -> Running {
        self.spawn("gateway", name, arguments, &[])
    }

    /// A gateway with these environment variables.
    pub fn gateway_with(&mut self, name: &str, variables: &[(&str, &str)]) -> Running {
        self.spawn("gateway", name, &[], variables)
    }

    /// Everything that these processes have logged.
    pub fn logs(&self) -> String {
        let files: Vec<PathBuf> = self.folders.iter().map(|folder| folder.path().join("log")).collect();
        files.iter().map(|file| fs::read_to_string(file).unwrap_or_default()).collect()
    }
}

/// Waits until a gateway knows this number of ready nodes.
pub fn until_ready(gateway: &Running, nodes: u64) {
    wait_until("the nodes are ready", || {
        let fleet = gateway.status().fleet.expect("a gateway is of a fleet");
        fleet.gateway.expect("it is a gateway").nodes_ready == nodes
    });
}

/// The part of a status page about a node's registration.
pub fn registrations(node: &Running) -> u64 {
    let Status { fleet, .. } = node.status();
    fleet.and_then(|fleet| fleet.node).expect("it is a node").registrations
}

/// A new room.
pub fn create() -> RoomRequest {
    RoomRequest::Create { size: 4, private: false, practice: false, economy: None }
}

/// Asks for a seat like a client, which waits if it is told to. Asks again if the machine is so busy that no node answers
/// in time.
pub fn ask(
    server: &Running,
    room: RoomRequest,
    resume: Option<&str>,
    player_secret: Option<PlayerSecret>,
) -> Result<SessionGrant, ConnectError> {
    let request = SessionRequest { resume: resume.map(str::to_owned), ..request(room, player_secret) };
    until_not_busy(|| request_session(server.url(), &request))
}

/// Asks for a seat, and does not wait if it is told to.
pub fn ask_once(
    server: &Running,
    room: RoomRequest,
    player_secret: Option<PlayerSecret>,
) -> Result<SessionGrant, ConnectError> {
    let request = request(room, player_secret);
    until_not_busy(|| request_session_while(server.url(), &request, || false))
}

fn request(room: RoomRequest, player_secret: Option<PlayerSecret>) -> SessionRequest {
    static HELLO: LazyLock<Hello> = LazyLock::new(|| simulation::hello(ArenaPlugin));
    let hello = Some(HELLO.clone());
    SessionRequest { name: "Ada".to_owned(), room, resume: None, player_secret, hello }
}

fn until_not_busy(ask: impl Fn() -> Result<SessionGrant, ConnectError>) -> Result<SessionGrant, ConnectError> {
    let mut answer = ask();
    wait_until("a node has the time to answer", || {
        let is_busy = matches!(&answer, Err(ConnectError::Refused { code, .. }) if code == code::BUSY);
        if is_busy {
            answer = ask();
        }
        !is_busy
    });
    answer
}

/// Asks for a seat that must be granted.
#[track_caller]
pub fn seat(server: &Running, room: RoomRequest) -> SessionGrant {
    ask(server, room, None, None).expect("a seat")
}

/// The code of the refusal.
#[track_caller]
pub fn refusal(answer: Result<SessionGrant, ConnectError>) -> (String, String) {
    match answer {
        Err(ConnectError::Refused { code, message, .. }) => (code, message),
        Err(error) => panic!("no refusal: {error}"),
        Ok(grant) => panic!("a seat in {}", grant.code),
    }
}

/// The codes of the listed rooms.
pub fn listed(server: &Running) -> Vec<RoomCode> {
    let url = format!("{}/v1/rooms", server.url());
    let list: RoomList = ureq::get(&url).call().expect("an answer").body_mut().read_json().expect("JSON");
    list.rooms.into_iter().map(|room| room.code).collect()
}

/// A player over real UDP.
pub struct Player {
    pub client: Client,
    start: Instant,
    pub grant: SessionGrant,
}

impl Player {
    /// Connects with a grant, and waits until it is in its room.
    pub fn connect(grant: SessionGrant) -> Self {
        let address: SocketAddr = Connection::server_address(&grant.token).expect("a token");
        assert_eq!(address.to_string(), grant.server);
        let link = UdpLink::connect(address).expect("a socket");
        let start = Instant::now();
        let client = Client::new(&grant.token, Box::new(link), &ClientConfig::of(ArenaPlugin), start.elapsed());
        let mut player = Self { client: client.expect("a token"), start, grant };
        wait_until("the player is in its room", || {
            player.update();
            player.client.code().is_some()
        });
        assert_eq!(player.client.code(), Some(player.grant.code));
        player
    }

    /// Receives and sends once.
    pub fn update(&mut self) {
        self.client.update(self.start.elapsed(), &mut |_| Default::default());
    }

    /// Whether its session goes on.
    pub fn is_connected(&mut self) -> bool {
        self.update();
        self.client.code().is_some() && self.client.end().is_none()
    }
}

/// Updates the players until `done`.
pub fn play_until(what: &str, players: &mut [&mut Player], mut done: impl FnMut() -> bool) {
    wait_until(what, || {
        players.iter_mut().for_each(|player| player.update());
        done()
    });
}

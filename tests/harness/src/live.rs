//! Live server: a server in this process, on its own thread, with HTTP and UDP on ports that the system chooses and a
//! temporary data folder. A test can cut it off, kill it, and start it again.

mod proxy;

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use framehouse_server::{
    config::{NetSettings, ReplaySettings, RoomSettings, WsSettings},
    key,
    net::{
        udp::{Datagrams, Route, UdpDatagrams, UdpEndpoint, UdpSettings},
        ws::WsEndpoint,
    },
    ops::{
        backend::LocalBackend,
        http::{self, HttpOptions},
    },
    replay::writer::ReplayWriter,
    results::{FILE_NAME, ResultStore},
    schedule::TickRate,
    server::{Server, ServerSetup},
    store::{self, Prover, StoreOptions},
    tick_loop,
};
use framehouse_shared::{game::Game, sim::GameFile};

use proxy::Proxy;

const RATE: TickRate = TickRate(30);
/// How long the last results and replays may take to be written.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(20);

/// A server, stopped when it goes out of scope.
pub struct LiveServer {
    /// The address of its HTTP API.
    pub url: String,
    proxy: Proxy,
    folder: PathBuf,
    /// Starts it with a data folder, and says whether matches count on leaderboards without a proof.
    start: Box<dyn Fn(&Path, bool) -> Running>,
    boards_unproven: bool,
    running: Option<Running>,
    /// Killed servers whose threads may still run, unreachable.
    dead: Vec<Running>,
}

/// One run of the server.
struct Running {
    http: SocketAddr,
    stop: Arc<AtomicBool>,
    silence: Arc<AtomicBool>,
    is_held: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl LiveServer {
    /// A server for this game with quick countdowns.
    pub fn start(game: impl Game + Clone, game_files: Vec<GameFile>) -> Self {
        Self::start_with(game, game_files, RoomSettings::default().grace_s)
    }

    /// Like [`start`](Self::start), with a grace period of `grace_s` seconds after a lost connection.
    pub fn start_with(game: impl Game + Clone, game_files: Vec<GameFile>, grace_s: f64) -> Self {
        let rooms = RoomSettings { lobby_s: 0.0, countdown_s: 0.5, results_s: 0.5, grace_s, ..Default::default() };
        Self::start_with_rooms(game, game_files, rooms)
    }

    /// Like [`start`](Self::start), with other settings of rooms.
    pub fn start_with_rooms(game: impl Game + Clone, game_files: Vec<GameFile>, rooms: RoomSettings) -> Self {
        Self::start_with_drain(game, game_files, rooms, Duration::ZERO)
    }

    /// Like [`start`](Self::start), with other settings of rooms. When it is stopped, running matches go on for at most
    /// `drain_limit`.
    pub fn start_with_drain(
        game: impl Game + Clone,
        game_files: Vec<GameFile>,
        rooms: RoomSettings,
        drain_limit: Duration,
    ) -> Self {
        let start = Box::new(move |folder: &Path, boards_unproven| {
            run(game.clone(), game_files.clone(), rooms.clone(), drain_limit, folder, boards_unproven)
        });
        let proxy = Proxy::new().expect("a free port");
        let mut server = Self {
            url: proxy.url(),
            proxy,
            folder: new_folder(),
            start,
            boards_unproven: false,
            running: None,
            dead: Vec::new(),
        };
        server.revive();
        server
    }

    /// Asks it to stop, as an operator would.
    pub fn stop(&self) {
        self.running().stop.store(true, Ordering::Relaxed);
    }

    /// Drops every datagram from now on, as a pulled cable does; or stops dropping them.
    pub fn be_silent(&self, is_silent: bool) {
        self.running().silence.store(is_silent, Ordering::Relaxed);
    }

    /// Lets its tick thread hang from now on, as a bug may do; or lets it go on.
    pub fn hold_ticks(&self, is_held: bool) {
        self.running().is_held.store(is_held, Ordering::Relaxed);
    }

    /// Ends it without a goodbye, as a crash would. Nothing answers at its address.
    pub fn kill(&mut self) {
        self.proxy.lead_to(None);
        self.be_silent(true);
        self.stop();
        self.dead.extend(self.running.take());
    }

    /// Starts it again, at the same address and with the same data.
    pub fn revive(&mut self) {
        self.end();
        let running = (self.start)(&self.folder, self.boards_unproven);
        self.proxy.lead_to(Some(running.http));
        self.running = Some(running);
    }

    /// The folder of its replays.
    pub fn replays(&self) -> PathBuf {
        self.folder.join("replays")
    }

    /// The server's results: one line for each match.
    pub fn results(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.folder.join("results.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Starts it again with further results, one line each, as another run would have left them. They have no replays,
    /// so from then on matches count on leaderboards without a proof.
    pub fn add_results(&mut self, lines: &str) {
        self.end();
        self.boards_unproven = true;
        let file = fs::OpenOptions::new().append(true).create(true).open(self.folder.join(FILE_NAME));
        file.and_then(|mut file| file.write_all(lines.as_bytes())).expect("a folder of ours");
        self.revive();
    }

    /// The folder of its replays and reports of desyncs.
    pub fn replay_folder(&self) -> PathBuf {
        replay_folder(&self.folder)
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    /// Stops it as an operator would, and waits until everything is written. Its data stay until it goes out of scope.
    pub fn end(&mut self) {
        for running in self.running.take().into_iter().chain(self.dead.drain(..)) {
            running.is_held.store(false, Ordering::Relaxed);
            running.stop.store(true, Ordering::Relaxed);
            let ended = running.thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server ended properly");
        }
    }
}

impl Drop for LiveServer {
    fn drop(&mut self) {
        self.end();
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn replay_folder(data: &Path) -> PathBuf {
    data.join("replays")
}

fn new_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("framehouse-live-{}-{number}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("a folder of ours");
    folder
}

fn run(
    game: impl Game + Clone,
    game_files: Vec<GameFile>,
    rooms: RoomSettings,
    drain_limit: Duration,
    folder: &Path,
    boards_unproven: bool,
) -> Running {
    let listener = http::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let http = listener.local_addr().expect("it is bound");
    let socket = UdpDatagrams::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = socket.local_address();
    let (stop, silence, is_held) = <(Arc<AtomicBool>, Arc<AtomicBool>, Arc<AtomicBool>)>::default();
    let socket = Muted { socket, silence: Arc::clone(&silence), is_held: Arc::clone(&is_held) };
    let unix_base = wall_clock();
    let net = NetSettings::default();
    let endpoint = UdpEndpoint::new(Box::new(socket), address, UdpSettings::new(RATE, &net), unix_base);
    let (ws_endpoint, sockets) = WsEndpoint::new(RATE, &net, &WsSettings::default());
    let options = HttpOptions { view_module: game.web_module(), ..Default::default() };
    let setup = ServerSetup {
        tick_rate: RATE,
        rooms,
        cleanup: Default::default(),
        net,
        endpoints: vec![Box::new(endpoint), Box::new(ws_endpoint)],
        unix_base,
        game_files,
        seed: None,
    };
    let results = ResultStore::open(folder).expect("a folder of ours");
    let replay_folder = replay_folder(folder);
    let key = key::open(folder).expect("a folder of ours");
    let public_key = key.public();
    let prover = Some(Prover::new(game.clone(), replay_folder.clone(), public_key));
    let store_options = StoreOptions::in_folder(folder.to_owned(), public_key, wall_clock);
    let store_options = StoreOptions { prover, boards_unproven, ..store_options };
    let (store, store_thread) = store::start(store_options).expect("a folder of ours");
    let replays = ReplayWriter::start(replay_folder.clone(), &ReplaySettings::default(), key.clone());
    let (replays, stopped) = (replays.expect("a folder of ours"), Arc::clone(&stop));
    let thread = thread::spawn(move || {
        let mut server = Server::new(game, setup).expect("the game's files are right");
        let (backend, joins) = LocalBackend::new(server.status_board(), replay_folder, sockets);
        let backend = backend.with_key(public_key).with_store(store).with_ratings(key.clone());
        http::serve(listener, backend, options).expect("a thread");
        server.set_key(key);
        server.set_join_queue(joins);
        server.keep_results(results);
        server.record_replays(replays.queue());
        tick_loop::run_until(&mut server, RATE, &stopped, Some(drain_limit));
        server.close_results(CLOSE_TIME_MAX);
        drop(server);
        replays.close(CLOSE_TIME_MAX);
        store_thread.close(CLOSE_TIME_MAX);
    });
    Running { http, stop, silence, is_held, thread }
}

/// Time since 1970-01-01 UTC.
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970")
}

/// Waits until `done`, in real time. The bound only keeps a broken build from hanging.
/// Waits until `done`, in real time. The bound only keeps a broken build from hanging.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !done() {
        assert!(Instant::now() < end, "{what}: not in 90 s");
        // What it waits for needs the processor.
        thread::sleep(Duration::from_millis(2));
    }
}

/// A socket that can be cut off, and that can hold up the thread that reads it.
struct Muted {
    socket: UdpDatagrams,
    silence: Arc<AtomicBool>,
    is_held: Arc<AtomicBool>,
}

impl Datagrams for Muted {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)> {
        while self.is_held.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        loop {
            let received = self.socket.receive(buffer)?;
            if !self.silence.load(Ordering::Relaxed) {
                return Some(received);
            }
        }
    }

    fn send(&mut self, datagram: &[u8], route: Route) {
        if !self.silence.load(Ordering::Relaxed) {
            self.socket.send(datagram, route);
        }
    }
}

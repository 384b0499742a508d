//! A server of this process on a thread of its own, with HTTP and UDP on ports that the system chooses.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use bevy::app::Plugin;
use framehouse_server::{
    config::{NetSettings, ReplaySettings, RoomSettings},
    net::datagrams::{Datagrams, UdpDatagrams},
    ops::{http, replays::ReplayFiles},
    replay::writer::ReplayWriter,
    room::directory::JoinQueue,
    runner,
    server::{Server, ServerSetup},
    tick::TickRate,
};
use framehouse_shared::sim::GameFile;

const RATE: TickRate = TickRate(30);
/// The arena's rules, as the server has them.
const RULES: &str = include_str!("../../assets/arena/rules.ron");
/// One of its maps.
const MAP: &str = include_str!("../../assets/arena/maps/basin.ron");

/// A server, stopped when it goes out of scope.
pub struct LiveServer {
    /// Where it answers.
    pub url: String,
    stop: Arc<AtomicBool>,
    silence: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl LiveServer {
    /// A server for this game with quick countdowns.
    pub fn start(game: impl Plugin + Clone, game_files: Vec<GameFile>) -> Self {
        Self::start_with(game, game_files, None)
    }

    /// The same, with every match recorded into this folder.
    pub fn start_recording(game: impl Plugin + Clone, folder: &Path) -> Self {
        Self::start_with(game, Vec::new(), Some(folder.to_owned()))
    }

    fn start_with(game: impl Plugin + Clone, game_files: Vec<GameFile>, folder: Option<PathBuf>) -> Self {
        let listener = http::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let socket = UdpDatagrams::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let address = socket.local_address();
        let (stop, silence) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let lane = Muted { socket, silence: Arc::clone(&silence) };
        let setup = ServerSetup {
            tick_rate: RATE,
            rooms: RoomSettings { lobby: 0.0, countdown: 0.5, results: 0.5, ..Default::default() },
            cleanup: Default::default(),
            net: NetSettings { connection_timeout: 2, ..Default::default() },
            lanes: vec![(Box::new(lane), address)],
            unix_base: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970"),
            game_files,
            seed: None,
        };
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut server = Server::new(game, setup).expect("the game's files are right");
            let files = ReplayFiles::new(std::env::temp_dir());
            let queue = http::serve(listener, server.status_board(), files, 5.0).expect("a thread");
            server.set_join_queue(JoinQueue(Mutex::new(queue)));
            let start_writer = |folder| ReplayWriter::start(folder, &ReplaySettings::default(), 0).expect("a folder");
            let writer = folder.map(start_writer).inspect(|writer| server.record_replays(writer.queue()));
            runner::run_until(&mut server, RATE, &stopped);
            drop(server);
            assert!(writer.is_none_or(|writer| writer.close(Duration::from_secs(30))), "all is written");
        });
        Self { url, stop, silence, thread: Some(thread) }
    }

    /// Asks it to stop, as an operator would.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// From now on no datagram comes or goes, as behind a cable that is pulled; or again.
    pub fn be_silent(&self, is_silent: bool) {
        self.silence.store(is_silent, Ordering::Relaxed);
    }
}

impl Drop for LiveServer {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server ended properly");
        }
    }
}

/// "Gems and sparks" with matches of so many ticks.
pub fn short_matches(ticks: u32) -> Vec<GameFile> {
    let rules = RULES.replace("match_ticks: 3600", &format!("match_ticks: {ticks}"));
    let file = |path: &str, text: String| GameFile { path: path.to_owned(), text };
    vec![file("rules.ron", rules), file("maps/basin.ron", MAP.to_owned())]
}

/// Waits until `done`, in real time; the bound only keeps a broken build from hanging.
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !done() {
        assert!(Instant::now() < end, "{what}: not in 90 s");
    }
}

/// A socket that can be cut off.
struct Muted {
    socket: UdpDatagrams,
    silence: Arc<AtomicBool>,
}

impl Datagrams for Muted {
    fn local_address(&self) -> SocketAddr {
        self.socket.local_address()
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        loop {
            let received = self.socket.receive(buffer)?;
            if !self.silence.load(Ordering::Relaxed) {
                return Some(received);
            }
        }
    }

    fn send(&mut self, datagram: &[u8], to: SocketAddr) {
        if !self.silence.load(Ordering::Relaxed) {
            self.socket.send(datagram, to);
        }
    }
}

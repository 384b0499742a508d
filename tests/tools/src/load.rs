//! Load measurement: a server process, driven by hundreds of clients, and a report of its cost.
//!
//! The server measures itself (`/v1/status`: processor time by stage, tick times, counters, all since its start). Two
//! readings, at both ends of the measured time, are subtracted. The clients add what only they can measure: bytes while
//! playing, lost inputs, and the order of game messages.
//!
//! ```text
//! process.rs    the server process: start, readings of its memory, guaranteed end;  program.rs  where it is
//! status.rs     two readings of the status page, and their difference
//! measure.rs    the course of a measurement;  beyond.rs  that of one beyond what the server carries
//! shared.rs     what all threads of a load process share;  processes.rs  further load processes
//! crew.rs       the clients of one process: spawner.rs  gets seats, with seats.rs  over HTTP
//! drive.rs      threads that update the clients;  room.rs  one room's clients;  order.rs  their game messages
//! ws.rs         clients over WebSockets
//! visits.rs     clients that connect and leave, many a second
//! report.rs     the report: a table, or one line of JSON
//! ```

pub mod args;
pub mod beyond;
mod counts;
mod crew;
pub(crate) mod drive;
pub(crate) mod link;
mod measure;
pub mod order;
pub mod process;
pub mod processes;
pub mod program;
pub mod report;
pub(crate) mod room;
pub mod seats;
pub(crate) mod shared;
pub(crate) mod spawner;
pub mod status;
mod visits;
pub mod ws;

use std::{
    fs,
    sync::{Arc, LazyLock, atomic::AtomicBool},
};

use framehouse_arena::ArenaPlugin;
use framehouse_shared::{protocol::messages::Hello, simulation};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use args::Args;
use beyond::BeyondReport;
use drive::Driven;
use measure::measure;
use process::{Scratch, ServerProcess};
use processes::Children;
use report::Report;
use shared::Shared;
pub use {drive::kept_up, shared::Progress};

/// Open files of this process, in addition to one socket for each client.
const OTHER_FILES: u64 = 128;
/// Clients of an endpoint: it keeps one place in 16 for players that come back.
pub const ENDPOINT_CLIENTS: u32 = 1024 - 1024 / 16;
/// The fewest endpoints, the server's default.
const ENDPOINTS_MIN: u32 = 4;
/// The most endpoints of a server.
pub const ENDPOINTS_MAX: u32 = 64;

/// Starts a server, loads it, and stops it. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if there is no measurement. Faults during a measurement are in the report.
pub fn run(args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    allow_sockets_of(args)?;
    let folder = Scratch::new("load")?;
    let server = start_server(args, &folder)?;
    let crews = Crews::start(args, &server, stop)?;
    let (measured, driven) = crews.work(&server, |crews| measure(args, &server, crews))?;
    Ok(Report::new(args, &measured, &driven))
}

/// Starts a server, and adds rooms until it cannot take more, and beyond. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if there is no measurement. Faults during a measurement are in the report.
pub fn run_beyond(args: &Args, factor: f64, stop: &Arc<AtomicBool>) -> Result<BeyondReport, String> {
    allow_sockets_of(args)?;
    let folder = Scratch::new("load")?;
    let mut server = start_server(args, &folder)?;
    let crews = Crews::start(args, &server, stop)?;
    let (mut report, driven) = crews.work(&server, |crews| beyond::grow(args, factor, &server, crews))?;
    report.note_end(&driven, server.is_running());
    Ok(report)
}

/// The clients of all load processes.
struct Crews {
    shared: Shared,
    children: Children,
}

impl Crews {
    fn start(args: &Args, server: &ServerProcess, stop: &Arc<AtomicBool>) -> Result<Self, String> {
        let shared = Shared::new(args, Arc::clone(stop));
        let children = Children::start(server.url(), &shared)?;
        Ok(Self { shared, children })
    }

    /// Lets all clients follow the course while `work` runs. Returns what they have measured, too.
    fn work<T>(
        self,
        server: &ServerProcess,
        work: impl FnOnce(&Self) -> Result<T, String>,
    ) -> Result<(T, Driven), String> {
        let (worked, mut driven) = crew::with_clients(&self.shared, server.url(), || work(&self))?;
        self.children.finish()?.iter().for_each(|other| driven.add(other));
        Ok((worked, driven))
    }

    /// What all clients have reached, with the times between two updates since the last call.
    fn take_progress(&self) -> Progress {
        let mut progress = self.shared.take_progress();
        progress.add(&self.children.take_progress());
        progress
    }
}

fn start_server(args: &Args, folder: &Scratch) -> Result<ServerProcess, String> {
    let settings = settings(args);
    let server = if args.allocations {
        ServerProcess::start_counting(folder.path(), &settings)?
    } else {
        ServerProcess::start(folder.path(), &settings, &[])?
    };
    if !args.json {
        // For whoever wants to watch it.
        eprintln!("the server is at {}", server.url());
    }
    Ok(server)
}

/// Settings for many rooms, short pauses between matches, and the requested number of game messages. Only a run that looks
/// for the server's limits has them.
fn settings(args: &Args) -> String {
    let clients = args.clients() + args.connects_per_s;
    let (lanes, rooms_max, load_max) = match args.beyond {
        Some(_) => (ENDPOINTS_MAX, 100_000, ""),
        None => (endpoints_for(clients), args.all_rooms() + args.connects_per_s, "load_max = 1.0\n"),
    };
    format!(
        "[server]\nlanes = {lanes}\ntick_rate = {}\n\
         [rooms]\nrooms_max = {rooms_max}\n{load_max}countdown_s = 1.0\nresults_s = 0.1\n\
         [net]\nroom_messages_per_s = {}\nroom_message_bytes = 64\n",
        args.tick_rate,
        (2 * args.messages).max(1)
    )
}

/// Endpoints that a server needs for a number of clients.
pub fn endpoints_for(clients: u32) -> u32 {
    clients.div_ceil(ENDPOINT_CLIENTS).clamp(ENDPOINTS_MIN, ENDPOINTS_MAX)
}

/// Allows this process as many sockets as its share of the clients needs, or as many as possible.
fn allow_sockets_of(args: &Args) -> Result<(), String> {
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::from(u32::MAX));
    match args.beyond {
        Some(_) => allow_sockets(most.saturating_sub(OTHER_FILES)),
        None => allow_sockets(u64::from(args.clients() + 2 * args.connects_per_s)),
    }
}

/// Raises the limit of open files if the clients need more, as far as the system allows.
pub(crate) fn allow_sockets(clients: u64) -> Result<(), String> {
    let wanted = clients + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let raised = Rlimit { current: Some(wanted), ..limit };
    setrlimit(Resource::Nofile, raised).map_err(|_| {
        format!("{clients} clients need {wanted} open files, which are not allowed here: ask for fewer rooms")
    })
}

/// The share of this machine's memory, 0 to 1, that is not in use.
fn free_memory() -> f64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kb = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
    };
    match (kb("MemAvailable:"), kb("MemTotal:")) {
        (Some(available), Some(total)) => available / total,
        _ => 1.0,
    }
}

/// The configuration of an arena client. It is made once, because that makes a whole game.
pub(crate) fn hello() -> Hello {
    static HELLO: LazyLock<Hello> = LazyLock::new(|| simulation::hello(ArenaPlugin));
    HELLO.clone()
}

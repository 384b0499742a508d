//! Load measurement: a server process, driven by hundreds of clients, and a report of its cost.
//!
//! The server measures itself (`/v1/status`: processor time by stage, tick times, counters, all since its start). Two
//! readings, at both ends of the measured time, are subtracted. The clients add what only they can measure: bytes while
//! playing, lost inputs, and the order of game messages.
//!
//! ```text
//! process.rs   the server process: start, readings of its memory, guaranteed end
//! status.rs    two readings of the status page, and their difference
//! spawner.rs   seats for the clients, over HTTP
//! drive.rs     threads that update the clients;  room.rs  four clients;  order.rs  their game messages
//! report.rs    the report
//! ```

pub mod args;
pub(crate) mod drive;
pub mod order;
pub mod process;
pub mod report;
pub(crate) mod room;
pub(crate) mod spawner;
pub mod status;

use std::{
    sync::{Arc, atomic::AtomicBool, mpsc},
    thread,
    time::{Duration, Instant},
};

use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    api::Status,
    protocol::messages::Hello,
    simulation::{self, Simulation},
};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};

use args::Args;
use drive::{Course, Driven, Shared, drive};
use process::{Scratch, ServerProcess};
use report::{Memory, Report};
use spawner::{ClientSpawner, SPAWNERS, spawn_clients};

/// The most time until all clients play.
const GATHER_TIME_MAX: Duration = Duration::from_secs(60);
/// Time of play before the measurement, in which clocks settle and histories fill.
const WARM_TIME: Duration = Duration::from_secs(5);
/// The most time for the last game messages.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// Interval of checks.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Open files of this process, in addition to one socket for each client.
const OTHER_FILES: u64 = 128;
/// Clients of an endpoint, and the fewest endpoints: the server's default.
const ENDPOINT_CLIENTS: u32 = 256;
const ENDPOINTS_MIN: u32 = 4;

/// Starts a server, loads it, and stops it. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if there is no measurement. Faults during a measurement are in the report.
pub fn run(args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    allow_sockets(u64::from(args.clients()))?;
    let folder = Scratch::new("load")?;
    let server = ServerProcess::start(folder.path(), &settings(args), &[])?;
    let shared = Shared::new(args, Instant::now(), Arc::clone(stop));
    let drivers = thread::available_parallelism().map_or(1, usize::from).min(args.all_rooms() as usize);
    let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..drivers).map(|_| mpsc::channel()).unzip();
    let spawner = ClientSpawner::new(args, &server, hello(), Arc::new(|| Simulation::new(ArenaPlugin)), &shared);
    thread::scope(|scope| {
        for _ in 0..SPAWNERS {
            let (outboxes, spawner) = (outboxes.clone(), &spawner);
            scope.spawn(move || spawn_clients(spawner, &outboxes));
        }
        drop(outboxes);
        let threads: Vec<_> = inboxes.into_iter().map(|inbox| scope.spawn(|| drive(&shared, inbox))).collect();
        let measured = measure(args, &server, &shared);
        // The threads have to end, also after a failed measurement.
        shared.go_to(Course::Leave);
        let mut driven = Driven::default();
        for thread in threads {
            driven.add(&thread.join().map_err(|_| "a driving thread panicked: this is a bug".to_owned())?);
        }
        measured.map(|measured| Report::new(args, &measured, &driven))
    })
}

/// Settings for many rooms, short pauses between matches, and the requested number of game messages.
fn settings(args: &Args) -> String {
    format!(
        "[server]\nlanes = {}\n\
         [rooms]\nrooms_max = {}\ncountdown = 1.0\nresults = 0.1\n\
         [net]\nroom_messages_per_s = {}\nroom_message_bytes = 64\n",
        endpoints_for(args.clients()),
        args.all_rooms(),
        (2 * args.messages).max(1)
    )
}

/// Endpoints that a server needs for a number of clients.
pub(crate) fn endpoints_for(clients: u32) -> u32 {
    clients.div_ceil(ENDPOINT_CLIENTS).max(ENDPOINTS_MIN)
}

/// Readings at both ends of the measured time.
struct Measured {
    before: Status,
    after: Status,
    memory: Memory,
    own_cpu: Duration,
}

fn measure(args: &Args, server: &ServerProcess, shared: &Shared) -> Result<Measured, String> {
    server.status()?;
    let idle_kb = server.rss_kb()?;
    shared.go_to(Course::Gather);
    wait_until_all_play(args, server, shared)?;
    shared.go_to(Course::Warm);
    shared.pause(WARM_TIME)?;
    let (before, own_before) = (server.status()?, process_cpu_time());
    shared.go_to(Course::Measure);
    shared.pause(Duration::from_secs(u64::from(args.seconds)))?;
    let (after, own_after) = (server.status()?, process_cpu_time());
    let memory = Memory { idle_kb, loaded_kb: server.rss_kb()? };
    shared.go_to(Course::Drain);
    shared.pause(DRAIN_TIME)?;
    Ok(Measured { before, after, memory, own_cpu: own_after.saturating_sub(own_before) })
}

fn wait_until_all_play(args: &Args, server: &ServerProcess, shared: &Shared) -> Result<(), String> {
    let late = shared.elapsed() + GATHER_TIME_MAX;
    loop {
        let playing = server.status()?.rooms_by_phase.playing;
        if playing >= args.all_rooms() as usize {
            return Ok(());
        }
        if let Some(sentence) = shared.first_failure() {
            return Err(format!("not all clients got a seat: {sentence}"));
        }
        if shared.elapsed() > late {
            return Err(format!("after a minute only {playing} of {} rooms played", args.all_rooms()));
        }
        shared.pause(LOOK_INTERVAL)?;
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

/// Processor time of this process, of all its threads.
fn process_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The configuration of an arena client.
pub(crate) fn hello() -> Hello {
    simulation::hello(ArenaPlugin)
}

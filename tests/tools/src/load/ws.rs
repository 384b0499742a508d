//! Load over WebSockets: rooms of thin clients that play and send game messages, and readers that do not read.
//!
//! Every reader checks that no event of its room is missing, and all of a room that they hear the same messages in the
//! same order, their own ones too.

mod report;
mod room;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_shared::api::Status;

use super::{
    allow_sockets,
    args::Args,
    drive::LOOP_INTERVAL,
    process::{Scratch, ServerProcess},
};
pub use report::WsReport;
use room::{Counts, Phase, WsRoom};

/// Driver threads.
const THREADS: usize = 2;
/// The most time until all clients play.
const START_TIME_MAX: Duration = Duration::from_secs(120);
/// Time after which a match runs whose players are ready.
const COUNTDOWN_TIME: Duration = Duration::from_secs(2);
/// Time in which the last messages arrive.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// What all threads share.
struct Course {
    start: Instant,
    phase: AtomicU8,
    ready: AtomicU64,
    stop: Arc<AtomicBool>,
}

impl Course {
    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }
}

/// Starts a server, loads it over WebSockets, and stops it. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if there is no measurement. Faults during a measurement are in the report.
pub fn run_ws(args: &Args, stop: &Arc<AtomicBool>) -> Result<WsReport, String> {
    allow_sockets(u64::from(args.clients()))?;
    let folder = Scratch::new("load-ws")?;
    let server = ServerProcess::start(folder.path(), &settings(args), &[])?;
    let course = Course {
        start: Instant::now(),
        phase: AtomicU8::new(Phase::Joining as u8),
        ready: AtomicU64::new(0),
        stop: Arc::clone(stop),
    };
    thread::scope(|scope| {
        let (course, url) = (&course, server.url());
        let shares = (0..THREADS).map(|share| scope.spawn(move || drive(args, url, share, course)));
        let shares: Vec<_> = shares.collect();
        let measured = measure(args, &server, course);
        // Also after an error, so that the threads end.
        course.enter(Phase::Over);
        let mut counts = Counts::default();
        for share in shares {
            counts.add(&share.join().map_err(|_| "a driver thread panicked".to_owned())??);
        }
        let (before, after, took) = measured?;
        Ok(WsReport::new(args, &before, &after, took, &counts))
    })
}

fn settings(args: &Args) -> String {
    // One place in 16 is for clients that come back.
    let clients = args.clients() + args.clients() / 15 + 16;
    format!(
        "[server]\ntick_rate = {}\n[ws]\nconnections_max = {clients}\nunauthenticated_max = {clients}\n\
         [rooms]\nrooms_max = {}\nload_max = 1.0\ncountdown_s = 1.0\nresults_s = 0.1\n\
         [net]\nroom_messages_per_s = 0\nroom_message_bytes = 64\n",
        args.tick_rate,
        args.rooms + 1
    )
}

/// Waits until all clients play, and takes two readings of the status page.
fn measure(args: &Args, server: &ServerProcess, course: &Course) -> Result<(Status, Status, Duration), String> {
    let readers = u64::from(args.clients());
    while course.ready.load(Ordering::Relaxed) < readers {
        if course.start.elapsed() > START_TIME_MAX {
            let ready = course.ready.load(Ordering::Relaxed);
            return Err(format!("only {ready} of {readers} clients joined in time: {}", server.log()));
        }
        nap(course)?;
    }
    // The countdown of the last matches.
    let begin = Instant::now() + COUNTDOWN_TIME;
    while Instant::now() < begin {
        nap(course)?;
    }
    course.enter(Phase::Measured);
    let (before, began) = (server.status()?, Instant::now());
    while began.elapsed() < Duration::from_secs(args.seconds.into()) {
        nap(course)?;
    }
    let (after, took) = (server.status()?, began.elapsed());
    course.enter(Phase::Settling);
    let end = Instant::now() + SETTLE_TIME;
    while Instant::now() < end {
        nap(course)?;
    }
    Ok((before, after, took))
}

fn nap(course: &Course) -> Result<(), String> {
    if course.stop.load(Ordering::Relaxed) {
        return Err("stopped".to_owned());
    }
    thread::sleep(Duration::from_millis(20));
    Ok(())
}

/// Drives this thread's share of the rooms.
fn drive(args: &Args, url: &str, share: usize, course: &Course) -> Result<Counts, String> {
    let mut rooms = Vec::new();
    for number in (share as u32..args.rooms).step_by(THREADS) {
        rooms.push(WsRoom::join(args, url, number)?);
    }
    let mut told = 0;
    loop {
        let phase = Phase::of(course.phase.load(Ordering::Relaxed));
        if phase == Phase::Over {
            break;
        }
        let now = course.start.elapsed();
        rooms.iter_mut().for_each(|room| room.update(now, phase));
        let ready: u64 = rooms.iter().map(WsRoom::joined).sum();
        course.ready.fetch_add(ready - told, Ordering::Relaxed);
        told = ready;
        thread::sleep(LOOP_INTERVAL);
    }
    let mut counts = Counts::default();
    rooms.into_iter().for_each(|room| counts.add(&room.end()));
    Ok(counts)
}

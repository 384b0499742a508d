//! Load bots: groups of real clients that play match after match and measure what they see.
//!
//! A few spawner threads (`spawner.rs`) request the sessions, since HTTP blocks. Each driver thread (`driver.rs`) owns
//! some rooms (`room.rs`) and updates all their clients (`bot.rs`) every few milliseconds. A bot that loses its
//! connection requests its seat again (`reconnect.rs`). Another thread looks for some results on the leaderboards
//! (`visibility.rs`). At the end all measurements are added up ([`report`]).

pub mod args;
mod bot;
pub mod companions;
mod driver;
mod program;
mod reconnect;
pub mod report;
mod room;
mod spawner;
mod visibility;

use std::{
    iter,
    sync::{Mutex, atomic::AtomicU64, mpsc},
    thread,
    time::{Duration, Instant},
};

use args::Args;
use driver::drive;
use reconnect::carry_out;
use report::{Report, Totals};
use spawner::{BotSpawner, fill_rooms};
use visibility::{PROBES_MAX, ProbeQueue, follow};

pub use program::{command, main};

use crate::client::ClientConfig;

/// Bot names, by the bot's index in the room.
const NAMES: [&str; 16] = [
    "Kestrel", "Wren", "Osprey", "Merlin", "Tanuki", "Lynx", "Heron", "Swift", "Odalys", "Łukasz", "Соня", "Mirela",
    "Νίκη", "Priya", "Gus", "Anouk",
];

/// Maximum number of session requests that run at the same time.
const SPAWNERS_MAX: u32 = 16;
/// Capacity of the channel from the spawners to one driver; a spawner waits while it is full.
const RECRUITS_WAITING_MAX: usize = 64;
/// Capacity of the queue of reconnect requests; while it is full, a bot tries again after its pause.
const ORDERS_WAITING_MAX: usize = 1024;

const PANICKED: &str = "A thread of the bots panicked: this is a bug.";

fn name(index: u8) -> &'static str {
    NAMES[usize::from(index) % NAMES.len()]
}

/// Runs the bots until their time is over. This is the main loop of a program: it reads the wall clock and blocks.
pub fn run(args: &Args, config: &ClientConfig) -> Report {
    let start = Instant::now();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let drivers = cores.min(args.rooms as usize).max(1);
    let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..drivers).map(|_| mpsc::sync_channel(RECRUITS_WAITING_MAX)).unzip();
    let (orders, ordered) = mpsc::sync_channel(ORDERS_WAITING_MAX);
    let ordered = Mutex::new(ordered);
    let spawner = BotSpawner::new(args, config, start);
    let (queue, probes) = mpsc::sync_channel(PROBES_MAX);
    let matches = AtomicU64::new(0);
    let probing = ProbeQueue { matches: &matches, queue };
    let mut totals = Totals::default();
    thread::scope(|scope| {
        for _ in 0..args.rooms.min(SPAWNERS_MAX) {
            let outboxes = outboxes.clone();
            let (spawner, ordered) = (&spawner, &ordered);
            scope.spawn(move || {
                fill_rooms(spawner, &outboxes);
                drop(outboxes);
                carry_out(spawner, ordered);
            });
        }
        drop(outboxes);
        let following = scope.spawn(move || follow(&args.server, start, &probes));
        let spawn = |(inbox, (orders, probing))| scope.spawn(move || drive(args, start, inbox, orders, &probing));
        let threads: Vec<_> = inboxes.into_iter().zip(iter::repeat((orders, probing))).map(spawn).collect();
        for thread in threads {
            match thread.join() {
                Ok(part) => totals.add(&part),
                Err(_) => totals.fail(PANICKED),
            }
        }
        match following.join() {
            Ok(times) => totals.board_visible_ms = times,
            Err(_) => totals.fail(PANICKED),
        }
    });
    Report::new(args, &totals)
}

/// Time since the start, the time base of all clients.
fn elapsed(start: Instant) -> Duration {
    start.elapsed()
}

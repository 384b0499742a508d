//! Strangers at the door: a real server with ten rooms that play, all attacks at once, and honest players of other
//! addresses who join meanwhile.
//!
//! Everything runs in a network namespace of its own, whose loopback device has all addresses of `10.76.0.0/14`. So the
//! server sees addresses of other machines, which it limits, and nothing leaves this machine.
//!
//! ```text
//! namespace.rs  the network and its addresses;          wire.rs     sockets with a given source address, HTTP by hand
//! target.rs     the attacked server, seen from outside;  siege.rs    what all attackers share: time, pace, tallies
//! rooms.rs      the rooms that play;                    joiners.rs  honest players who join
//! attacks.rs    table of all attacks, one file each;    crowd.rs    many connections;  peer.rs  a seat driven by hand
//! verdict.rs    bounds that must hold;                  report.rs   a table, or one line of JSON
//! ```

pub mod args;
mod attacks;
mod crowd;
mod joiners;
pub mod namespace;
mod peer;
pub mod report;
mod rooms;
mod siege;
mod target;
mod verdict;
mod wire;

use std::{
    fs,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use args::Args;
use attacks::ATTACKS;
use joiners::Joins;
use namespace::SERVER;
use report::{AttackReport, Report};
use rooms::{CALM, HonestRooms, SIEGE};
use siege::{Siege, Tally};
use target::Target;

use crate::load::{
    self,
    process::{Scratch, ServerProcess},
    shared::pause,
};

/// Settings of the server: all are the defaults.
const SETTINGS: &str = "";
/// Sockets of this process: those of the attackers and players.
const SOCKETS: u64 = 4096;
/// Time of play before the measurement.
const WARM_TIME: Duration = Duration::from_secs(3);
/// Interval of readings of the server's memory.
const MEMORY_INTERVAL: Duration = Duration::from_millis(100);
/// A replay that is larger than everything that the kernel buffers of one connection.
const REPLAY_BYTES: u64 = 32 << 20;
/// The match of that replay.
const REPLAY: &str = "00000000000000000000000000d00e00";

/// Runs the calm time and the attacks. Blocks until it is done or `stop` is set. It has to run inside of the
/// [namespace].
///
/// # Errors
/// A sentence, if there is no measurement. Bounds that do not hold are in the report.
pub fn run(args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let folder = Scratch::new("door")?;
    // Before this process may open more files, because the server inherits the limit and has to get along with it.
    let server = ServerProcess::start_public(SERVER, folder.path(), SETTINGS)?;
    load::allow_sockets(SOCKETS)?;
    store_replay(&folder)?;
    let target = Target::new(server.url())?;
    let rooms = HonestRooms::seat(&target)?;
    rooms.wait_until_all_play(&server, stop)?;
    pause(WARM_TIME, stop)?;

    rooms.measure(CALM);
    pause(args.calm(), stop)?;
    let memory_before_kb = server.rss_kb()?;
    let siege = Siege::new(&target, rooms.codes(), rooms.endpoints(), format!("/v1/replays/{REPLAY}"));
    rooms.measure(SIEGE);
    let starved_before = server.starved();
    let besieged = besiege(&siege, &server, args.seconds(), stop)?;
    let starved = server.starved() - starved_before;
    rooms.measure(0);

    let seen = rooms.end()?;
    let log = server.log_lines();
    server.stop()?;
    let mut report = Report::new(args, &seen, log);
    report.note_memory(memory_before_kb, besieged.memory_max_kb);
    report.starved_pct = 100.0 * starved.as_secs_f64() / args.seconds().as_secs_f64();
    report.note_joins(&besieged.joins);
    report.attacks = besieged.attacks;
    report.judge(&seen);
    Ok(report)
}

/// Stores a file in the place of a replay, because the matches of a short run are not over.
fn store_replay(folder: &Scratch) -> Result<(), String> {
    let path = folder.path().join(format!("data/replays/{REPLAY}.fhr"));
    let store = || fs::File::create(&path)?.set_len(REPLAY_BYTES);
    store().map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// What happened during the attacks.
struct Besieged {
    memory_max_kb: u64,
    joins: Joins,
    attacks: Vec<AttackReport>,
}

/// Lets all attackers and joiners loose for this time, each on a thread of its own.
fn besiege(siege: &Siege<'_>, server: &ServerProcess, time: Duration, stop: &AtomicBool) -> Result<Besieged, String> {
    let tallies: Vec<Tally> = ATTACKS.iter().map(|_| Tally::default()).collect();
    let (start, joins) = (Instant::now(), Joins::default());
    let memory = thread::scope(|scope| {
        for (network, (attack, tally)) in ATTACKS.iter().zip(&tallies).enumerate() {
            for host in 1..=attack.hosts {
                let from = namespace::attacker(network as u8 + 1, host);
                scope.spawn(move || {
                    siege::take_only_spare_time();
                    (attack.run)(siege, from, tally);
                });
            }
        }
        scope.spawn(|| joiners::keep_joining(scope, siege, &joins));
        let memory = watch_memory(server, start, time, stop);
        siege.end();
        memory
    });
    let seconds = start.elapsed().as_secs_f64();
    let attacks =
        ATTACKS.iter().zip(&tallies).map(|(attack, tally)| AttackReport::new(attack, tally, seconds)).collect();
    Ok(Besieged { memory_max_kb: memory?, joins, attacks })
}

/// Returns the most memory that the server had within this time, in KiB.
fn watch_memory(server: &ServerProcess, start: Instant, time: Duration, stop: &AtomicBool) -> Result<u64, String> {
    let mut most = 0;
    while start.elapsed() < time {
        most = most.max(server.rss_kb()?);
        pause(MEMORY_INTERVAL, stop)?;
    }
    Ok(most)
}

//! Crash test of results: a real server with real clients is killed at random moments, again and again on the same data
//! folder, and so are its database and an archiver. After each run the file of results is compared with the results that
//! clients were told are saved, and the database with the file, when the stream before it is empty.
//!
//! SIGKILL ends a process and not the system, so written data survive. The test proves the order (write, then tell) and
//! the repair at the next start. It does not test the disk.
//!
//! ```text
//! game.rs      a copy of the arena with matches of some seconds
//! players.rs   thin clients in several rooms, match after match
//! backend.rs   the database of the server, and what of it is killed;  archivers.rs  Redis and two archivers
//! run.rs       one run: play, kill the database or an archiver, kill the server
//! compare.rs   the verdict on the file
//! stored.rs    the verdict on the database
//! ```

mod archivers;
mod backend;
pub mod compare;
pub(crate) mod game;
mod players;
mod run;
pub(crate) mod stored;

use std::{collections::BTreeSet, ffi::OsStr, path::Path, sync::atomic::AtomicBool, time::Duration};

use framehouse_client::complain;
use framehouse_shared::rng::SimRng;

use crate::load::{
    process::{Scratch, ServerProcess},
    program::server_program,
};
use backend::{Backend, Outage};
use compare::Found;
use run::{Moment, Run};

/// The highest tick rate of a server.
const TICK_RATE: &str = "120";
/// Settings of rooms with short pauses between matches.
const SETTINGS: &str = "[rooms]\nlobby_s = 0.0\ncountdown_s = 0.5\nresults_s = 0.1\n";
/// The length of a match, in ticks at 30 ticks a second: the shortest that the rules allow.
const MATCH_TICKS: u32 = 300;
/// Interval of client updates, and the precision of the moment of the kill.
const LOOP_INTERVAL: Duration = Duration::from_millis(1);

/// Parameters of a crash test.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often the server is started and killed.
    pub runs: u32,
    /// Rooms of two players each.
    pub rooms: u32,
    /// Seed of the random moments. Real time varies, so the same seed gives similar runs, not identical ones.
    pub seed: u64,
    /// Use a Postgres server instead of SQLite, and kill it in half of the runs.
    pub postgres: bool,
    /// Let two archivers store the results, in a Postgres server, and kill one of them or that server in each run.
    pub archiver: bool,
}

/// The outcome of a crash test.
#[derive(Clone, Copy, Debug)]
pub struct CrashReport {
    /// Runs that ended with a kill of the server.
    pub runs: u32,
    /// Runs in which the database was killed.
    pub database_kills: u32,
    /// Runs in which an archiver was killed.
    pub archiver_kills: u32,
    /// Matches that clients saw end.
    pub matches_seen: u64,
    /// The content of the file of results.
    pub found: Found,
}

/// Kills servers and compares. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if an acknowledged result is not in the file exactly once, a line is not a result, a result is not in the
/// database exactly once, something stays in the stream, or the test could not be completed.
pub fn run(plan: &Plan, stop: &AtomicBool) -> Result<CrashReport, String> {
    let (folder, program) = (Scratch::new("crash")?, server_program()?);
    let done = kill_and_check(plan, stop, folder.path(), &program);
    // The folder of a failed comparison is kept for inspection.
    done.map_err(|sentence| format!("{sentence} (the folder is kept: {})", folder.keep().display()))
}

fn kill_and_check(plan: &Plan, stop: &AtomicBool, folder: &Path, program: &Path) -> Result<CrashReport, String> {
    let game = game::make_short_matches(folder, MATCH_TICKS)?;
    let mut backend = Backend::start(plan, program, folder)?;
    let settings = format!("{SETTINGS}{}", backend.settings());
    let arguments = [OsStr::new("--tick-rate"), OsStr::new(TICK_RATE), OsStr::new("--game-dir"), game.as_os_str()];
    let start_server = || ServerProcess::start_program(program, folder, &settings, &arguments);
    let (mut rng, mut told, mut matches_seen) = (SimRng::new(plan.seed), BTreeSet::new(), 0);
    let (mut database_kills, mut archiver_kills) = (0, 0);
    for number in 1..=plan.runs {
        let (moment, outage) = (Moment::draw(&mut rng, plan.rooms), backend.draw_outage(&mut rng));
        database_kills += u32::from(outage.is_some_and(|outage| outage.database));
        archiver_kills += u32::from(outage.is_some_and(|outage| outage.archiver.is_some()));
        let failed = |sentence| format!("run {number} of seed {}: {sentence}", plan.seed);
        let run = Run::start(start_server().map_err(failed)?, plan.rooms, stop).map_err(failed)?;
        let players = run.play_and_kill(moment, &mut backend, outage).map_err(failed)?;
        told.extend(players.saved_ids());
        matches_seen += players.matches_ended();
        let (what, Moment { matches, then }) = (victims(outage), moment);
        complain!("run {number}: {what} killed {then:?} after match {matches}; results told so far: {}", told.len());
        if !told.is_empty() {
            backend.check(program, folder, &told).map_err(failed)?;
        }
    }
    // The last kill may have left a torn line. The next start repairs it, and that server is stopped as an operator would.
    start_server()?.stop()?;
    let found = backend.check(program, folder, &told)?;
    Ok(CrashReport { runs: plan.runs, database_kills, archiver_kills, matches_seen, found })
}

/// What is killed in a run, in words.
fn victims(outage: Option<Outage>) -> &'static str {
    match outage.map(|outage| (outage.database, outage.archiver.is_some())) {
        Some((true, true)) => "database, archiver and server",
        Some((true, false)) => "database and server",
        Some((false, true)) => "archiver and server",
        Some((false, false)) | None => "server",
    }
}

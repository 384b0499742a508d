//! Crash test of results: a real server with real clients is killed at random moments, again and again on the same data
//! folder, and so is its database. After each run the file of results is compared with the results that clients were told
//! are saved, and the database with the file.
//!
//! SIGKILL ends a process and not the system, so written data survive. The test proves the order (write, then tell) and
//! the repair at the next start. It does not test the disk.
//!
//! ```text
//! game.rs      a copy of the arena with matches of some seconds
//! players.rs   thin clients in several rooms, match after match
//! run.rs       one run: play, kill the database, kill the server
//! compare.rs   the verdict on the file
//! stored.rs    the verdict on the database
//! ```

pub mod compare;
pub(crate) mod game;
mod players;
mod run;
pub(crate) mod stored;

use std::{collections::BTreeSet, ffi::OsStr, path::Path, sync::atomic::AtomicBool, time::Duration};

use framehouse_client::complain;
use framehouse_harness::postgres::Postgres;
use framehouse_shared::{ids::MatchId, rng::SimRng};

use crate::load::{
    process::{Scratch, ServerProcess},
    program::server_program,
};
use compare::Found;
use run::{Moment, Outage, Run};
use stored::check_stored;

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
}

/// The outcome of a crash test.
#[derive(Clone, Copy, Debug)]
pub struct CrashReport {
    /// Runs that ended with a kill of the server.
    pub runs: u32,
    /// Runs in which the database was killed.
    pub database_kills: u32,
    /// Matches that clients saw end.
    pub matches_seen: u64,
    /// The content of the file of results.
    pub found: Found,
}

/// Kills servers and compares. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if an acknowledged result is not in the file exactly once, a line is not a result, a result is not in the
/// database exactly once, or the test could not be completed.
pub fn run(plan: &Plan, stop: &AtomicBool) -> Result<CrashReport, String> {
    let (folder, program) = (Scratch::new("crash")?, server_program()?);
    let mut postgres = plan.postgres.then(Postgres::start).transpose()?;
    let done = kill_and_check(plan, stop, folder.path(), &program, &mut postgres);
    // The folder of a failed comparison is kept for inspection.
    done.map_err(|sentence| format!("{sentence} (the folder is kept: {})", folder.keep().display()))
}

fn kill_and_check(
    plan: &Plan,
    stop: &AtomicBool,
    folder: &Path,
    program: &Path,
    postgres: &mut Option<Postgres>,
) -> Result<CrashReport, String> {
    let game = game::make_short_matches(folder, MATCH_TICKS)?;
    let url = postgres.as_ref().map(|postgres| postgres.url("postgres"));
    let store = url.as_ref().map(|url| format!("[store]\ndatabase = \"{url}\"\n")).unwrap_or_default();
    let arguments = [OsStr::new("--tick-rate"), OsStr::new(TICK_RATE), OsStr::new("--game-dir"), game.as_os_str()];
    let start_server = || ServerProcess::start_program(program, folder, &format!("{SETTINGS}{store}"), &arguments);
    let check = |told: &BTreeSet<MatchId>| check_stored(program, folder, url.as_deref(), told);
    let (mut rng, mut told, mut matches_seen, mut database_kills) = (SimRng::new(plan.seed), BTreeSet::new(), 0, 0);
    for number in 1..=plan.runs {
        let moment = Moment::draw(&mut rng, plan.rooms);
        let outage = postgres.as_mut().filter(|_| rng.one_in(2)).map(|postgres| (postgres, Outage::draw(&mut rng)));
        database_kills += u32::from(outage.is_some());
        let what = if outage.is_some() { "database and server" } else { "server" };
        let failed = |sentence| format!("run {number} of seed {}: {sentence}", plan.seed);
        let run = Run::start(start_server().map_err(failed)?, plan.rooms, stop).map_err(failed)?;
        let players = run.play_and_kill(moment, outage).map_err(failed)?;
        told.extend(players.saved_ids());
        matches_seen += players.matches_ended();
        let Moment { matches, then } = moment;
        complain!("run {number}: {what} killed {then:?} after match {matches}; results told so far: {}", told.len());
        if !told.is_empty() {
            check(&told).map_err(failed)?;
        }
    }
    // The last kill may have left a torn line. The next start repairs it, and that server is stopped as an operator would.
    start_server()?.stop()?;
    Ok(CrashReport { runs: plan.runs, database_kills, matches_seen, found: check(&told)? })
}

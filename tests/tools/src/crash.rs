//! Crash test of results: a real server with real clients is killed at random moments, again and again on the same data
//! folder. Then the file of results is compared with the results that clients were told are saved, and the database with
//! the file.
//!
//! SIGKILL ends the process and not the system, so written data survive. The test proves the order (write, then tell) and
//! the repair at the next start. It does not test the disk.
//!
//! ```text
//! game.rs      a copy of the arena with matches of some seconds
//! players.rs   thin clients in several rooms, match after match
//! compare.rs   the verdict on the file
//! stored.rs    the verdict on the database
//! ```

pub mod compare;
pub(crate) mod game;
mod players;
mod stored;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use framehouse_client::complain;
use framehouse_server::results::FILE_NAME;
use framehouse_shared::{ids::MatchId, rng::SimRng};

use crate::load::process::{Scratch, ServerProcess};
use compare::{Found, compare};
use players::Players;

/// The highest tick rate of a server.
const TICK_RATE: &str = "120";
/// Settings of rooms with short pauses between matches.
const SETTINGS: &str = "[rooms]\nlobby_s = 0.0\ncountdown_s = 0.5\nresults_s = 0.1\n";
/// The most time for a run.
const RUN_TIME_MAX: Duration = Duration::from_secs(60);
/// Interval of client updates, and the precision of the moment of the kill.
const LOOP_INTERVAL: Duration = Duration::from_millis(1);
/// Time for which clients go on after the kill, because messages in their sockets count as told.
const LISTEN_TIME: Duration = Duration::from_millis(50);

/// Parameters of a crash test.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often the server is started and killed.
    pub runs: u32,
    /// Rooms of two players each.
    pub rooms: u32,
    /// Seed of the random moments. Real time varies, so the same seed gives similar runs, not identical ones.
    pub seed: u64,
}

/// The outcome of a crash test.
#[derive(Clone, Copy, Debug)]
pub struct CrashReport {
    /// Runs that ended with a kill.
    pub runs: u32,
    /// Matches that clients saw end.
    pub matches_seen: u64,
    /// The content of the file of results.
    pub found: Found,
}

/// The moment at which a server is killed.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// Number of ended matches, in all rooms together ..
    matches: u64,
    /// .. and the time after the last of them.
    then: Duration,
}

impl Moment {
    /// Half of the moments are in the milliseconds after a match's end in which its result is written.
    fn draw(rng: &mut SimRng, rooms: u32) -> Self {
        let matches = u64::from(rng.below(2 * rooms + 1));
        let then_ms = if rng.one_in(2) { rng.below(25) } else { rng.below(3000) };
        Self { matches, then: Duration::from_millis(then_ms.into()) }
    }
}

/// Kills servers and compares. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if an acknowledged result is not in the file exactly once, a line is not a result, a result is not in the
/// database exactly once, or the test could not be completed.
pub fn run(plan: &Plan, stop: &AtomicBool) -> Result<CrashReport, String> {
    let folder = Scratch::new("crash")?;
    let game = game::make_short_matches(folder.path())?;
    let arguments = [OsStr::new("--tick-rate"), OsStr::new(TICK_RATE), OsStr::new("--game-dir"), game.as_os_str()];
    let start_server = || ServerProcess::start(folder.path(), SETTINGS, &arguments);
    let (mut rng, mut told, mut matches_seen) = (SimRng::new(plan.seed), BTreeSet::new(), 0);
    for run in 1..=plan.runs {
        let moment = Moment::draw(&mut rng, plan.rooms);
        let failed = |sentence| format!("run {run} of seed {}: {sentence}", plan.seed);
        let players = play_and_kill(start_server().map_err(failed)?, plan, moment, stop).map_err(failed)?;
        told.extend(players.saved_ids());
        matches_seen += players.matches_ended();
        complain!(
            "run {run}: killed {:?} after match {}; results told so far: {}",
            moment.then,
            moment.matches,
            told.len()
        );
    }
    // The last kill may have left a torn line. The next start repairs it, and that server is stopped as an operator would.
    start_server()?.stop()?;
    let found = judge(folder, &told)?;
    Ok(CrashReport { runs: plan.runs, matches_seen, found })
}

fn play_and_kill(mut server: ServerProcess, plan: &Plan, moment: Moment, stop: &AtomicBool) -> Result<Players, String> {
    let start = Instant::now();
    let mut players = Players::join(server.url(), plan.rooms, start)?;
    let mut kill_at = None;
    while kill_at.is_none_or(|at| start.elapsed() < at) {
        players.update()?;
        if players.matches_ended() >= moment.matches {
            kill_at.get_or_insert(start.elapsed() + moment.then);
        }
        if !server.is_running() || start.elapsed() > RUN_TIME_MAX {
            return Err(format!("the server ended by itself, or no match did: {}", server.log()));
        }
        if stop.load(Ordering::Relaxed) {
            return Err("stopped before it was done".to_owned());
        }
        thread::sleep(LOOP_INTERVAL);
    }
    // Sends SIGKILL and waits.
    drop(server);
    players.listen(LISTEN_TIME);
    Ok(players)
}

/// Compares. The folder of a failed comparison is kept for inspection.
fn judge(folder: Scratch, told: &BTreeSet<MatchId>) -> Result<Found, String> {
    let file = folder.path().join("data").join(FILE_NAME);
    let verdict = read(&file).and_then(|text| {
        let found = compare(&text, told)?;
        stored::check(&folder.path().join("data"), &text)?;
        Ok(found)
    });
    verdict.map_err(|sentence| {
        let kept = folder.keep();
        format!("{sentence} (the folder is kept: {})", kept.display())
    })
}

fn read(file: &Path) -> Result<String, String> {
    match fs::read_to_string(file) {
        // The server never saved a result.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| format!("cannot read {}: {error}", file.display())),
    }
}

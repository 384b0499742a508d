//! Whether a result that was acknowledged outlives its server: a real server with real clients is killed at a random
//! moment, again and again on the same data folder; then the file of results is compared with what the clients were told.
//!
//! SIGKILL takes the process and leaves the system, so what was written survives it: this proves the order (on the disk
//! first, told afterwards) and the repair at the start, not the disk.
//!
//! ```text
//! game.rs      a copy of the arena with matches of some seconds
//! players.rs   thin clients in several rooms, match after match
//! compare.rs   the verdict
//! ```

pub mod compare;
mod game;
mod players;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use framehouse_server::results::FILE_NAME;
use framehouse_shared::{ids::MatchId, rng::SimRng};

use crate::load::process::{Scratch, ServerProcess};
use compare::{Found, compare};
use players::Players;

/// As fast as a server goes, so that the shortest match that the rules allow takes no longer than it has to.
const TICK_RATE: &str = "120";
/// Hardly a pause between two matches.
const SETTINGS: &str = "[rooms]\nlobby = 0.0\ncountdown = 0.5\nresults = 0.1\n";
/// How long a run may take.
const RUN_TIME_MAX: Duration = Duration::from_secs(60);
/// How often clients are updated, and how exact the moment of the kill is.
const LOOP_INTERVAL: Duration = Duration::from_millis(1);
/// How long clients go on after the kill: what is in their sockets was told.
const LISTEN_TIME: Duration = Duration::from_millis(50);

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often the server is started and killed.
    pub runs: u32,
    /// Rooms of two players each.
    pub rooms: u32,
    /// Where the moments come from. Real time is not in anybody's hands: the same seed gives similar runs, not the same.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct CrashReport {
    /// Runs that ended with a kill.
    pub runs: u32,
    /// Matches that clients saw end.
    pub matches_seen: u64,
    /// What is in the file.
    pub found: Found,
}

/// When a server is killed.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// After so many matches have ended, all rooms together ..
    matches: u64,
    /// .. and so much later.
    then: Duration,
}

impl Moment {
    /// Half of them are in those milliseconds after the end of a match in which its result is written.
    fn draw(rng: &mut SimRng, rooms: u32) -> Self {
        let matches = u64::from(rng.below(2 * rooms + 1));
        let then_ms = if rng.one_in(2) { rng.below(25) } else { rng.below(3000) };
        Self { matches, then: Duration::from_millis(then_ms.into()) }
    }
}

/// Kills servers and compares. Blocks until that is done, or until `stop` is set.
///
/// # Errors
/// A sentence, when an acknowledged result is not in the file exactly once, when a line is no result, and when it came to
/// no verdict.
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
        eprintln!(
            "run {run}: killed {:?} after match {}; results told so far: {}",
            moment.then,
            moment.matches,
            told.len()
        );
    }
    // The last kill may have left a torn line: the next start repairs it. This one is stopped as an operator would.
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
    // Killed with SIGKILL, and waited for.
    drop(server);
    players.listen(LISTEN_TIME);
    Ok(players)
}

/// Compares; a folder that fails is left for whoever wants to know why.
fn judge(folder: Scratch, told: &BTreeSet<MatchId>) -> Result<Found, String> {
    let file = folder.path().join("data").join(FILE_NAME);
    let verdict = read(&file).and_then(|text| compare(&text, told));
    verdict.map_err(|sentence| {
        let kept = folder.keep();
        format!("{sentence} (the folder is kept: {})", kept.display())
    })
}

fn read(file: &Path) -> Result<String, String> {
    match fs::read_to_string(file) {
        // A server that never saved anything.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| format!("cannot read {}: {error}", file.display())),
    }
}

//! Storm server: the arena's server, which submits results as if thousands of its matches had ended in one second. They go
//! the way of all results, from the tick thread on.

use std::{
    env, fs,
    path::Path,
    process::ExitCode,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use bevy::prelude::*;
use framehouse_server::{
    results::{MatchResult, ResultStore},
    schedule::{Now, TickRate, TickSet},
};
use framehouse_shared::rng::SimRng;

use super::plausible::{Seat, played, points};
use crate::extended_arena::ExtendedArena;

/// Environment variable with the path of the file that begins the storm: the number of its results, as text.
pub const STORM_VARIABLE: &str = "STORM_OF_RESULTS";
/// Name of the file in a server's folder.
pub(crate) const STORM_FILE: &str = "storm";

/// Players in each match.
pub(super) const MATCH_PLAYERS: u32 = 4;
/// Name of the map: its leaderboard is empty before.
pub(super) const MAP: &str = "storm";
/// Player with the fewest points of all.
pub(super) const LAST_PLAYER: u32 = 0;
/// Interval of looks for the file.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Number of results of the storm; 0 before it begins.
static ORDERED: AtomicU32 = AtomicU32::new(0);

/// The whole program.
pub fn run_server() -> ExitCode {
    if let Some(path) = env::var_os(STORM_VARIABLE) {
        thread::spawn(move || wait_for(Path::new(&path)));
    }
    framehouse_server::run(ExtendedArena(add_storm))
}

fn wait_for(path: &Path) {
    let read = || fs::read_to_string(path).ok()?.trim().parse().ok();
    let results = loop {
        match read() {
            Some(results) => break results,
            None => thread::sleep(LOOK_INTERVAL),
        }
    };
    ORDERED.store(results, Ordering::Relaxed);
}

fn add_storm(app: &mut App) {
    app.add_systems(FixedUpdate, submit_due.after(TickSet::Leaderboard).before(TickSet::Cleanup));
}

/// Submits the results of this tick. They are spread over a second.
fn submit_due(store: Option<ResMut<ResultStore>>, rate: Res<TickRate>, now: Res<Now>, mut submitted: Local<u32>) {
    let ordered = ORDERED.load(Ordering::Relaxed);
    let Some(mut store) = store.filter(|_| *submitted < ordered) else { return };
    let due = ordered.min(*submitted + ordered.div_ceil(u32::from(rate.0)));
    for number in *submitted..due {
        // One that is lost is missed on the leaderboard.
        store.submit(result(number, now.unix().as_secs()));
    }
    *submitted = due;
}

/// Every player has played one match.
fn result(number: u32, ended_unix: u64) -> MatchResult {
    let mut rng = SimRng::new(number.into());
    let seats: Vec<Seat> = (0..MATCH_PLAYERS)
        .map(|seat| number * MATCH_PLAYERS + seat)
        .map(|player| (player, if player == LAST_PLAYER { -1 } else { points(&mut rng) }))
        .collect();
    played(number, MAP, ended_unix, &seats)
}

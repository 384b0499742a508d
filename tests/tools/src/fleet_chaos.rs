//! Chaos test of a fleet: Redis, two gateways, a manager with three nodes, and players that play through the gateways. By
//! seed, nodes, gateways, the manager and Redis are killed, also during deploys, and players lose their connections.
//!
//! What must hold: whoever was told that a result is saved finds it, once; no room code leads to two rooms; no player has two
//! seats; everybody is back in play soon after a kill, and in the same seat if the node was not killed; and when the nodes are
//! gone, nothing of them is left in Redis.
//!
//! ```text
//! player.rs   a player: joins, plays, comes back
//! book.rs     what all players saw
//! ```

pub(crate) mod book;
pub(crate) mod player;

use std::{
    ffi::OsString,
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_client::complain;
use framehouse_shared::rng::SimRng;

use crate::{
    crash::{compare::compare, game::make_short_matches},
    fleet::Fleet,
    load::process::Scratch,
};
use book::Book;

/// Longest time until everybody plays at the beginning.
const BEGIN_TIME_MAX: Duration = Duration::from_secs(60);
/// Longest time until a player is back in play. Time in which Redis is away does not count.
const BACK_TIME_MAX: Duration = Duration::from_secs(15);
/// Shortest and longest time between two kills, in milliseconds.
const KILL_PAUSES_MS: (u32, u32) = (4_000, 12_000);
/// Shortest and longest time for which Redis is away, in milliseconds.
const REDIS_AWAY_MS: (u32, u32) = (500, 35_000);
/// Time for which the first player's connection lasts, and what that of each further one lasts longer.
const SESSION_TIME: (Duration, Duration) = (Duration::from_secs(15), Duration::from_millis(700));
/// Time after a kill, and after the begin of a deploy, in which seats are gone because their nodes are.
const KILL_TIME: Duration = Duration::from_secs(12);
const DEPLOY_TIME: Duration = Duration::from_secs(90);
/// Seconds for which a new build is on trial.
const TRIAL_S: u32 = 5;
/// Time from the last kill until nodes are stopped: their keys are swept by those that live.
const LAST_SWEEP_TIME: Duration = Duration::from_secs(5);
/// Longest time until the keys of dead nodes are gone.
const SWEEP_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest time until the nodes have stopped.
const STOP_TIME_MAX: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Rooms with short pauses between matches. A lost seat is kept for a short time, so that a room goes on without it.
pub(crate) const SETTINGS: &str = "[rooms]\nsize = 2\nlobby_s = 0.0\ncountdown_s = 0.5\nresults_s = 0.5\n\
                                   grace_s = 5.0\n[net]\nconnection_timeout_s = 3\n";
/// The length of a match, in ticks at 30 ticks a second.
const MATCH_TICKS: u32 = 300;

/// Parameters of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Minutes of play.
    pub minutes: u32,
    /// Seed of the kills. Real time varies, so the same seed gives similar runs, not identical ones.
    pub seed: u64,
    /// Number of players.
    pub players: u32,
}

/// What a run has seen.
#[derive(Clone, Debug, Default)]
pub struct ChaosReport {
    kills: Vec<(&'static str, u32)>,
    results: usize,
    told: usize,
    times_back: usize,
    longest_back: Duration,
}

impl fmt::Display for ChaosReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: Vec<String> = self.kills.iter().map(|(what, count)| format!("{count} {what}")).collect();
        write!(
            f,
            "killed: {}; players came back {} times, the slowest after {:.1} s; {} results, {} of them told, each is there \
             once; no code, no seat twice; no key left",
            kills.join(", "),
            self.times_back,
            self.longest_back.as_secs_f64(),
            self.results,
            self.told
        )
    }
}

/// What is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Node(u32),
    Gateway(usize),
    Manager,
    Redis {
        away_ms: u32,
    },
    /// Nobody at first: a deploy begins, and the next victims are killed while it runs.
    Build,
}

impl Victim {
    fn draw(rng: &mut SimRng, nodes: &[u32]) -> Self {
        let (shortest, longest) = REDIS_AWAY_MS;
        match rng.below(9) {
            0..=3 if !nodes.is_empty() => Self::Node(nodes[rng.below(nodes.len() as u32) as usize]),
            0..=5 => Self::Gateway(rng.below(2) as usize),
            6 => Self::Manager,
            7 => Self::Build,
            _ => Self::Redis { away_ms: shortest + rng.below(longest - shortest) },
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Node(_) => "nodes",
            Self::Gateway(_) => "gateways",
            Self::Manager => "managers",
            Self::Redis { .. } => "times Redis",
            Self::Build => "builds replaced",
        }
    }
}

/// Plays and kills. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, when a promise was broken or the test could not be completed. The folder of the fleet is kept then.
pub fn run(plan: &Plan, stop: &AtomicBool) -> Result<ChaosReport, String> {
    let folder = Scratch::new("fleet-chaos")?;
    let ran = run_in(folder.path(), plan, stop);
    ran.map_err(|sentence| format!("{sentence} (seed {}; the folder is kept: {})", plan.seed, folder.keep().display()))
}

fn run_in(folder: &Path, plan: &Plan, stop: &AtomicBool) -> Result<ChaosReport, String> {
    let game = make_short_matches(folder, MATCH_TICKS)?;
    // With one lane a node has one address, by which the book tells nodes apart.
    let flags = ["--lanes", "1", "--tick-rate", "60", "--drain-limit", "0", "--game-dir"].map(OsString::from);
    let flags = flags.into_iter().chain([game.into()]).collect();
    let mut fleet = Fleet::start_on_trial(folder, SETTINGS, flags, TRIAL_S)?;
    let (book, is_over) = (Arc::new(Book::new(plan.players)), Arc::new(AtomicBool::new(false)));
    let players: Vec<_> = (0..plan.players)
        .map(|number| {
            let (book, is_over, gateways) = (Arc::clone(&book), Arc::clone(&is_over), fleet.gateways());
            thread::spawn(move || player::play(number, &gateways, &book, Some(session_time(number)), &is_over))
        })
        .collect();
    let killed = kill_for_a_while(&mut fleet, plan, &book, stop).and_then(|kills| {
        count_seats(&fleet, plan.players)?;
        Ok(kills)
    });
    is_over.store(true, Relaxed);
    players.into_iter().try_for_each(|player| player.join().map_err(|_| "a player panicked".to_owned()))?;
    let mut report = ChaosReport { kills: killed?, ..Default::default() };
    (report.times_back, report.longest_back) = book.comebacks();
    fleet.stop_nodes(STOP_TIME_MAX)?;
    let found = compare(&fleet.results()?, &book.told())?;
    (report.results, report.told) = (found.in_file, found.acknowledged);
    let end = Instant::now() + SWEEP_TIME_MAX;
    loop {
        match fleet.keys_of_nodes()? {
            keys if keys.is_empty() => return Ok(report),
            keys if Instant::now() > end => return Err(format!("{} keys are left in Redis: {keys:?}", keys.len())),
            _ => thread::sleep(LOOK_INTERVAL),
        }
    }
}

fn session_time(player: u32) -> Duration {
    SESSION_TIME.0 + SESSION_TIME.1 * (player % 20)
}

fn kill_for_a_while(
    fleet: &mut Fleet,
    plan: &Plan,
    book: &Book,
    stop: &AtomicBool,
) -> Result<Vec<(&'static str, u32)>, String> {
    let (mut rng, mut kills) = (SimRng::new(plan.seed), Vec::<(&'static str, u32)>::new());
    watch(book, stop, BEGIN_TIME_MAX, |book| book.all_play())?;
    if !book.all_play() {
        return Err("not everybody plays after a minute".to_owned());
    }
    book.begin();
    let end = Instant::now() + Duration::from_secs(60) * plan.minutes;
    while Instant::now() < end {
        let (shortest, longest) = KILL_PAUSES_MS;
        let pause = Duration::from_millis((shortest + rng.below(longest - shortest)).into());
        watch(book, stop, pause, |_| false)?;
        let victim = Victim::draw(&mut rng, &fleet.running());
        complain!("killing {victim:?}");
        match victim {
            Victim::Node(number) => {
                book.note_nodes_end(KILL_TIME);
                fleet.kill_node(number);
            }
            Victim::Build => {
                book.note_nodes_end(DEPLOY_TIME);
                fleet.begin_deploy()?;
            }
            Victim::Gateway(index) => fleet.restart_gateway(index)?,
            Victim::Manager => fleet.restart_manager()?,
            Victim::Redis { away_ms } => {
                book.set_redis_away(true);
                fleet.redis.kill()?;
                watch(book, stop, Duration::from_millis(away_ms.into()), |_| false)?;
                fleet.redis.start_again()?;
                book.set_redis_away(false);
            }
        }
        match kills.iter_mut().find(|(name, _)| *name == victim.name()) {
            Some((_, count)) => *count += 1,
            None => kills.push((victim.name(), 1)),
        }
    }
    watch(book, stop, LAST_SWEEP_TIME, |_| false)?;
    watch(book, stop, BACK_TIME_MAX, |book| book.all_play())?;
    if book.all_play() { Ok(kills) } else { Err("not everybody plays after the last kill".to_owned()) }
}

/// Waits until the fleet counts each player once: the seats that were lost in the last kill are gone by then.
fn count_seats(fleet: &Fleet, players: u32) -> Result<(), String> {
    let end = Instant::now() + BACK_TIME_MAX;
    loop {
        match fleet.players_counted()? {
            counted if counted == u64::from(players) => return Ok(()),
            counted if Instant::now() > end => {
                return Err(format!("the fleet counts {counted} seats of {players} players"));
            }
            _ => thread::sleep(LOOK_INTERVAL),
        }
    }
}

/// Waits, and looks whether a promise was broken.
fn watch(book: &Book, stop: &AtomicBool, time: Duration, is_done: impl Fn(&Book) -> bool) -> Result<(), String> {
    let end = Instant::now() + time;
    while Instant::now() < end && !is_done(book) {
        if stop.load(Relaxed) {
            return Err("stopped before it was done".to_owned());
        }
        book.check(BACK_TIME_MAX)?;
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

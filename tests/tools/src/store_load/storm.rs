//! Scenario `storm`: thousands of results in a second to an empty leaderboard, while everybody asks for it.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_harness::postgres::Postgres;
use framehouse_shared::{
    api::{BoardQuery, Leaderboard, board},
    rng::SimRng,
};

use super::{
    args::{Args, StormArgs},
    asker::{Answers, agent, ask_steadily},
    plausible::account,
    store_settings,
    storm_server::{LAST_PLAYER, MAP, MATCH_PLAYERS, STORM_FILE},
};
use crate::{
    bursts::{
        player::Group,
        report::Report,
        scene::{RoomPlan, Scene},
        timeline::{Timeline, quantiles},
    },
    load::{
        process::{Scratch, ServerProcess},
        program::storm_server_program,
    },
};

/// Players in each room.
const ROOM_PLAYERS: u32 = 4;
/// Time of play before the measurement.
const WARM_TIME: Duration = Duration::from_secs(5);
/// The most time until an entry is visible, by the condition, and for which it is waited for.
const VISIBLE_TIME_MAX: Duration = Duration::from_secs(10);
const WAIT_TIME_MAX: Duration = Duration::from_secs(120);
/// Interval of looks for the last entry.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// Time for which everybody asks on when all is visible.
const CALMING_TIME: Duration = Duration::from_secs(2);
/// The most time for 99 of 100 answers, in milliseconds.
const ANSWER_P99_MAX_MS: f64 = 50.0;

/// What was seen of a storm.
struct Storm {
    answers: Answers,
    /// Time from the storm's beginning until the last result was visible.
    visible_after: Duration,
    /// Entries of the leaderboard.
    entries: u64,
}

pub(super) fn run(storm: &StormArgs, args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let program = args.server.clone().map_or_else(storm_server_program, Ok)?;
    let postgres = args.postgres.then(Postgres::start).transpose()?;
    // These matches have no replays.
    let settings = store_settings(postgres.as_ref(), "boards_unproven = true\n");
    let start = |folder: &Path, settings: &str| ServerProcess::start_program(&program, folder, settings, &[]);
    let folder = Scratch::new("store-storm")?;
    let scene = Scene::open_with(folder, ROOM_PLAYERS * storm.rooms, &settings, stop, start)?;
    let rooms: Vec<_> = RoomPlan::many(storm.rooms, ROOM_PLAYERS as usize, Group::Bystander).collect();
    scene.play(&rooms)?;
    scene.pause(WARM_TIME)?;
    let calm = Duration::from_secs(storm.calm.into());
    let mut timeline = Timeline::new(&scene);
    timeline.begin("before")?;
    scene.pause(calm)?;
    timeline.begin("storm")?;
    let seen_storm = weather(&scene, storm)?;
    timeline.begin("after")?;
    scene.pause(calm)?;
    let pages = timeline.end()?;
    let (seen, log) = scene.close()?;
    let windows = pages.windows(&seen, &[("bystander", &[Group::Bystander])]);
    let mut report = Report::new("storm", windows, log, &seen);
    report.check_ticks("storm", "before");
    report.check_nobody_is_lost(&seen, &[Group::Bystander]);
    report.note_frames("bystander", "storm", "before");
    judge(&mut report, storm, &seen_storm);
    Ok(report)
}

/// Begins the storm, and lets everybody ask until all is visible.
fn weather(scene: &Scene, storm: &StormArgs) -> Result<Storm, String> {
    let (is_over, url) = (AtomicBool::new(false), scene.server.url());
    let (answers, waited) = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let path = |number| question(number, storm.results * MATCH_PLAYERS);
            ask_steadily(url, storm.requests_per_s, |_| is_over.load(Ordering::Relaxed), path)
        });
        let waited = begin(scene, storm).and_then(|began| wait_for_last(scene, storm, began));
        is_over.store(true, Ordering::Relaxed);
        (asking.join(), waited)
    });
    let answers = answers.map_err(|_| "the thread that asks panicked".to_owned())??;
    let visible_after = waited?;
    let last = around(url, LAST_PLAYER)?.ok_or("the last player is not on the leaderboard")?;
    let rank = last.entries.iter().find(|entry| entry.player == account(LAST_PLAYER)).map_or(0, |entry| entry.rank);
    Ok(Storm { answers, visible_after, entries: rank })
}

fn begin(scene: &Scene, storm: &StormArgs) -> Result<Instant, String> {
    let file = scene.folder().join(STORM_FILE);
    // Complete from the first moment on.
    let written = fs::write(file.with_extension("new"), storm.results.to_string());
    written
        .and_then(|()| fs::rename(file.with_extension("new"), &file))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(Instant::now())
}

/// Waits until the last result is visible. Returns the time since the beginning.
fn wait_for_last(scene: &Scene, storm: &StormArgs, began: Instant) -> Result<Duration, String> {
    while around(scene.server.url(), storm.results * MATCH_PLAYERS - 1)?.is_none() {
        if began.elapsed() > WAIT_TIME_MAX {
            return Err(format!("the last entry was not visible after {} s", WAIT_TIME_MAX.as_secs()));
        }
        scene.pause(LOOK_INTERVAL)?;
    }
    let visible_after = began.elapsed();
    scene.pause(CALMING_TIME)?;
    Ok(visible_after)
}

/// The leaderboard of the storm around a player. `None` if it is not there.
fn around(url: &str, player: u32) -> Result<Option<Leaderboard>, String> {
    let query = BoardQuery { limit: Some(1), around: Some(account(player)), ..BoardQuery::default() };
    let failed = |error: ureq::Error| format!("the server does not answer: {error}");
    let mut answer = agent().get(format!("{url}{}", query.path(&board_name()))).call().map_err(failed)?;
    match answer.status().as_u16() {
        200 => answer.body_mut().read_json().map(Some).map_err(failed),
        404 => Ok(None),
        status => Err(format!("the leaderboard answers with the status {status}")),
    }
}

fn board_name() -> String {
    format!("{}{MAP}", board::MAP)
}

/// Half of the questions are for the beginning of a leaderboard, half for the entries around a player.
fn question(number: u64, players: u32) -> String {
    let mut rng = SimRng::new(number);
    let boards = [board::ALL.to_owned(), board::DAY.to_owned(), board::WEEK.to_owned(), board_name()];
    let name = &boards[rng.below(4) as usize];
    let around = rng.one_in(2).then(|| account(rng.below(players)));
    BoardQuery { limit: Some(10 + 45 * rng.below(3)), around, ..BoardQuery::default() }.path(name)
}

fn judge(report: &mut Report, storm: &StormArgs, seen: &Storm) {
    let Storm { answers, visible_after, entries } = seen;
    let (times, expected) = (quantiles(&answers.tenth_ms), u64::from(storm.results * MATCH_PLAYERS));
    report.number("answers", answers.tenth_ms.count() as f64);
    report.number("not_there_yet", answers.missing as f64);
    report.number("last_entry_visible_after_s", visible_after.as_secs_f64());
    report.number("entries", *entries as f64);
    report.spreads_ms.insert("answers".to_owned(), times);
    report.check(times.p99 <= ANSWER_P99_MAX_MS, || format!("one answer in a hundred took {:.1} ms", times.p99));
    report.check(answers.failed.count() == 0, || {
        format!("{} questions failed: {:?}", answers.failed.count(), answers.failed.messages().first())
    });
    report.check(*visible_after <= VISIBLE_TIME_MAX, || {
        format!("the last entry was visible after {:.1} s", visible_after.as_secs_f64())
    });
    report.check(*entries == expected, || format!("the leaderboard has {entries} entries, not {expected}"));
}

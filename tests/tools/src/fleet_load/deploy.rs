//! Scenario `deploy`: all nodes get another build while everybody plays.

use std::{
    ffi::OsString,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use super::DeployArgs;
use crate::{
    bursts::report::Report,
    crash::{compare::compare, game::make_short_matches},
    fleet::Fleet,
    fleet_chaos::{book::Book, player},
    load::{process::Scratch, program::server_program},
};

/// Players of a room.
const ROOM_PLAYERS: u32 = 2;
/// The length of a match, in ticks at 30 ticks a second.
const MATCH_TICKS: u32 = 300;
/// Longest time until everybody plays, at the beginning and again after the deploy.
const PLAY_TIME_MAX: Duration = Duration::from_secs(120);
/// Longest time until the old nodes have ended after the deploy.
const END_TIME_MAX: Duration = Duration::from_secs(180);
const STOP_TIME_MAX: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn run(args: &DeployArgs, stop: &AtomicBool) -> Result<Report, String> {
    let folder = Scratch::new("fleet-load")?;
    let ran = run_in(folder.path(), args, stop);
    ran.map_err(|sentence| format!("{sentence} (the folder is kept: {})", folder.keep().display()))
}

fn run_in(folder: &Path, args: &DeployArgs, stop: &AtomicBool) -> Result<Report, String> {
    let game = make_short_matches(folder, MATCH_TICKS)?;
    let settings =
        format!("[rooms]\nsize = {ROOM_PLAYERS}\nlobby_s = 0.0\ncountdown_s = 0.5\nresults_s = 0.5\nload_max = 1.0\n",);
    let flags =
        ["--lanes", "1", "--drain-limit", "60", "--game-dir"].map(OsString::from).into_iter().chain([game.into()]);
    let mut fleet = Fleet::start_on_trial(folder, &settings, flags.collect(), args.trial)?;
    let players = args.rooms * ROOM_PLAYERS;
    let (book, is_over) = (Arc::new(Book::new(players)), Arc::new(AtomicBool::new(false)));
    let threads: Vec<_> = (0..players)
        .map(|number| {
            let (book, is_over, gateways) = (Arc::clone(&book), Arc::clone(&is_over), fleet.gateways());
            thread::spawn(move || player::play(number, &gateways, &book, None, &is_over))
        })
        .collect();
    let deployed = deploy(&fleet, folder, &book, stop);
    is_over.store(true, Relaxed);
    threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a player panicked".to_owned()))?;
    let took = deployed?;
    fleet.stop_nodes(STOP_TIME_MAX)?;
    let found = compare(&fleet.results()?, &book.told());
    let (cut, (moved, longest)) = (book.cut(), book.comebacks());
    let mut report = Report { scenario: "deploy", ..Report::default() };
    report.number("rooms", args.rooms.into());
    report.number("deployed_after_s", took.as_secs_f64());
    report.number("matches_cut", cut.len() as f64);
    report.number("players_moved", moved as f64);
    report.number("longest_move_s", longest.as_secs_f64());
    report.check(cut.is_empty(), || format!("{} players lost a match, the first: {}", cut.len(), cut[0]));
    match found {
        Ok(found) => {
            report.number("results", found.in_file as f64);
            report.number("results_told", found.acknowledged as f64);
        }
        Err(sentence) => report.failures.push(sentence),
    }
    Ok(report)
}

/// Deploys while everybody plays, and waits until the old nodes have ended and everybody plays again. Returns how long the
/// deploy took.
fn deploy(fleet: &Fleet, folder: &Path, book: &Book, stop: &AtomicBool) -> Result<Duration, String> {
    wait(stop, PLAY_TIME_MAX, "not everybody plays", || book.all_play())?;
    book.begin();
    let old = fleet.pids();
    let new = folder.join("framehouse-server-new");
    let copied = server_program().and_then(|program| fs::copy(program, &new).map_err(|error| error.to_string()));
    copied.map_err(|error| format!("cannot copy the program: {error}"))?;
    let began = Instant::now();
    fleet.order(&["deploy", "framehouse-server-new"])?;
    let ended = || fleet.pids().iter().all(|pid| !old.contains(pid));
    wait(stop, END_TIME_MAX, "old nodes still run", ended)?;
    let took = began.elapsed();
    wait(stop, PLAY_TIME_MAX, "not everybody plays after the deploy", || book.all_play())?;
    Ok(took)
}

fn wait(stop: &AtomicBool, time_max: Duration, failure: &str, is_done: impl Fn() -> bool) -> Result<(), String> {
    let end = Instant::now() + time_max;
    while !is_done() {
        if stop.load(Relaxed) {
            return Err("stopped before it was done".to_owned());
        }
        if Instant::now() > end {
            return Err(format!("{failure} after {} s", time_max.as_secs()));
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

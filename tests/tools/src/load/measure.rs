//! The course of a measurement.

use std::time::Duration;

use framehouse_shared::api::Status;

use super::{
    Crews,
    args::Args,
    process::ServerProcess,
    report::{Memory, Together},
    shared::{Course, Order},
};
use crate::allocations::Totals;

/// The most time until all clients play.
const GATHER_TIME_MAX: Duration = Duration::from_secs(120);
/// Time of play before the measurement, in which clocks settle and histories fill.
const WARM_TIME: Duration = Duration::from_secs(5);
/// The most time for the last game messages.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// Interval of checks.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Age of a status page, at most, and some.
const PAGE_TIME: Duration = Duration::from_millis(700);
/// Time for an announcement.
const ANNOUNCE_TIME: Duration = Duration::from_secs(2);

/// Pages that operators and their tools load.
const WATCHED_PAGES: [&str; 4] = ["/metrics", "/v1/status", "/v1/rooms", "/healthz"];
/// Interval of loading them.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Two readings of the status page.
pub(super) struct Span {
    pub before: Status,
    pub after: Status,
}

/// Readings of a measurement.
pub(super) struct Measured {
    pub span: Span,
    pub memory: Memory,
    /// Share of the measured time, 0 to 1, in which the tick thread ran.
    pub tick_thread_share: f64,
    /// In the measured time, if they were counted.
    pub allocations: Option<Totals>,
    pub together: Option<Together>,
    /// While an announcement was on its way.
    pub announced: Option<Span>,
    /// While an operator watched: the second half of the measured time.
    pub watched: Option<Span>,
    /// While further clients came and went.
    pub visited: Option<Visited>,
}

/// Readings of a time in which further clients came and went, and how long they came.
pub(super) struct Visited {
    pub span: Span,
    pub time: Duration,
}

pub(super) fn measure(args: &Args, server: &ServerProcess, crews: &Crews) -> Result<Measured, String> {
    let go_to = |course| crews.shared.order(Order::Go(course));
    server.status()?;
    let idle_kb = server.rss_kb()?;
    let together = gather(args, server, crews)?;
    go_to(Course::Warm);
    crews.shared.pause(WARM_TIME)?;
    let before = server.status()?;
    let (ran_before, began) = (server.tick_thread_ran(), crews.shared.elapsed());
    let allocated_before = args.allocations.then(|| server.allocations()).transpose()?;
    go_to(Course::Measure);
    let (mut announced, mut watched) = (None, None);
    match (args.announce, args.watched) {
        (true, _) => announced = Some(announce(args, server, crews)?),
        (_, true) => watched = Some(play_watched(args, server, crews)?),
        _ => crews.shared.pause(time_of(args))?,
    }
    let after = server.status()?;
    let ran = server.tick_thread_ran().saturating_sub(ran_before);
    let tick_thread_share = ran.as_secs_f64() / (crews.shared.elapsed() - began).as_secs_f64();
    let allocations = match allocated_before {
        Some(before) => Some(server.allocations()?.since(&before)),
        None => None,
    };
    let memory = Memory { idle_kb, loaded_kb: server.rss_kb()? };
    let visited = visit(args, server, crews)?;
    go_to(Course::Drain);
    crews.shared.pause(DRAIN_TIME)?;
    let span = Span { before, after };
    Ok(Measured { span, memory, tick_thread_share, allocations, together, announced, watched, visited })
}

/// Waits until all rooms play. With `--together` they wait for each other in their lobbies.
fn gather(args: &Args, server: &ServerProcess, crews: &Crews) -> Result<Option<Together>, String> {
    let rooms = args.all_rooms() as usize;
    if !args.together {
        crews.shared.order(Order::Go(Course::Play));
        wait_for_rooms(args, server, crews, |status| status.rooms_by_phase.playing >= rooms)?;
        return Ok(None);
    }
    crews.shared.order(Order::Go(Course::Gather));
    wait_for_rooms(args, server, crews, |status| status.players >= args.clients() as usize)?;
    // The shortest stay in a lobby is over, and the page is not older than the last arrival.
    crews.shared.pause(WARM_TIME)?;
    let before = server.status()?;
    let began = crews.shared.elapsed();
    crews.shared.order(Order::Go(Course::Play));
    wait_for_rooms(args, server, crews, |status| status.rooms_by_phase.playing >= rooms)?;
    let all_play_after = crews.shared.elapsed() - began;
    crews.shared.pause(PAGE_TIME)?;
    Ok(Some(Together { span: Span { before, after: server.status()? }, all_play_after }))
}

fn wait_for_rooms(
    args: &Args,
    server: &ServerProcess,
    crews: &Crews,
    is_enough: impl Fn(&Status) -> bool,
) -> Result<(), String> {
    let late = crews.shared.elapsed() + GATHER_TIME_MAX;
    loop {
        let status = server.status()?;
        if is_enough(&status) {
            return Ok(());
        }
        if let Some(sentence) = crews.take_progress().failed.messages().first() {
            return Err(format!("not all clients got a seat: {sentence}"));
        }
        if crews.shared.elapsed() > late {
            let (playing, all) = (status.rooms_by_phase.playing, args.all_rooms());
            return Err(format!("after two minutes only {playing} of {all} rooms played"));
        }
        crews.shared.pause(LOOK_INTERVAL)?;
    }
}

fn time_of(args: &Args) -> Duration {
    Duration::from_secs(args.seconds.into())
}

/// Waits for the measured time. A message goes to everybody in the middle of it.
fn announce(args: &Args, server: &ServerProcess, crews: &Crews) -> Result<Span, String> {
    let time = time_of(args);
    crews.shared.pause(time / 2)?;
    let before = server.status()?;
    crews.shared.order(Order::Announce);
    let announce_time = ANNOUNCE_TIME.min(time / 2);
    crews.shared.pause(announce_time)?;
    let after = server.status()?;
    crews.shared.pause(time / 2 - announce_time)?;
    Ok(Span { before, after })
}

/// Waits for the measured time. In its second half the pages of an operator are loaded once a second.
fn play_watched(args: &Args, server: &ServerProcess, crews: &Crews) -> Result<Span, String> {
    let half = time_of(args) / 2;
    crews.shared.pause(half)?;
    let before = server.status()?;
    let end = crews.shared.elapsed() + half;
    while crews.shared.elapsed() < end {
        WATCHED_PAGES.iter().try_for_each(|path| server.load(path).map(drop))?;
        crews.shared.pause(WATCH_INTERVAL.min(end.saturating_sub(crews.shared.elapsed())))?;
    }
    Ok(Span { before, after: server.status()? })
}

/// Lets further clients come and go, if they shall.
fn visit(args: &Args, server: &ServerProcess, crews: &Crews) -> Result<Option<Visited>, String> {
    if args.connects_per_s == 0 {
        return Ok(None);
    }
    let began = crews.shared.elapsed();
    crews.shared.order(Order::Go(Course::Visit));
    // The readings are taken when the visits have reached their pace, and before they end.
    crews.shared.pause(PAGE_TIME)?;
    let before = server.status()?;
    crews.shared.pause(time_of(args))?;
    let span = Span { before, after: server.status()? };
    Ok(Some(Visited { span, time: crews.shared.elapsed() - began }))
}

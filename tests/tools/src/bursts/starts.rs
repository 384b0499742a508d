//! Scenario `starts`: two hundred matches begin at once beside a hundred that run.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use super::{
    args::Size,
    crowd::Seen,
    player::{Diary, Group, Order},
    report::Report,
    scene::{RoomPlan, Scene},
    timeline::{Pages, Timeline},
};

/// Rooms of four that play on.
const BYSTANDING_ROOMS: u32 = 100;
/// Rooms of two that begin.
const STARTING_ROOMS: u32 = 200;
/// Time of play of the others before the measurement.
const WARM_TIME: Duration = Duration::from_secs(5);
/// Length of the calm windows, before and after the burst.
const CALM_TIME: Duration = Duration::from_secs(10);
/// From ready to shortly before tick 0. The countdown is longer, so that loading and playing are in different windows.
const LOADING_TIME: Duration = Duration::from_millis(2500);
/// The first ticks of all those matches.
const FIRST_TIME: Duration = Duration::from_secs(3);
/// Seconds from the end of loading to tick 0.
const COUNTDOWN_S: f64 = 4.0;

pub(super) fn run(size: Size, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let (bystanding, starting) = (size.of(BYSTANDING_ROOMS), size.of(STARTING_ROOMS));
    let settings = format!("[rooms]\ncountdown_s = {COUNTDOWN_S:.1}\n");
    let scene = Scene::open("starts", 4 * bystanding + 2 * starting, &settings, stop)?;
    scene.play(&RoomPlan::many(bystanding, 4, Group::Bystander).collect::<Vec<_>>())?;
    scene.seat(&RoomPlan::many(starting, 2, Group::Actor).collect::<Vec<_>>())?;
    scene.pause(WARM_TIME)?;
    let pages = measure(&scene)?;
    let (seen, log) = scene.close()?;
    Ok(judge(&pages, &seen, log))
}

fn measure(scene: &Scene) -> Result<Pages, String> {
    let mut timeline = Timeline::new(scene);
    timeline.begin("before")?;
    scene.pause(CALM_TIME)?;
    timeline.begin("loading")?;
    scene.crowd.order(Group::Actor, Order::Ready);
    scene.pause(LOADING_TIME)?;
    timeline.begin("first_ticks")?;
    scene.pause(FIRST_TIME)?;
    timeline.begin("after")?;
    scene.pause(CALM_TIME)?;
    timeline.end()
}

fn judge(pages: &Pages, seen: &Seen, log: Vec<String>) -> Report {
    let windows = pages.windows(seen, &[("bystander", &[Group::Bystander])]);
    let mut report = Report::new("starts", windows, log, seen);
    report.check_ticks("loading", "before");
    // More rooms play by then, so the calm window is the one after the burst.
    report.check_ticks("first_ticks", "after");
    report.check_nobody_is_lost(seen, &[Group::Bystander, Group::Actor]);
    report.note_frames("bystander", "loading", "before");
    report.note_frames("bystander", "first_ticks", "after");
    note_starts(&mut report, seen, f64::from(pages.tick_rate()));
    report
}

/// The range of their start ticks, and the time it took.
fn note_starts(report: &mut Report, seen: &Seen, tick_rate: f64) {
    let actors = || seen.of(Group::Actor);
    let ticks = |at: fn(&Diary) -> Option<Duration>| {
        let all = || actors().filter_map(at);
        all().max().zip(all().min()).map_or(0.0, |(last, first)| (last - first).as_secs_f64() * tick_rate)
    };
    report.number("ready_within_ticks", ticks(|diary| diary.obeyed_at));
    report.number("loading_within_ticks", ticks(|diary| diary.loading_at));
    report.number("playing_within_ticks", ticks(|diary| diary.playing_at));
    report.number("countdown_s", COUNTDOWN_S);
    report.spread("ready_to_loading", actors().filter_map(|diary| Some(diary.loading_at? - diary.obeyed_at?)));
    report.spread("ready_to_playing", actors().filter_map(|diary| Some(diary.playing_at? - diary.obeyed_at?)));
    let waiting = actors().filter(|diary| diary.playing_at.is_none()).count();
    report.check(waiting == 0, || format!("{waiting} clients do not play"));
}

//! Scenario `cleanup`: a thousand rooms end at once beside two hundred that play on.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use framehouse_shared::api::CleanupStatus;

use super::{
    args::Size,
    crowd::Seen,
    player::{Group, Order},
    report::Report,
    scene::{RoomPlan, Scene},
    timeline::{Pages, Timeline},
};
use crate::load::status::DurationHistogram;

/// Rooms of four that play on.
const BYSTANDING_ROOMS: u32 = 200;
/// Rooms of one that end: half are closed by their hosts, half are left.
const ENDING_ROOMS: u32 = 1000;
/// Time of play before the measurement, so that every room has a history, score frames and a leaderboard.
const HISTORY_TIME: Duration = Duration::from_secs(10);
/// Length of the calm windows, before and after the burst.
const CALM_TIME: Duration = Duration::from_secs(10);
/// Window in which the rooms end and no cleanup is due yet: a page and a half less than the delay.
const ENDING_TIME: Duration = Duration::from_millis(3500);
/// Settings of the cleanup: a sweep in every window, and the usual delay.
const SETTINGS: &str = "[cleanup]\ncleanup_delay_s = 5.0\nsweep_interval_s = 2.0\n[rooms]\ncountdown_s = 1.0\n";

pub(super) fn run(size: Size, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let clients = 4 * size.of(BYSTANDING_ROOMS) + size.of(ENDING_ROOMS);
    let scene = Scene::open("cleanup", clients, SETTINGS, stop)?;
    scene.play(&rooms(size))?;
    scene.pause(HISTORY_TIME)?;
    let pages = measure(&scene)?;
    let (seen, log) = scene.close()?;
    Ok(judge(&pages, &seen, log))
}

fn rooms(size: Size) -> Vec<RoomPlan> {
    let bystanding = RoomPlan::many(size.of(BYSTANDING_ROOMS), 4, Group::Bystander);
    let closing = RoomPlan::many(size.of(ENDING_ROOMS) / 2, 1, Group::Actor);
    let deserted = RoomPlan::many(size.of(ENDING_ROOMS) / 2, 1, Group::OtherActor);
    bystanding.chain(closing).chain(deserted).collect()
}

fn measure(scene: &Scene) -> Result<Pages, String> {
    let mut timeline = Timeline::new(scene);
    timeline.begin("before")?;
    scene.pause(CALM_TIME)?;
    timeline.begin("ending")?;
    scene.crowd.order(Group::Actor, Order::Close);
    scene.crowd.order(Group::OtherActor, Order::Leave);
    scene.pause(ENDING_TIME)?;
    timeline.begin("freeing")?;
    scene.wait_until("everything was freed", |status| status.cleanup.stats.active_cleanup_tasks == 0)?;
    timeline.begin("after")?;
    scene.pause(CALM_TIME)?;
    timeline.end()
}

fn judge(pages: &Pages, seen: &Seen, log: Vec<String>) -> Report {
    let windows = pages.windows(seen, &[("bystander", &[Group::Bystander])]);
    let mut report = Report::new("cleanup", windows, log, seen);
    report.check_ticks("ending", "before");
    // Fewer rooms play by then, so the calm window is the one after the burst.
    report.check_ticks("freeing", "after");
    report.check_nobody_is_lost(seen, &[Group::Bystander]);
    note_ends(&mut report, seen);
    report.note_frames("bystander", "ending", "before");
    report.note_frames("bystander", "freeing", "after");
    note_freeing(&mut report, &pages.first().cleanup, &pages.last().cleanup);
    report
}

fn note_ends(report: &mut Report, seen: &Seen) {
    let actors = || seen.of(Group::Actor).chain(seen.of(Group::OtherActor));
    report.spread("order_to_end", actors().filter_map(|diary| Some(diary.ended.as_ref()?.0 - diary.obeyed_at?)));
    let left = actors().filter(|diary| diary.ended.is_none()).count();
    report.check(left == 0, || format!("{left} clients of the rooms that ended are still there"));
}

fn note_freeing(report: &mut Report, before: &CleanupStatus, after: &CleanupStatus) {
    let per_tick = DurationHistogram::between(&before.us_per_tick, &after.us_per_tick).quantiles();
    report.number("freeing_us_p50", per_tick.p50 * 1000.0);
    report.number("freeing_us_p99", per_tick.p99 * 1000.0);
    report.number("freeing_us_max", per_tick.max * 1000.0);
    for window in ["freeing", "after"] {
        let us = report.window(window).and_then(|window| window.cpu_us_per_tick_by_stage.get("Cleanup").copied());
        report.number(&format!("{window}_stage_us"), us.unwrap_or(f64::NAN));
    }
    let (before, after) = (before.stats, after.stats);
    report.number("tasks_done", (after.done - before.done) as f64);
    report.number("tasks_forced", (after.forced - before.forced) as f64);
    report.check(after.failed == 0, || format!("{} cleanups failed", after.failed));
    report.check(after.orphans == 0, || format!("the sweep found {} things that nobody owns", after.orphans));
}

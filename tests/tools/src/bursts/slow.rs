//! Scenario `slow`: clients stop for a minute, as stopped processes, while their rooms play on and send game messages.

use std::{
    ops::RangeInclusive,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use super::{
    crowd::Seen,
    player::{Diary, Group, Order},
    report::Report,
    scene::{RoomPlan, Scene, WAIT_INTERVAL},
    timeline::{Pages, Timeline},
};

/// Rooms of four in which one client stops and one sends messages, and as many rooms of four without either.
const SLOW_ROOMS: u32 = 5;
const BYSTANDING_ROOMS: u32 = 5;
/// Game messages that each talking client sends in a second.
const MESSAGES_PER_S: u32 = 10;
/// Time of play before the measurement.
const WARM_TIME: Duration = Duration::from_secs(5);
/// Length of the calm window.
const CALM_TIME: Duration = Duration::from_secs(20);
/// Time for which the clients are stopped.
const STOPPED_TIME: Duration = Duration::from_secs(60);
/// The most time after which a resumed client notices that its session is over. Its socket was full, so the server's
/// goodbye is lost, and the client needs the time-out of ten seconds.
const FINDING_TIME: Duration = Duration::from_secs(13);
/// The most time until a silent client is shown as away: two seconds by default, checked four times a second.
const AWAY_TIME: RangeInclusive<Duration> = Duration::from_millis(1800)..=Duration::from_millis(3000);

pub(super) fn run(stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let scene = Scene::open("slow", 4 * (SLOW_ROOMS + BYSTANDING_ROOMS), "", stop)?;
    scene.play(&rooms())?;
    scene.crowd.order(Group::Talker, Order::Talk(MESSAGES_PER_S));
    scene.pause(WARM_TIME)?;
    let (pages, ended_after) = measure(&scene)?;
    let (seen, log) = scene.close()?;
    Ok(judge(&pages, ended_after, &seen, log))
}

fn rooms() -> Vec<RoomPlan> {
    let slow = [Group::Talker, Group::Mate, Group::Mate, Group::Actor];
    let bystanding = RoomPlan::many(BYSTANDING_ROOMS, 4, Group::Bystander);
    (0..SLOW_ROOMS).map(|_| RoomPlan::waiting(&slow)).chain(bystanding).collect()
}

/// Returns the pages, and the time until the stopped clients' sessions were over.
fn measure(scene: &Scene) -> Result<(Pages, Option<Duration>), String> {
    let mut timeline = Timeline::new(scene);
    timeline.begin("before")?;
    scene.pause(CALM_TIME)?;
    timeline.begin("stopped")?;
    scene.crowd.order(Group::Actor, Order::Stop);
    let ended_after = watch_sessions(scene)?;
    timeline.begin("after")?;
    scene.crowd.order(Group::Actor, Order::GoOn);
    // The last messages have to arrive.
    scene.crowd.order(Group::Talker, Order::Talk(0));
    scene.pause(FINDING_TIME)?;
    Ok((timeline.end()?, ended_after))
}

/// Waits while they are stopped.
fn watch_sessions(scene: &Scene) -> Result<Option<Duration>, String> {
    let (start, mut ended_after) = (scene.crowd.elapsed(), None);
    let passed = || scene.crowd.elapsed() - start;
    while passed() < STOPPED_TIME {
        if scene.server.status()?.sessions <= (3 * SLOW_ROOMS + 4 * BYSTANDING_ROOMS) as usize {
            ended_after.get_or_insert_with(passed);
        }
        scene.pause(WAIT_INTERVAL)?;
    }
    Ok(ended_after)
}

fn judge(pages: &Pages, ended_after: Option<Duration>, seen: &Seen, log: Vec<String>) -> Report {
    let mates = [Group::Mate, Group::Talker];
    let windows = pages.windows(seen, &[("mate", &mates), ("bystander", &[Group::Bystander])]);
    let mut report = Report::new("slow", windows, log, seen);
    report.check_ticks("stopped", "before");
    report.check_nobody_is_lost(seen, &[Group::Bystander, Group::Mate, Group::Talker]);
    report.note_frames("mate", "stopped", "before");
    report.note_frames("bystander", "stopped", "before");
    note_away(&mut report, seen);
    note_talk(&mut report, seen);
    note_ends(&mut report, seen, ended_after);
    report
}

/// All clients of a room have to see in time which of them are away.
fn note_away(report: &mut Report, seen: &Seen) {
    let mates = || seen.of(Group::Mate).chain(seen.of(Group::Talker));
    let sights = || mates().filter_map(|mate| away_after(stopped_in(seen, mate.room)?, mate));
    report.spread("stop_to_away", sights());
    let in_time = sights().filter(|after| AWAY_TIME.contains(after)).count();
    report.check(in_time == mates().count(), || {
        format!("only {in_time} of {} saw in time that somebody was away", mates().count())
    });
}

fn stopped_in(seen: &Seen, room: u32) -> Option<&Diary> {
    seen.of(Group::Actor).find(|actor| actor.room == room)
}

fn away_after(stopped: &Diary, mate: &Diary) -> Option<Duration> {
    let at = mate.away.iter().find(|(slot, _)| Some(*slot) == stopped.slot).map(|(_, at)| *at);
    Some(at? - stopped.stopped_at?)
}

/// All clients of a room have to receive all its messages.
fn note_talk(report: &mut Report, seen: &Seen) {
    let said: u64 = seen.of(Group::Talker).map(|talker| talker.said).sum();
    let heard = |group| seen.of(group).map(|diary| diary.heard).sum::<u64>();
    report.number("said", said as f64);
    let mates = heard(Group::Mate);
    report.check(heard(Group::Talker) == said && mates == 2 * said, || {
        format!("of {said} messages {} came back, and two mates each heard {mates} of them", heard(Group::Talker))
    });
}

/// The server ends the sessions of stopped clients, and they notice when they resume.
fn note_ends(report: &mut Report, seen: &Seen, ended_after: Option<Duration>) {
    report.number("stop_to_session_end_s", ended_after.map_or(f64::NAN, |after| after.as_secs_f64()));
    report.check(ended_after.is_some(), || "the sessions of those who stopped were not ended".to_owned());
    let unaware = seen.of(Group::Actor).filter(|actor| actor.ended.is_none()).count();
    report.check(unaware == 0, || format!("{unaware} of those who stopped do not know that their sessions are over"));
}

//! Scenario `joins`: five hundred clients join within a second beside a hundred rooms that play.

use std::{
    sync::{Arc, Mutex, atomic::AtomicBool},
    thread,
    time::Duration,
};

use framehouse_client::{
    connect::{ConnectError, RoomRequest},
    stats::ErrorLog,
};

use super::{
    args::Size,
    crowd::Seen,
    player::{Group, Player},
    report::Report,
    scene::{RoomPlan, Scene},
    timeline::{Pages, Timeline},
};
use crate::load::spawner::{ask, connect};

/// Rooms of four that play on.
const BYSTANDING_ROOMS: u32 = 100;
/// Clients that join by quick match.
const JOINERS: u32 = 500;
/// Time from the first request to the last.
const JOINING_TIME: Duration = Duration::from_secs(1);
/// The most requests in flight.
const THREADS: u32 = 100;
/// Time of play before the measurement.
const WARM_TIME: Duration = Duration::from_secs(5);
/// Length of the calm windows, before and after the burst.
const CALM_TIME: Duration = Duration::from_secs(10);
/// Time until the last joiner plays: a second for the welcome, and three until its match begins.
const STARTING_TIME: Duration = Duration::from_secs(4);

/// The outcomes of the requests.
#[derive(Default)]
struct Answers {
    asked: u64,
    /// Refused, with a reason.
    refused: ErrorLog,
    /// Without a valid answer.
    failed: ErrorLog,
}

pub(super) fn run(size: Size, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let (bystanding, joiners) = (size.of(BYSTANDING_ROOMS), size.of(JOINERS));
    let scene = Scene::open("joins", 4 * bystanding + joiners, "", stop)?;
    scene.play(&RoomPlan::many(bystanding, 4, Group::Bystander).collect::<Vec<_>>())?;
    scene.pause(WARM_TIME)?;
    let (pages, answers) = measure(&scene, joiners)?;
    let (seen, log) = scene.close()?;
    Ok(judge(&pages, &seen, &answers, log))
}

fn measure(scene: &Scene, joiners: u32) -> Result<(Pages, Answers), String> {
    let mut timeline = Timeline::new(scene);
    timeline.begin("before")?;
    scene.pause(CALM_TIME)?;
    timeline.begin("joining")?;
    let answers = join_all(scene, joiners);
    timeline.begin("starting")?;
    scene.pause(STARTING_TIME)?;
    timeline.begin("after")?;
    scene.pause(CALM_TIME)?;
    Ok((timeline.end()?, answers))
}

/// Sends the requests, evenly spread over the time.
fn join_all(scene: &Scene, joiners: u32) -> Answers {
    let (start, answers) = (scene.crowd.elapsed(), Mutex::<Answers>::default());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let answers = &answers;
            scope.spawn(move || {
                for joiner in (thread..joiners).step_by(THREADS as usize) {
                    thread::sleep((start + JOINING_TIME * joiner / joiners).saturating_sub(scene.crowd.elapsed()));
                    join(scene, joiner, answers);
                }
            });
        }
    });
    answers.into_inner().expect("nothing panics while holding this lock")
}

fn join(scene: &Scene, joiner: u32, answers: &Mutex<Answers>) {
    let asked_at = scene.crowd.elapsed();
    let granted = ask(scene.server.url(), format!("joiner {joiner}"), RoomRequest::Quick {}, &scene.thin);
    let joined = granted.map(|grant| connect(&grant, &scene.thin, scene.crowd.elapsed()));
    let mut answers = answers.lock().expect("nothing panics while holding this lock");
    answers.asked += 1;
    match joined {
        Ok(Ok(client)) => scene.crowd.add(Player::new(client, Group::Actor, joiner, asked_at), joiner),
        Ok(Err(sentence)) => answers.failed.note(sentence),
        Err(ConnectError::Refused { message, .. }) => answers.refused.note(message),
        Err(error) => answers.failed.note(error.to_string()),
    }
}

fn judge(pages: &Pages, seen: &Seen, answers: &Answers, log: Vec<String>) -> Report {
    let windows = pages.windows(seen, &[("bystander", &[Group::Bystander])]);
    let mut report = Report::new("joins", windows, log, seen);
    // More rooms play by then, so the calm window is the one after the burst.
    report.check_ticks("joining", "before");
    report.check_ticks("starting", "after");
    report.check_nobody_is_lost(seen, &[Group::Bystander, Group::Actor]);
    report.note_frames("bystander", "joining", "before");
    note_answers(&mut report, seen, answers);
    report
}

fn note_answers(report: &mut Report, seen: &Seen, answers: &Answers) {
    let welcomed = || seen.of(Group::Actor).filter_map(|diary| Some(diary.welcomed_at? - diary.asked_at));
    let (seated, refused) = (welcomed().count() as u64, answers.refused.count());
    report.spread("request_to_welcome", welcomed());
    let asked_at = || seen.of(Group::Actor).map(|diary| diary.asked_at);
    let asking = asked_at().max().zip(asked_at().min()).map_or(0.0, |(last, first)| (last - first).as_secs_f64());
    report.number("asking_s", asking);
    report.number("seated", seated as f64);
    report.number("refused", refused as f64);
    let reasons = answers.refused.messages().iter().chain(answers.failed.messages());
    let reasons: Vec<&String> = reasons.collect();
    report.check(seated + refused == answers.asked, || {
        format!("of {} clients {seated} have a seat, and {refused} were told why not: {reasons:?}", answers.asked)
    });
}

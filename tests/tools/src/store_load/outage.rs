//! Scenario `outage`: rooms play match after match, while the database is stopped or the disk is full for some time. Then
//! every result that a client was told is saved has to be in the database, once.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use framehouse_harness::postgres::Postgres;
use framehouse_shared::{
    api::{AlertStatus, Status},
    ids::MatchId,
};

use super::{
    args::{Args, OutageArgs},
    small_disk::SmallDisk,
    store_settings,
};
use crate::{
    bursts::{
        crowd::Seen,
        player::{Group, Order},
        report::Report,
        scene::{RoomPlan, Scene, WAIT_INTERVAL},
        timeline::{Pages, Timeline},
    },
    crash::{compare::Found, game::make_short_matches, stored::check_stored},
    load::{
        process::{Scratch, ServerProcess},
        program::server_program,
    },
};

/// Players in each room.
const ROOM_PLAYERS: u32 = 4;
/// Time of play before the measurement.
const WARM_TIME: Duration = Duration::from_secs(5);
/// The most time from the end of the outage until everything is stored and no alert fires: the longest pause between two
/// attempts is 30 s.
const RECOVERY_TIME_MAX: Duration = Duration::from_secs(120);
/// Beginnings of the names of alerts about results and the database.
const ALERTS: [&str; 2] = ["store_", "result"];
/// Name of the data folder in a server's folder.
const DATA: &str = "data";

/// What is taken away.
enum Taken {
    Postgres(Postgres),
    Disk(SmallDisk),
}

impl Taken {
    fn take(&mut self) -> Result<(), String> {
        match self {
            Self::Postgres(postgres) => postgres.stop(),
            Self::Disk(disk) => disk.fill(),
        }
    }

    fn give_back(&mut self) -> Result<(), String> {
        match self {
            Self::Postgres(postgres) => postgres.start_again(),
            Self::Disk(disk) => disk.free(),
        }
    }

    const fn postgres(&self) -> Option<&Postgres> {
        match self {
            Self::Postgres(postgres) => Some(postgres),
            Self::Disk(_) => None,
        }
    }
}

/// What was seen of an outage.
struct Outage {
    pages: Pages,
    /// Alerts that fired in it.
    alerts: BTreeSet<String>,
    /// Most bytes that waited for the database.
    waiting_bytes: u64,
    /// Time until all was as before. `None` if that took too long.
    recovered_after: Option<Duration>,
}

pub(super) fn run(outage: &OutageArgs, args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let program = args.server.clone().map_or_else(server_program, Ok)?;
    let folder = Scratch::new("store-outage")?;
    let mut taken = if outage.full {
        Taken::Disk(SmallDisk::mount(folder.path().join(DATA))?)
    } else {
        Taken::Postgres(Postgres::start()?)
    };
    let game = make_short_matches(folder.path(), 30 * outage.match_s)?;
    let settings = format!(
        "game_dir = \"{}\"\n[rooms]\nlobby_s = 0.0\ncountdown_s = 1.0\nresults_s = 0.1\n\
         [alerts]\ndisk_free_min_bytes = 0\nstore_behind_max_s = {:.1}\nrecover_s = 2.0\n{}",
        game.display(),
        (f64::from(outage.seconds) / 4.0).clamp(1.0, 300.0),
        store_settings(taken.postgres(), "")
    );
    let start = |folder: &Path, settings: &str| ServerProcess::start_program(&program, folder, settings, &[]);
    let scene = Scene::open_with(folder, ROOM_PLAYERS * outage.rooms, &settings, stop, start)?;
    let rooms: Vec<_> = RoomPlan::many(outage.rooms, ROOM_PLAYERS as usize, Group::Bystander).collect();
    scene.play(&rooms)?;
    scene.crowd.order(Group::Bystander, Order::PlayOn);
    scene.pause(WARM_TIME)?;
    let seen_outage = measure(&scene, outage, &mut taken)?;
    let (seen, log, folder) = scene.close_and_keep()?;
    let told: BTreeSet<MatchId> = seen.of(Group::Bystander).flat_map(|diary| diary.told.iter().copied()).collect();
    let url = taken.postgres().map(|postgres| postgres.url("postgres"));
    let stored = check_stored(&program, folder.path(), url.as_deref(), None, &told);
    // Before the folder that a disk is in.
    drop(taken);
    Ok(judge(outage, &seen_outage, &seen, log, stored))
}

fn measure(scene: &Scene, outage: &OutageArgs, taken: &mut Taken) -> Result<Outage, String> {
    let (calm, away) = (Duration::from_secs(outage.calm.into()), Duration::from_secs(outage.seconds.into()));
    let mut timeline = Timeline::new(scene);
    timeline.begin("before")?;
    scene.pause(calm)?;
    timeline.begin("away")?;
    taken.take()?;
    let (mut alerts, mut waiting_bytes, began) = (BTreeSet::new(), 0, Instant::now());
    while began.elapsed() < away {
        let status = scene.server.status()?;
        alerts.extend(firing(&status.alerts));
        waiting_bytes = status.store.waiting_bytes.max(waiting_bytes);
        scene.pause(WAIT_INTERVAL)?;
    }
    timeline.begin("after")?;
    taken.give_back()?;
    let recovered_after = wait_for_recovery(scene)?;
    scene.pause(calm)?;
    Ok(Outage { pages: timeline.end()?, alerts, waiting_bytes, recovered_after })
}

fn firing(alerts: &AlertStatus) -> impl Iterator<Item = String> {
    let is_ours = |kind: &&String| ALERTS.iter().any(|beginning| kind.starts_with(beginning));
    alerts.firing.iter().map(|alert| &alert.kind).filter(is_ours).cloned()
}

fn wait_for_recovery(scene: &Scene) -> Result<Option<Duration>, String> {
    let is_as_before = |status: &Status| {
        !status.store.failing && status.results.waiting == 0 && firing(&status.alerts).next().is_none()
    };
    let began = Instant::now();
    while began.elapsed() < RECOVERY_TIME_MAX {
        if is_as_before(&scene.server.status()?) {
            return Ok(Some(began.elapsed()));
        }
        scene.pause(WAIT_INTERVAL)?;
    }
    Ok(None)
}

fn judge(
    outage: &OutageArgs,
    seen_outage: &Outage,
    seen: &Seen,
    log: Vec<String>,
    stored: Result<Found, String>,
) -> Report {
    let Outage { pages, alerts, waiting_bytes, recovered_after } = seen_outage;
    let is_logged = |kind: &String| log.iter().any(|line| line.contains(kind.as_str()));
    let is_in_log = alerts.iter().all(is_logged);
    let (logged, windows) = (log, pages.windows(seen, &[("bystander", &[Group::Bystander])]));
    let mut report = Report::new(if outage.full { "full" } else { "outage" }, windows, logged, seen);
    report.check_ticks("away", "before");
    report.check_ticks("after", "before");
    report.check_nobody_is_lost(seen, &[Group::Bystander]);
    report.note_frames("bystander", "away", "before");
    report.number("waiting_bytes_max", *waiting_bytes as f64);
    report.number("recovered_after_s", recovered_after.map_or(f64::NAN, |after| after.as_secs_f64()));
    report.number("alerts", alerts.len() as f64);
    report.check(!alerts.is_empty(), || "no alert fired".to_owned());
    report.check(is_in_log, || format!("not all of these alerts are in the log: {alerts:?}"));
    report.check(recovered_after.is_some(), || {
        format!("results wait or an alert fires {} s after the outage", RECOVERY_TIME_MAX.as_secs())
    });
    match stored {
        Ok(found) => {
            report.number("results", found.in_file as f64);
            report.number("told", found.acknowledged as f64);
        }
        Err(sentence) => report.failures.push(sentence),
    }
    report
}

//! One driver thread's loop over its rooms.

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, SyncSender},
    thread,
    time::{Duration, Instant},
};

use super::{
    args::Args, elapsed, reconnect::SessionOrder, report::Totals, room::BotRoom, spawner::SpawnedBot,
    visibility::ProbeQueue,
};

/// Pause between two updates of all bots: short against a tick, so that it adds little to the measurements.
const LOOP_INTERVAL: Duration = Duration::from_millis(3);
/// Time limit for the bots to leave.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(2);

/// Drives the bots that it receives until the time is over, and returns their measurements. Bots that lose their
/// sessions order new ones.
pub(super) fn drive(
    args: &Args,
    start: Instant,
    spawned: Receiver<SpawnedBot>,
    orders: SyncSender<SessionOrder>,
    probing: &ProbeQueue<'_>,
) -> Totals {
    let end = Duration::from_secs(u64::from(args.seconds));
    let pause = Duration::from_millis(u64::from(args.slow));
    let mut rooms = BTreeMap::<u32, BotRoom>::new();
    loop {
        let now = elapsed(start);
        for SpawnedBot { room, bot } in spawned.try_iter() {
            rooms.entry(room).or_insert_with(|| BotRoom::new(args.members())).add(bot);
        }
        let is_leaving = now >= end;
        for room in rooms.values_mut() {
            if is_leaving {
                room.leave();
            }
            room.update(now, if is_leaving { Duration::ZERO } else { pause }, &orders, &|| elapsed(start));
            if let Some(probe) = room.take_probe() {
                probing.offer(probe);
            }
        }
        if is_leaving && (rooms.values().all(BotRoom::is_empty) || now >= end + LEAVE_TIME_MAX) {
            break;
        }
        thread::sleep(LOOP_INTERVAL.saturating_sub(elapsed(start) - now));
    }
    // A bot that was still being spawned when the time was over counts as failed, with its own sentence.
    for SpawnedBot { room, bot } in spawned.iter() {
        rooms.entry(room).or_insert_with(|| BotRoom::new(args.members())).add(bot);
    }
    let mut totals = Totals::default();
    rooms.values().for_each(|room| room.report(&mut totals));
    totals
}

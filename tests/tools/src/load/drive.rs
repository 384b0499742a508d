//! Driver threads: they update the clients and follow the course of the measurement.

use std::{collections::BTreeMap, sync::mpsc::Receiver, thread, time::Duration};

use framehouse_client::stats::{Distribution, ErrorLog};
use serde::{Deserialize, Serialize};

use super::{
    counts,
    room::{LoadRoom, Moment, Talk, Tally, tenth_ms, tenths_of_ms},
    shared::{Course, Shared},
    spawner::Spawned,
    visits::Visits,
};

/// Interval of client updates: several in a tick, so that they add little to the measured times.
pub(crate) const LOOP_INTERVAL: Duration = Duration::from_millis(5);
/// The most time that the clients may take to leave.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(2);
/// Updates after which their times are reported.
const LOOPS_PER_NOTE: u64 = 40;

/// Measurements of the clients of one process or more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Driven {
    /// Within the measured time.
    pub tally: Tally,
    pub desyncs: u64,
    pub resyncs: u64,
    /// Errors that clients reported.
    pub errors: ErrorLog,
    /// Clients that lost their session.
    pub failed: ErrorLog,
    /// Game messages out of order.
    pub order: ErrorLog,
    /// Times from sending a game message to receiving it.
    #[serde(with = "counts")]
    pub message_tenth_ms: Distribution,
    /// Times from sending an announcement to receiving it.
    #[serde(with = "counts")]
    pub announced_tenth_ms: Distribution,
    /// Times between two updates of a client: they show whether these threads kept up.
    #[serde(with = "counts")]
    pub loop_tenth_ms: Distribution,
    /// Clients that came and went.
    pub visits: Visits,
    /// Processor time of each process in the measured time.
    pub cpus: Vec<Duration>,
}

impl Default for Driven {
    fn default() -> Self {
        Self {
            tally: Tally::default(),
            desyncs: 0,
            resyncs: 0,
            errors: ErrorLog::default(),
            failed: ErrorLog::default(),
            order: ErrorLog::default(),
            message_tenth_ms: tenths_of_ms(),
            announced_tenth_ms: tenths_of_ms(),
            loop_tenth_ms: tenths_of_ms(),
            visits: Visits::default(),
            cpus: Vec::new(),
        }
    }
}

impl Driven {
    pub fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.desyncs += other.desyncs;
        self.resyncs += other.resyncs;
        self.errors.add(&other.errors);
        self.failed.add(&other.failed);
        self.order.add(&other.order);
        self.message_tenth_ms.add(&other.message_tenth_ms);
        self.announced_tenth_ms.add(&other.announced_tenth_ms);
        self.loop_tenth_ms.add(&other.loop_tenth_ms);
        self.visits.add(&other.visits);
        self.cpus.extend(&other.cpus);
    }
}

/// Whether clients with these times between two updates kept up: 99 % within half a tick, or twice the usual, so that
/// inputs are on time.
pub fn kept_up(loop_tenth_ms: &Distribution, tick_rate: u16) -> bool {
    let half_tick = 10_000 / 2 / i64::from(tick_rate);
    loop_tenth_ms.quantile(0.99) <= half_tick.max(2 * tenth_ms(LOOP_INTERVAL))
}

/// Drives the clients that it receives, through all steps.
pub(super) fn drive(shared: &Shared, spawned: Receiver<Spawned>) -> Driven {
    let mut rooms = BTreeMap::<u32, LoadRoom>::new();
    let mut driven = Driven::default();
    let mut talk_since = None;
    let mut before: Option<Tally> = None;
    let mut last = shared.elapsed();
    let mut loops = tenths_of_ms();
    while shared.course() < Course::Leave {
        let (now, course) = (shared.elapsed(), shared.course());
        for spawned in spawned.try_iter() {
            take(spawned, &mut rooms, shared.args.players);
        }
        match course {
            Course::Warm | Course::Measure | Course::Visit => talk_since = talk_since.or(Some(now)),
            _ => talk_since = None,
        }
        let talk = talk_since.map(|since| Talk { since, per_s: shared.args.messages });
        let moment = Moment { now, course, talk, is_announced: shared.is_announced() };
        rooms.values_mut().for_each(|room| room.update(moment, &mut driven));
        loops.record(tenth_ms(now - last));
        if course == Course::Measure {
            before.get_or_insert_with(|| tally(&rooms));
            driven.loop_tenth_ms.record(tenth_ms(now - last));
        } else if let Some(before) = before.take() {
            driven.tally = tally(&rooms).since(&before);
        }
        if loops.count() >= LOOPS_PER_NOTE {
            shared.note_loops(&std::mem::replace(&mut loops, tenths_of_ms()));
        }
        last = now;
        thread::sleep(LOOP_INTERVAL.saturating_sub(shared.elapsed() - now));
    }
    leave(shared, &mut rooms, &mut driven);
    rooms.values().for_each(|room| room.report(&mut driven));
    driven
}

fn take(spawned: Spawned, rooms: &mut BTreeMap<u32, LoadRoom>, players: u32) {
    match spawned {
        Spawned::Client { room, member } => {
            rooms.entry(room).or_insert_with(|| LoadRoom::new(players)).add(*member);
        }
        Spawned::GivenUp { room } => {
            if let Some(room) = rooms.get_mut(&room) {
                room.give_up();
            }
        }
    }
}

fn leave(shared: &Shared, rooms: &mut BTreeMap<u32, LoadRoom>, driven: &mut Driven) {
    rooms.values_mut().for_each(|room| room.leave(driven));
    let end = shared.elapsed() + LEAVE_TIME_MAX;
    while shared.elapsed() < end && !rooms.values().all(LoadRoom::is_empty) {
        let moment = Moment { now: shared.elapsed(), course: Course::Leave, talk: None, is_announced: false };
        rooms.values_mut().for_each(|room| room.update(moment, driven));
        thread::sleep(LOOP_INTERVAL);
    }
}

fn tally(rooms: &BTreeMap<u32, LoadRoom>) -> Tally {
    let mut sum = Tally::default();
    rooms.values().for_each(|room| room.tally(&mut sum));
    sum
}

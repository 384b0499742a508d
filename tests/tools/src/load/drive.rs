//! Driver threads: they update the clients and follow the course of the measurement.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU8, Ordering},
        mpsc::Receiver,
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_client::stats::{Distribution, ErrorLog};

use super::{
    args::Args,
    room::{LoadRoom, Talk, Tally, tenth_ms, tenths_of_ms},
    spawner::SpawnedClient,
};

/// Interval of client updates: several in a tick, so that they add little to the measured times.
pub(crate) const LOOP_INTERVAL: Duration = Duration::from_millis(5);
/// The most time that the clients may take to leave.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(2);
/// Interval in which a pause checks whether to stop.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// Step of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Course {
    /// The server is idle.
    Idle,
    /// Clients join and start to play.
    Gather,
    /// All play and send messages; not measured yet.
    Warm,
    /// Measured.
    Measure,
    /// No new messages, so that the sent ones can arrive.
    Drain,
    /// All clients leave.
    Leave,
}

impl Course {
    const ALL: [Self; 6] = [Self::Idle, Self::Gather, Self::Warm, Self::Measure, Self::Drain, Self::Leave];
}

/// State that all threads share.
pub(super) struct Shared {
    start: Instant,
    course: AtomicU8,
    messages: u32,
    failures: Mutex<ErrorLog>,
    stop: Arc<AtomicBool>,
}

impl Shared {
    pub fn new(args: &Args, start: Instant, stop: Arc<AtomicBool>) -> Self {
        let course = AtomicU8::new(Course::Idle as u8);
        Self { start, course, messages: args.messages, failures: Mutex::default(), stop }
    }

    /// The time since the start, for clients.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn go_to(&self, course: Course) {
        self.course.store(course as u8, Ordering::Relaxed);
    }

    fn course(&self) -> Course {
        Course::ALL[usize::from(self.course.load(Ordering::Relaxed))]
    }

    /// Waits until the idle server has been measured. Returns whether clients shall join then.
    pub fn is_going_on(&self) -> bool {
        while self.course() == Course::Idle {
            thread::sleep(STOP_INTERVAL);
        }
        self.course() == Course::Gather
    }

    /// Records why a client got no seat.
    pub fn fail(&self, sentence: &str) {
        self.failures.lock().expect("nothing panics while holding this lock").note(sentence);
    }

    pub fn first_failure(&self) -> Option<String> {
        self.failures.lock().expect("nothing panics while holding this lock").messages().first().cloned()
    }

    /// Waits.
    ///
    /// # Errors
    /// If the program was asked to stop.
    pub fn pause(&self, time: Duration) -> Result<(), String> {
        pause(time, &self.stop)
    }
}

/// Waits.
///
/// # Errors
/// If the program was asked to stop.
pub(crate) fn pause(time: Duration, stop: &AtomicBool) -> Result<(), String> {
    let start = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let left = time.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(STOP_INTERVAL));
    }
    Err("stopped before the measurement was done".to_owned())
}

/// Measurements of the clients.
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
    pub message_tenth_ms: Distribution,
    /// Times between two updates of a client: they show whether these threads kept up.
    pub loop_tenth_ms: Distribution,
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
            loop_tenth_ms: tenths_of_ms(),
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
        self.loop_tenth_ms.add(&other.loop_tenth_ms);
    }
}

/// Drives the clients that it receives, through all steps.
pub(super) fn drive(shared: &Shared, spawned: Receiver<SpawnedClient>) -> Driven {
    let mut rooms = BTreeMap::<u32, LoadRoom>::new();
    let mut driven = Driven::default();
    let mut talk_since = None;
    let mut before: Option<Tally> = None;
    let mut last = shared.elapsed();
    while shared.course() < Course::Leave {
        let (now, course) = (shared.elapsed(), shared.course());
        for SpawnedClient { room, member } in spawned.try_iter() {
            rooms.entry(room).or_insert_with(LoadRoom::new).add(*member);
        }
        match course {
            Course::Warm | Course::Measure => talk_since = talk_since.or(Some(now)),
            _ => talk_since = None,
        }
        let talk = talk_since.map(|since| Talk { since, per_s: shared.messages });
        rooms.values_mut().for_each(|room| room.update(now, course, talk, &mut driven));
        match course {
            Course::Measure => {
                before.get_or_insert_with(|| tally(&rooms));
                driven.loop_tenth_ms.record(tenth_ms(now - last));
            }
            Course::Drain => {
                if let Some(before) = before.take() {
                    driven.tally = tally(&rooms).since(&before);
                }
            }
            _ => {}
        }
        last = now;
        thread::sleep(LOOP_INTERVAL.saturating_sub(shared.elapsed() - now));
    }
    leave(shared, &mut rooms, &mut driven);
    rooms.values().for_each(|room| room.report(&mut driven));
    driven
}

fn leave(shared: &Shared, rooms: &mut BTreeMap<u32, LoadRoom>, driven: &mut Driven) {
    rooms.values_mut().for_each(|room| room.leave(driven));
    let end = shared.elapsed() + LEAVE_TIME_MAX;
    while shared.elapsed() < end && !rooms.values().all(LoadRoom::is_empty) {
        let now = shared.elapsed();
        rooms.values_mut().for_each(|room| room.update(now, Course::Leave, None, driven));
        thread::sleep(LOOP_INTERVAL);
    }
}

fn tally(rooms: &BTreeMap<u32, LoadRoom>) -> Tally {
    let mut sum = Tally::default();
    rooms.values().for_each(|room| room.tally(&mut sum));
    sum
}

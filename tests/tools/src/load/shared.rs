//! State that all threads of a load process share: the step of the measurement, what is wanted, what was reached.

use std::{
    collections::BTreeMap,
    io::Write,
    process::ChildStdin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_client::stats::{Distribution, ErrorLog};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::{args::Args, counts, room::tenths_of_ms, seats::Refusal};

/// Interval in which a pause checks whether to stop.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// Step of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub(super) enum Course {
    /// The server is idle.
    Idle,
    /// Clients join and wait in their lobbies.
    Gather,
    /// Clients of complete rooms start to play; more may join.
    Play,
    /// All play and send messages; not measured yet.
    Warm,
    /// Measured.
    Measure,
    /// All play, while further clients come and go.
    Visit,
    /// No new messages, so that the sent ones can arrive.
    Drain,
    /// All clients leave.
    Leave,
}

impl Course {
    const ALL: [Self; 8] =
        [Self::Idle, Self::Gather, Self::Play, Self::Warm, Self::Measure, Self::Visit, Self::Drain, Self::Leave];
}

/// An order to all load processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    /// Go on to this step.
    Go(Course),
    /// So many rooms are wanted, of all processes together.
    Rooms(u32),
    /// The first client of every room sends a message at once.
    Announce,
}

/// What the clients of a process have reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// Rooms whose seats were all asked for, granted or not.
    pub rooms_tried: u32,
    /// Rooms that got all their seats.
    pub rooms_seated: u32,
    /// Refused requests for seats: how many for which reason.
    pub refused: BTreeMap<String, u64>,
    /// Clients without a seat or a socket for another reason.
    pub failed: ErrorLog,
    /// Processor time of the process.
    pub cpu: Duration,
    /// Times between two updates of a client, in 0.1 ms, since the last progress.
    #[serde(with = "counts")]
    pub loop_tenth_ms: Distribution,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            rooms_tried: 0,
            rooms_seated: 0,
            refused: BTreeMap::new(),
            failed: ErrorLog::default(),
            cpu: Duration::ZERO,
            loop_tenth_ms: tenths_of_ms(),
        }
    }
}

impl Progress {
    /// Adds the progress of another process.
    pub fn add(&mut self, other: &Self) {
        self.rooms_tried += other.rooms_tried;
        self.rooms_seated += other.rooms_seated;
        other.refused.iter().for_each(|(why, count)| *self.refused.entry(why.clone()).or_default() += count);
        self.failed.add(&other.failed);
        self.cpu += other.cpu;
        self.loop_tenth_ms.add(&other.loop_tenth_ms);
    }
}

/// State that all threads share.
pub(super) struct Shared {
    pub args: Args,
    start: Instant,
    course: AtomicU8,
    rooms_wanted: AtomicU32,
    is_announced: AtomicBool,
    progress: Mutex<Progress>,
    /// Processor time at the beginning of the measured time, then in it.
    measured_cpu: Mutex<Duration>,
    children: Mutex<Vec<ChildStdin>>,
    stop: Arc<AtomicBool>,
}

impl Shared {
    pub fn new(args: &Args, stop: Arc<AtomicBool>) -> Self {
        Self {
            args: args.clone(),
            start: Instant::now(),
            course: AtomicU8::new(Course::Idle as u8),
            rooms_wanted: AtomicU32::new(args.all_rooms()),
            is_announced: AtomicBool::new(false),
            progress: Mutex::default(),
            measured_cpu: Mutex::default(),
            children: Mutex::default(),
            stop,
        }
    }

    /// The time since the start, for clients.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Lets another process obey all further orders, too.
    pub fn lead(&self, child: ChildStdin) {
        locked(&self.children).push(child);
    }

    /// Obeys an order, and passes it on.
    pub fn order(&self, order: Order) {
        let line = serde_json::to_string(&order).expect("an order serialises") + "\n";
        for child in locked(&self.children).iter_mut() {
            // A process that has ended is noticed by whoever reads from it.
            let _ = child.write_all(line.as_bytes());
        }
        match order {
            Order::Go(course) => self.go_to(course),
            Order::Rooms(wanted) => self.rooms_wanted.store(wanted, Ordering::Relaxed),
            Order::Announce => self.is_announced.store(true, Ordering::Relaxed),
        }
    }

    fn go_to(&self, course: Course) {
        let was_measuring = self.course() == Course::Measure;
        if was_measuring != (course == Course::Measure) {
            let mut cpu = locked(&self.measured_cpu);
            *cpu = process_cpu_time().saturating_sub(*cpu);
        }
        self.course.store(course as u8, Ordering::Relaxed);
    }

    pub fn course(&self) -> Course {
        Course::ALL[usize::from(self.course.load(Ordering::Relaxed))]
    }

    /// Processor time of this process in the measured time, after it.
    pub fn measured_cpu(&self) -> Duration {
        *locked(&self.measured_cpu)
    }

    pub fn rooms_wanted(&self) -> u32 {
        self.rooms_wanted.load(Ordering::Relaxed)
    }

    pub fn is_announced(&self) -> bool {
        self.is_announced.load(Ordering::Relaxed)
    }

    /// Waits until the idle server has been measured. Returns whether clients shall join now.
    pub fn is_gathering(&self) -> bool {
        while self.course() == Course::Idle {
            thread::sleep(STOP_INTERVAL);
        }
        self.course() < Course::Drain
    }

    /// Records that all seats of a room were asked for.
    pub fn note_room(&self, is_seated: bool) {
        let mut progress = locked(&self.progress);
        progress.rooms_tried += 1;
        progress.rooms_seated += u32::from(is_seated);
    }

    /// Records a refused request for a seat.
    pub fn note_refusal(&self, refusal: &Refusal) {
        *locked(&self.progress).refused.entry(refusal.to_string()).or_default() += 1;
    }

    /// Records why a client got no seat.
    pub fn fail(&self, sentence: &str) {
        locked(&self.progress).failed.note(sentence);
    }

    /// Records times between two updates of a client.
    pub fn note_loops(&self, loop_tenth_ms: &Distribution) {
        locked(&self.progress).loop_tenth_ms.add(loop_tenth_ms);
    }

    /// The progress of this process. The times between two updates are forgotten with it.
    pub fn take_progress(&self) -> Progress {
        let mut progress = locked(&self.progress);
        progress.cpu = process_cpu_time();
        let taken = progress.clone();
        progress.loop_tenth_ms = tenths_of_ms();
        taken
    }

    /// Waits.
    ///
    /// # Errors
    /// If the program was asked to stop.
    pub fn pause(&self, time: Duration) -> Result<(), String> {
        pause(time, &self.stop)
    }
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().expect("nothing panics while holding this lock")
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

/// Processor time of this process, of all its threads.
fn process_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

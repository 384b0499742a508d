//! What all attackers share: the target, the end, the pace and the tallies.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::target::Target;

/// The lowest priority: attackers have machines of their own, and should not take the processor from the server.
const NICENESS: i32 = 19;
/// Interval in which a wait checks for the end.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Attacks in progress.
pub(super) struct Siege<'a> {
    pub target: &'a Target,
    /// Codes of private rooms that play and are full.
    pub codes: Vec<String>,
    /// Addresses of the UDP endpoints.
    pub endpoints: Vec<SocketAddr>,
    /// Path of a large replay.
    pub replay: String,
    is_over: AtomicBool,
}

impl<'a> Siege<'a> {
    pub fn new(target: &'a Target, codes: Vec<String>, endpoints: Vec<SocketAddr>, replay: String) -> Self {
        Self { target, codes, endpoints, replay, is_over: AtomicBool::new(false) }
    }

    /// Asks all attackers to stop.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// A pace of this number of steps per second.
    pub fn pace(&self, per_s: f64) -> Pace<'_> {
        Pace { siege: self, interval: Duration::from_secs_f64(1.0 / per_s), due: Instant::now() }
    }
}

/// Gives steps at a bounded rate. Steps that were missed are not caught up.
pub(super) struct Pace<'a> {
    siege: &'a Siege<'a>,
    interval: Duration,
    due: Instant,
}

impl Pace<'_> {
    /// Waits for the next step. Returns whether there is one: the attacks may be over.
    pub fn wait(&mut self) -> bool {
        while let Some(left) = self.due.checked_duration_since(Instant::now()).filter(|_| !self.siege.is_over()) {
            thread::sleep(left.min(LOOK_INTERVAL));
        }
        self.due = (self.due + self.interval).max(Instant::now());
        !self.siege.is_over()
    }
}

/// What became of one attack, summed over its hosts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Steps.
    pub tried: AtomicU64,
    /// Steps that the server refused.
    pub refused: AtomicU64,
    /// What the attack has got; the table of attacks says what it counts, and how much of it is too much.
    pub accepted: AtomicU64,
}

impl Tally {
    pub fn note_tried(&self) {
        self.tried.fetch_add(1, Ordering::Relaxed);
    }

    pub fn note_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub fn note_accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes one step that was accepted or refused.
    pub fn note(&self, is_accepted: bool) {
        self.note_tried();
        if is_accepted { self.note_accepted() } else { self.note_refused() }
    }

    /// Notes how much the attack has at a time. The most counts.
    pub fn note_peak(&self, now: usize) {
        self.accepted.fetch_max(now as u64, Ordering::Relaxed);
    }
}

/// Lets this thread have only the time that nobody else needs.
pub(super) fn take_only_spare_time() {
    // Without it the attacks are only a little more unfair.
    let _ = rustix::process::nice(NICENESS);
}

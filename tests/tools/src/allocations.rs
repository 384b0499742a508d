//! Allocations of a server by step of a tick: an allocator that counts, and a game that reads the count after each step.
//!
//! The program `counting_server` is the arena's server with both. It writes its [`Totals`] into the file that the
//! environment variable [`FILE_VARIABLE`] names, ten times a second; `load --allocations` subtracts two of them.

mod allocator;
mod counted;

use std::{fs, io, path::Path, sync::Mutex};

use serde::{Deserialize, Serialize};

pub use allocator::{Allocated, Counting};
pub use counted::COUNTED_ARENA;

/// Environment variable with the path of the file for the totals.
pub const FILE_VARIABLE: &str = "FRAMEHOUSE_ALLOCATIONS";

/// Steps of a tick in running order, named as on the status page. `Send` includes what Bevy does after the last step,
/// `Other` what it does before the first one.
pub const STEPS: [&str; 12] = [
    "Receive",
    "Control",
    "MatchEnd",
    "Commit",
    "Simulate",
    "Record",
    "Broadcast",
    "Leaderboard",
    "Cleanup",
    "Metrics",
    "Send",
    "Other",
];

/// Allocations of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Those of the tick thread.
    pub tick_thread: Allocated,
    /// Those of all threads of the process, in the time of this step.
    pub all_threads: Allocated,
}

/// All allocations since the start of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Number of simulated ticks of all rooms.
    pub room_ticks: u64,
    /// In the order of [`STEPS`].
    pub steps: [Step; STEPS.len()],
}

impl Totals {
    /// The newest totals of a server's file.
    ///
    /// # Errors
    /// When there is no such file, or it is not a file of totals.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Replaces the file with these totals. A reader sees the old or the new ones.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let new = path.with_extension("new");
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, path)
    }

    /// What was allocated after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = Self { room_ticks: self.room_ticks - earlier.room_ticks, ..self.clone() };
        for (step, before) in since.steps.iter_mut().zip(&earlier.steps) {
            step.tick_thread = step.tick_thread - before.tick_thread;
            step.all_threads = step.all_threads - before.all_threads;
        }
        since
    }
}

static PUBLISHED: Mutex<Option<Totals>> = Mutex::new(None);

/// The totals of this process at the end of its last tick.
pub fn published() -> Totals {
    PUBLISHED.lock().expect("nothing panics while holding this lock").clone().unwrap_or_default()
}

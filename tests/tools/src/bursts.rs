//! Burst measurement: a real server over UDP and HTTP, clients that do the same thing at once, and others that only play. It
//! measures how the burst affects the others.
//!
//! The server measures its ticks and its processor time (`/v1/status`), the clients measure when frames arrive. A scenario
//! is cut into windows, each from one status page to another. A burst is compared with calm windows of the same run,
//! because the machine is shared with the clients and with other processes.
//!
//! ```text
//! scene.rs     a server, its clients, orders;          timeline.rs  windows
//! player.rs    a client and its diary;                 crowd.rs     the threads that update all of them
//! cleanup.rs, joins.rs, queue.rs, reloads.rs, starts.rs, slow.rs   the scenarios
//! verdict.rs   conditions that must hold;              report.rs    a line for each scenario
//! ```

pub mod args;
mod cleanup;
pub(crate) mod crowd;
mod joins;
pub(crate) mod player;
mod queue;
mod reloads;
pub mod report;
pub(crate) mod scene;
mod slow;
mod starts;
pub mod timeline;
mod verdict;

use std::sync::{Arc, atomic::AtomicBool};

use args::{Scenario, Size};
use report::Report;

/// Runs a scenario with a percentage of the usual rooms and clients. Blocks until it is done or `stop` is set.
///
/// # Errors
/// A sentence, if the scenario could not be run. Conditions that do not hold are in the report.
pub fn run(scenario: Scenario, percent: u32, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let size = Size { percent };
    match scenario {
        Scenario::Cleanup => cleanup::run(size, stop),
        Scenario::Joins => joins::run(size, stop),
        Scenario::Queue => queue::run(size, stop),
        Scenario::Reloads => reloads::run(size, stop),
        Scenario::Starts => starts::run(size, stop),
        Scenario::Slow => slow::run(stop),
    }
}

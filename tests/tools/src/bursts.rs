//! What a sudden burst does to everybody else: a real server, real UDP and HTTP, and clients that do the same thing at
//! once beside others who only play.
//!
//! The server measures its ticks and its processor time (`/v1/status`), the clients when frames come. A scenario is cut
//! into windows, from one page of the server's to another, so that a burst can be compared with the calm beside it in the
//! same run: the machine is shared with the clients, and with whoever else is on it.
//!
//! ```text
//! scene.rs     a server, seats for everybody, orders;  timeline.rs  windows
//! player.rs    a client and its diary;                 crowd.rs     the threads that update all of them
//! cleanup.rs, joins.rs, starts.rs, slow.rs             the scenarios
//! verdict.rs   what must hold;                         report.rs    a line for each
//! ```

pub mod args;
mod cleanup;
mod crowd;
mod joins;
mod player;
pub mod report;
mod scene;
mod slow;
mod starts;
pub mod timeline;
mod verdict;

use std::sync::{Arc, atomic::AtomicBool};

use args::{Scenario, Size};
use report::Report;

/// Plays a scenario with so many per cent of the usual rooms and clients. Blocks until that is done, or until `stop` is set.
///
/// # Errors
/// A sentence, when it did not come about. What must hold in it and does not is in the report.
pub fn run(scenario: Scenario, percent: u32, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let size = Size { percent };
    match scenario {
        Scenario::Cleanup => cleanup::run(size, stop),
        Scenario::Joins => joins::run(size, stop),
        Scenario::Starts => starts::run(size, stop),
        Scenario::Slow => slow::run(stop),
    }
}

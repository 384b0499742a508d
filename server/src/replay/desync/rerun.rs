//! Runs a match again from its recording, up to a tick.

use std::path::Path;

use framehouse_shared::{
    input::Frame,
    replay::{PartialReplay, ReplayError},
    sim::LastInputs,
    simulation::Simulation,
    tick::{SimRate, Tick},
};

use super::DesyncJob;
use crate::replay::folder;

/// Maximum number of ticks that are run again: 3 h at 10 Hz, 1 h at 30 Hz, 15 min at 120 Hz. They take some seconds at
/// any tick rate.
const TICKS_MAX: u32 = 108_000;

/// The state after a tick according to the recording of the match, or a sentence why there is none.
pub(super) fn state_after(job: &DesyncJob, folder: &Path, tick: Tick) -> Result<Simulation, String> {
    if tick >= Tick(TICKS_MAX) {
        return Err("the match had gone on for too long to be run again".to_owned());
    }
    let match_id = job.finding.match_id;
    let bytes = folder::read(&folder::part_path(folder, match_id))
        .or_else(|_| folder::read(&folder::whole_path(folder, match_id)))
        .map_err(|error| format!("the recording of the match cannot be read: {error}"))?;
    let mut simulation = (job.simulation.0)();
    run(&mut simulation, job, &bytes, tick).map_err(|error| format!("the recording of the match: {error}"))?;
    if simulation.next_tick() == tick.plus(1) {
        Ok(simulation)
    } else {
        Err(format!("the match could be run again only up to tick {}", simulation.next_tick()))
    }
}

/// Runs the ticks in the file, then the recorded ticks that are not in the file yet.
fn run(simulation: &mut Simulation, job: &DesyncJob, bytes: &[u8], last: Tick) -> Result<(), ReplayError> {
    let beginning = PartialReplay::read(bytes)?;
    let Some(rate) = SimRate::new(beginning.header.tick_rate) else { return Ok(()) };
    simulation.set_rate(rate);
    if simulation.decode(&beginning.opening()?).is_err() {
        return Ok(());
    }
    let step = |simulation: &mut Simulation, frame: &Frame| {
        frame.tick <= last && frame.tick == simulation.next_tick() && simulation.try_step(frame)
    };
    for recorded in beginning.iter_ticks() {
        if !step(simulation, &recorded?.frame) {
            return Ok(());
        }
    }
    let inputs = simulation.get::<LastInputs>().cloned().unwrap_or_default().0;
    for recorded in job.unfinished.iter().flat_map(|block| block.iter_ticks(inputs)) {
        if !step(simulation, &recorded?.frame) {
            break;
        }
    }
    Ok(())
}

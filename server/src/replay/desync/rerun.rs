//! Runs a match again from its recording, up to a tick.

use std::path::Path;

use framehouse_shared::{
    ids::MatchId,
    input::Frame,
    replay::{PartialReplay, ReplayError},
    sim::LastInputs,
    simulation::Simulation,
    tick::{SimRate, Tick},
};

use super::Source;
use crate::replay::folder;

/// Maximum number of ticks that are run again: 3 h at 10 Hz, 1 h at 30 Hz, 15 min at 120 Hz. They take some seconds at
/// any tick rate.
const TICKS_MAX: u32 = 108_000;

/// Runs a match up to a tick and returns the state after it, or a sentence why there is none. `look` sees the state after
/// each tick.
pub(super) fn run_to(
    source: &Source,
    match_id: MatchId,
    folder: &Path,
    tick: Tick,
    look: impl FnMut(Tick, &Simulation),
) -> Result<Simulation, String> {
    if tick >= Tick(TICKS_MAX) {
        return Err("the match had gone on for too long to be run again".to_owned());
    }
    let bytes = folder::read(&folder::part_path(folder, match_id))
        .or_else(|_| folder::read(&folder::whole_path(folder, match_id)))
        .map_err(|error| format!("the recording of the match cannot be read: {error}"))?;
    let mut simulation = (source.simulation.0)();
    run(&mut simulation, source, &bytes, tick, look).map_err(|error| format!("the recording of the match: {error}"))?;
    if simulation.next_tick() == tick.plus(1) {
        Ok(simulation)
    } else {
        Err(format!("the match could be run again only up to tick {}", simulation.next_tick()))
    }
}

/// Runs the ticks in the file, then the recorded ticks that are not in the file yet.
fn run(
    simulation: &mut Simulation,
    source: &Source,
    bytes: &[u8],
    last: Tick,
    mut look: impl FnMut(Tick, &Simulation),
) -> Result<(), ReplayError> {
    let beginning = PartialReplay::read(bytes)?;
    let Some(rate) = SimRate::new(beginning.header.tick_rate) else { return Ok(()) };
    simulation.set_rate(rate);
    if simulation.decode(&beginning.opening()?).is_err() {
        return Ok(());
    }
    let mut step = |simulation: &mut Simulation, frame: &Frame| {
        let is_stepped = frame.tick <= last && frame.tick == simulation.next_tick() && simulation.try_step(frame);
        if is_stepped {
            look(frame.tick, simulation);
        }
        is_stepped
    };
    for recorded in beginning.iter_ticks() {
        if !step(simulation, &recorded?.frame) {
            return Ok(());
        }
    }
    let inputs = simulation.get::<LastInputs>().cloned().unwrap_or_default().0;
    for recorded in source.unfinished.iter().flat_map(|block| block.iter_ticks(inputs)) {
        if !step(simulation, &recorded?.frame) {
            break;
        }
    }
    Ok(())
}

//! The state of a room of four: hashing, copies and rollback.

use std::hint::black_box;

use framehouse_shared::{room_state::RoomSnapshot, simulation::Simulation};

use super::{Body, scripted::ScriptedMatch};

/// Operations of a run.
const REPEATS: usize = 200;
/// Ticks that a rollback simulates again.
const ROLLBACK_TICKS: u32 = 12;

/// Hashes of all components, as after every compared tick.
pub fn hash() -> Body {
    let simulation = running();
    repeated(move || drop(black_box(simulation.hashes())))
}

/// Serialises the state, as for a late join.
pub fn serialise() -> Body {
    let simulation = running();
    repeated(move || drop(black_box(simulation.encode())))
}

/// Deserialises the state, and checks what a stranger could have changed.
pub fn deserialise() -> Body {
    let mut simulation = running();
    let bytes = simulation.encode();
    repeated(move || simulation.decode(&bytes).expect("it was encoded just now"))
}

/// Clones the state into a snapshot, as a client does in every tick.
pub fn save() -> Body {
    let (simulation, mut snapshot) = (running(), RoomSnapshot::default());
    repeated(move || simulation.save(&mut snapshot))
}

/// Restores a snapshot.
pub fn restore() -> Body {
    let mut scripted = ScriptedMatch::running(4, 1, 1);
    repeated(move || scripted.rewind())
}

/// Restores a snapshot and simulates 12 ticks again.
pub fn roll_back() -> Body {
    let mut scripted = ScriptedMatch::running(4, 1, ROLLBACK_TICKS);
    repeated(move || {
        scripted.rewind();
        let ScriptedMatch { simulation, frames, .. } = &mut scripted;
        frames.iter().for_each(|frame| simulation.step(frame));
    })
}

fn running() -> Simulation {
    ScriptedMatch::running(4, 1, 1).simulation
}

fn repeated(mut operation: impl FnMut() + 'static) -> Body {
    Box::new(move |timer| timer.time(REPEATS, || (0..REPEATS).for_each(|_| operation())))
}

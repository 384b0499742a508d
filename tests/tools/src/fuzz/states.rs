//! Fuzz target of room states: decompressed, decoded, put into a simulation and stepped, as a client does.
//!
//! A step of such a state may panic, which its room catches. It must not overflow the stack, hang or fill the memory.

use std::{
    cell::{Cell, RefCell},
    panic,
    sync::Once,
};

use framehouse_arena::ArenaPlugin;
use framehouse_client::client::snapshot::{STATE_BYTES_MAX, decompress};
use framehouse_shared::{
    input::Frame, protocol::codec::CodecError, room_state::RoomSnapshot, simulation::Simulation, tick::Tick,
};
use framehouse_tiny::TinyPlugin;

use super::seeds;

/// The rest of the input is a state of the arena.
pub const ARENA: u8 = 0;
/// The rest of the input is a state of the tiny game.
pub const TINY: u8 = 1;
/// The rest of the input is edits of a real state of the arena: `position (2, little-endian), byte`.
pub const ARENA_EDITS: u8 = 2;
/// The rest of the input is a compressed state of the arena.
pub const COMPRESSED: u8 = 3;

/// Ticks that are simulated from a state, because some faults show a tick later.
const STEPS: u32 = 3;

struct Games {
    arena: Simulation,
    tiny: Simulation,
    arena_state: Vec<u8>,
}

thread_local! {
    static IS_STEPPING: Cell<bool> = const { Cell::new(false) };
    static GAMES: RefCell<Games> = RefCell::new(Games {
        arena: arena(),
        tiny: tiny(),
        arena_state: seeds::arena_states().pop().expect("a match has states"),
    });
}

fn arena() -> Simulation {
    Simulation::new(ArenaPlugin)
}

fn tiny() -> Simulation {
    Simulation::new(TinyPlugin)
}

/// Runs the decoders of states.
pub fn state_decode(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    GAMES.with_borrow_mut(|games| match kind & 3 {
        ARENA => drop(decode(&mut games.arena, arena, bytes)),
        TINY => drop(decode(&mut games.tiny, tiny, bytes)),
        ARENA_EDITS => drop(decode(&mut games.arena, arena, &edited(&games.arena_state, bytes))),
        _ => {
            if let Ok(state) = decompress(bytes) {
                assert!(state.len() as u64 <= STATE_BYTES_MAX);
                let _ = decode(&mut games.arena, arena, &state);
            }
        }
    });
}

/// A state that decodes can be saved, restored, decoded again from its own bytes, and stepped.
fn decode(simulation: &mut Simulation, fresh: fn() -> Simulation, bytes: &[u8]) -> Result<(), CodecError> {
    simulation.decode(bytes)?;
    let mut saved = RoomSnapshot::default();
    simulation.save(&mut saved);
    simulation.restore(&saved);
    let again = simulation.encode();
    assert_eq!(simulation.decode(&again), Ok(()), "a state that was decoded cannot be decoded again");
    if !step(simulation) {
        *simulation = fresh();
    }
    Ok(())
}

/// Simulates a few ticks. Returns whether that succeeded.
fn step(simulation: &mut Simulation) -> bool {
    keep_quiet_about_steps();
    IS_STEPPING.set(true);
    let first = simulation.next_tick();
    let mut ticks = (0..STEPS).map(|number| Tick(first.0.wrapping_add(number)));
    let is_good = ticks.all(|tick| simulation.try_step(&Frame { tick, ..Default::default() }));
    IS_STEPPING.set(false);
    is_good
}

/// Silences panics that a room catches, because libFuzzer's hook would end the run.
fn keep_quiet_about_steps() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_STEPPING.get() {
                hook(panic);
            }
        }));
    });
}

fn edited(state: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut state = state.to_vec();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % state.len();
        state[place] = edit[2];
    }
    state
}

//! Room states as a client takes them: decompressed, decoded, put into a simulation.
//!
//! A state that decodes is not stepped here: a client that steps one sent by a hostile server may fail, with a sentence.

use std::cell::RefCell;

use framehouse_client::client::snapshot::{STATE_BYTES_MAX, decompress};
use framehouse_shared::{
    arena::ArenaPlugin, protocol::codec::CodecError, room_state::RoomSnapshot, simulation::Simulation,
};

use super::seeds;
use crate::tiny::TinyPlugin;

/// The rest of the input is a state of the arena.
pub const ARENA: u8 = 0;
/// The rest of the input is a state of the tiny game.
pub const TINY: u8 = 1;
/// The rest of the input is edits of a real state of the arena: `place (2, little-endian), byte`.
pub const ARENA_EDITS: u8 = 2;
/// The rest of the input is a compressed state of the arena.
pub const COMPRESSED: u8 = 3;

struct Games {
    arena: Simulation,
    tiny: Simulation,
    arena_state: Vec<u8>,
}

thread_local! {
    static GAMES: RefCell<Games> = RefCell::new(Games {
        arena: Simulation::new(ArenaPlugin),
        tiny: Simulation::new(TinyPlugin),
        arena_state: seeds::arena_states().pop().expect("a match has states"),
    });
}

/// Feeds the decoders of states.
pub fn state_decode(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    GAMES.with_borrow_mut(|games| match kind & 3 {
        ARENA => drop(decode(&mut games.arena, bytes)),
        TINY => drop(decode(&mut games.tiny, bytes)),
        ARENA_EDITS => drop(decode(&mut games.arena, &edited(&games.arena_state, bytes))),
        _ => {
            if let Ok(state) = decompress(bytes) {
                assert!(state.len() as u64 <= STATE_BYTES_MAX);
                let _ = decode(&mut games.arena, &state);
            }
        }
    });
}

/// What decodes can be saved, put back, and decoded again from its own bytes.
fn decode(simulation: &mut Simulation, bytes: &[u8]) -> Result<(), CodecError> {
    simulation.decode(bytes)?;
    let mut saved = RoomSnapshot::default();
    simulation.save(&mut saved);
    simulation.restore(&saved);
    let again = simulation.encode();
    assert_eq!(simulation.decode(&again), Ok(()), "a state that was decoded cannot be decoded again");
    Ok(())
}

fn edited(state: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut state = state.to_vec();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % state.len();
        state[place] = edit[2];
    }
    state
}

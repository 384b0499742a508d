//! What the confirmed states since the last agreement with the server held: should the two turn out to have parted, one of
//! them is the first bad one, and only it can say what went wrong. Simulating again would not: what happened may not happen
//! twice.

use std::collections::VecDeque;

use framehouse_shared::{room_state::StateDigest, tick::Tick};

/// States kept, at most: the agreed one and those of all ticks until the server's next hash, which comes every 30 ticks.
/// Of the arena each takes some 3 KB.
const STATES_MAX: usize = 31;

/// States by tick, oldest first.
#[derive(Default)]
pub(super) struct StateDigests(VecDeque<StateDigest>);

impl StateDigests {
    /// Whether more are kept. Once there are too many, the older ones are worth more.
    pub fn has_room(&self) -> bool {
        self.0.len() < STATES_MAX
    }

    /// Keeps the state before the newest confirmed one.
    pub fn keep(&mut self, state: StateDigest) {
        self.0.push_back(state);
    }

    /// The server has the same state, or another one is loaded: nothing up to now is needed any more.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// Takes out the state after a tick.
    pub fn take_after(&mut self, tick: Tick) -> Option<StateDigest> {
        let place = self.0.iter().position(|state| state.next_tick == tick.plus(1))?;
        self.0.remove(place)
    }
}

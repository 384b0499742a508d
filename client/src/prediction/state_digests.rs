//! Digests of the confirmed states since the last agreement with the server. After a desync one of them is the first
//! bad state, and only it can show what went wrong: simulating the tick again might not repeat the fault.

use std::collections::VecDeque;

use framehouse_shared::{room_state::StateDigest, tick::Tick};

/// Maximum number of digests kept: the agreed state and those of all ticks until the server's next hash, which arrives
/// every 30 ticks. An arena digest takes about 3 KB.
const STATES_MAX: usize = 31;

/// Digests by tick, oldest first.
#[derive(Default)]
pub(super) struct StateDigests(VecDeque<StateDigest>);

impl StateDigests {
    /// Whether more digests fit. If there are too many, the older ones are more useful.
    pub fn has_room(&self) -> bool {
        self.0.len() < STATES_MAX
    }

    /// Keeps the digest of the state before the newest confirmed one.
    pub fn keep(&mut self, state: StateDigest) {
        self.0.push_back(state);
    }

    /// Forgets all digests: the server agrees with the state, or another one is loaded.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// Takes the digest of the state after a tick.
    pub fn take_after(&mut self, tick: Tick) -> Option<StateDigest> {
        let place = self.0.iter().position(|state| state.next_tick == tick.plus(1))?;
        self.0.remove(place)
    }
}

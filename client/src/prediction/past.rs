//! The confirmed states since the last agreement with the server: should the two turn out to have parted, one of them is
//! the first bad one, and only it can say what went wrong. Simulating again would not: what happened may not happen twice.

use std::collections::VecDeque;

use framehouse_shared::{room_state::RoomSnapshot, tick::Tick};

/// States kept, at most: the agreed one and those of all ticks until the server's next hash.
const STATES_MAX: usize = 31;

/// States by tick, oldest first, without a gap; their memory is used again and again.
#[derive(Default)]
pub(super) struct Past {
    states: VecDeque<RoomSnapshot>,
    spare: Vec<RoomSnapshot>,
}

impl Past {
    /// Keeps the state before the newest confirmed one. Once there are too many, the older ones are worth more.
    pub fn keep(&mut self, state: RoomSnapshot) {
        if self.states.len() < STATES_MAX { self.states.push_back(state) } else { self.spare.push(state) }
    }

    /// The server has the same state, or another one is loaded: nothing up to now is needed any more.
    pub fn forget(&mut self) {
        self.spare.extend(self.states.drain(..));
    }

    /// Takes out the state after a tick.
    pub fn take_after(&mut self, tick: Tick) -> Option<RoomSnapshot> {
        let place = self.states.iter().position(|state| state.next_tick == tick.plus(1))?;
        self.states.remove(place)
    }

    /// A snapshot to save into, with some earlier one's buffers.
    pub fn take_spare(&mut self) -> RoomSnapshot {
        self.spare.pop().unwrap_or_default()
    }
}

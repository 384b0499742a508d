//! State hashes of the last confirmed ticks, for a server that asks after a desync.

use std::collections::VecDeque;

use framehouse_shared::{state_hash::StateHashes, tick::Tick};

/// Number of confirmed ticks whose hashes are kept: ten seconds at 30 Hz, more than a server asks for.
pub const HASHES_KEPT: usize = 300;

/// Hashes by tick, oldest first, without a gap.
#[derive(Default)]
pub(super) struct RecentHashes(VecDeque<(Tick, StateHashes)>);

impl RecentHashes {
    /// Adds the hashes of the state after the next tick; the oldest are dropped.
    pub fn push(&mut self, tick: Tick, hashes: StateHashes) {
        if self.0.len() == HASHES_KEPT {
            self.0.pop_front();
        }
        self.0.push_back((tick, hashes));
    }

    /// The hashes of the state after a tick, if they are still kept.
    pub fn after(&self, tick: Tick) -> Option<&StateHashes> {
        let (first, _) = self.0.front()?;
        let place = tick.0.checked_sub(first.0)?;
        self.0.get(place as usize).map(|(_, hashes)| hashes)
    }

    /// The first tick after which our hashes differ from the server's, which begin with tick `first`. Only ticks that
    /// both sides have are compared.
    pub fn first_difference(&self, first: Tick, server: &[u64]) -> Option<(Tick, &StateHashes)> {
        (0..).zip(server).find_map(|(place, server)| {
            let tick = first.plus(place);
            self.after(tick).filter(|ours| ours.combined() != *server).map(|ours| (tick, ours))
        })
    }

    /// Forgets all hashes.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

//! State hashes of the last confirmed ticks, for a server that asks after a desync.

use std::collections::VecDeque;

use framehouse_shared::{
    state_hash::StateHashes,
    tick::{SimRate, Tick},
};

/// Seconds of confirmed ticks whose hashes are kept: more than a server asks for.
pub const HASHES_SECONDS: f64 = 10.0;

/// Hashes by tick, oldest first, without a gap.
pub(super) struct RecentHashes {
    hashes: VecDeque<(Tick, StateHashes)>,
    kept_max: usize,
}

impl RecentHashes {
    /// No hashes, for a room with this tick rate.
    pub fn new(rate: SimRate) -> Self {
        Self { hashes: VecDeque::new(), kept_max: rate.ticks_min_1(HASHES_SECONDS) as usize }
    }

    /// Adds the hashes of the state after the next tick; the oldest are dropped.
    pub fn push(&mut self, tick: Tick, hashes: StateHashes) {
        if self.hashes.len() == self.kept_max {
            self.hashes.pop_front();
        }
        self.hashes.push_back((tick, hashes));
    }

    /// The hashes of the state after a tick, if they are still kept.
    pub fn after(&self, tick: Tick) -> Option<&StateHashes> {
        let (first, _) = self.hashes.front()?;
        let index = tick.0.checked_sub(first.0)?;
        self.hashes.get(index as usize).map(|(_, hashes)| hashes)
    }

    /// The first tick after which our hashes differ from the server's, which begin with tick `first`. Only ticks that
    /// both sides have are compared.
    pub fn first_difference(&self, first: Tick, server: &[u64]) -> Option<(Tick, &StateHashes)> {
        (0..).zip(server).find_map(|(place, server)| {
            let tick = first.plus(place);
            self.after(tick).filter(|ours| ours.combined() != *server).map(|ours| (tick, ours))
        })
    }
}

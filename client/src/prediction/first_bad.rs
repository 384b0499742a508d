//! The first bad state after a desync, kept until the server has asked for its fields.

use std::panic::{AssertUnwindSafe, catch_unwind};

use framehouse_shared::{fields::Field, room_state::StateDigest, state_hash::StateHashes, tick::Tick};

use super::Prediction;

/// Digest of the state after the first bad tick.
pub(super) struct FirstBadDigest {
    tick: Tick,
    state: StateDigest,
}

impl Prediction {
    /// Finds the first tick whose confirmed state differs from the server's, and returns it with our hashes after it.
    /// `hashes` are the server's, from tick `first` on. States that were corrected meanwhile come first. Ticks that are not confirmed here, or no longer kept, are not
    /// compared. Keeps that state for [`fields`](Self::fields).
    pub fn find_first_bad(&mut self, first: Tick, hashes: &[u64]) -> Option<(Tick, StateHashes)> {
        if let Some(found) = self.find_in_replaced(first, hashes) {
            return Some(found);
        }
        let (tick, ours) = self.hashes.first_difference(first, hashes)?;
        let ours = ours.clone();
        let state = if tick.plus(1) == self.next_confirmed {
            self.rewind();
            self.save_confirmed();
            self.confirmed.as_ref().map(|state| self.simulation.states().digest(state))
        } else {
            self.state_digests.take_after(tick)
        };
        self.first_bad = state.map(|state| FirstBadDigest { tick, state });
        Some((tick, ours))
    }

    /// Finds it among the states before the last correction.
    fn find_in_replaced(&mut self, first: Tick, server: &[u64]) -> Option<(Tick, StateHashes)> {
        let (hashes, digests) = self.replaced.as_mut()?;
        let (tick, ours) = hashes.first_difference(first, server)?;
        let ours = ours.clone();
        self.first_bad = digests.take_after(tick).map(|state| FirstBadDigest { tick, state });
        Some((tick, ours))
    }

    /// Takes the fields of a component in the first bad state; none if that state is no longer known.
    pub fn fields(&mut self, tick: Tick, component: &str) -> Vec<Field> {
        let Some(first_bad) = self.first_bad.take_if(|first_bad| first_bad.tick == tick) else { return Vec::new() };
        let Some(index) = self.simulation.states().index(component) else { return Vec::new() };
        // The game's own code lists the fields, of a state that is known to be wrong.
        catch_unwind(AssertUnwindSafe(|| first_bad.state.fields(index))).unwrap_or_default()
    }
}

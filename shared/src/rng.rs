//! The room's random numbers: seeded, serialisable, the same on every machine.

use bevy::prelude::*;
use rand::{RngExt, SeedableRng, rand_core::Rng};
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};

use crate::{
    fields::{FieldList, FieldPath},
    room_state::StateValue,
    state_hash::StateHasher,
};

/// A deterministic random number generator (PCG-XSH-RR 64/32, O'Neill 2014).
///
/// As a room's component it is authoritative state: it is rolled back, hashed and sent with a snapshot.
#[derive(Component, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimRng {
    pcg: Pcg32,
    /// Numbers drawn so far. PCG hides its state; the seed is part of the opening snapshot, so the count stands for it.
    drawn: u64,
}

impl SimRng {
    /// A generator for this seed.
    pub fn new(seed: u64) -> Self {
        Self { pcg: Pcg32::seed_from_u64(seed), drawn: 0 }
    }

    /// The next 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.drawn += 1;
        self.pcg.next_u32()
    }

    /// A number in `0..below`; 0 when `below` is 0.
    pub fn below(&mut self, below: u32) -> u32 {
        self.drawn += 1;
        if below == 0 { 0 } else { self.pcg.random_range(0..below) }
    }

    /// A number in `low..high`, in steps of `(high - low) / 2^24`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        // 24 bits fill an f32's mantissa exactly, so this is the same arithmetic on every machine.
        low + (high - low) * ((self.bits() >> 8) as f32 / 16_777_216.0)
    }

    /// True once in `n` draws on average.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n.max(1)) == 0
    }
}

/// By hand, since PCG hides its state: the number that it would draw next stands for it.
impl StateValue for SimRng {
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u64(self.drawn);
        hasher.u32(self.pcg.clone().next_u32());
    }

    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(&path.field("drawn"), self.drawn);
        list.add_at(&path.field("next"), self.pcg.clone().next_u32());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_on_every_machine() {
        let mut rng = SimRng::new(7);
        let drawn: Vec<u32> = (0..4).map(|_| rng.bits()).collect();
        let again: Vec<u32> = {
            let mut rng = SimRng::new(7);
            (0..4).map(|_| rng.bits()).collect()
        };
        assert_eq!(drawn, again);
        assert!((0..1000).all(|_| rng.below(3) < 3));
        assert!((0..1000).all(|_| (-1.0..1.0).contains(&rng.between(-1.0, 1.0))));
    }
}

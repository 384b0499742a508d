//! Random numbers of a room: seeded, serialisable, and equal on every machine.

use bevy::prelude::*;
use rand::{RngExt, SeedableRng, rand_core::Rng};
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};

use crate::{
    fields::{FieldList, FieldPath},
    input::Entropy,
    room_state::StateValue,
    state_hash::StateHasher,
};

/// Deterministic random number generator (PCG-XSH-RR 64/32, O'Neill 2014).
///
/// As a component of a room it is authoritative state: it is rolled back, hashed and part of snapshots.
///
/// A game draws from the component itself: never from a clone of it, and it never assigns another generator to it. When
/// the server's entropy arrives late, a client undoes its prediction only if the component says that a number was
/// [drawn](Self::drawn). Numbers from elsewhere would stay as predicted, which is a desync.
#[derive(Component, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimRng {
    pcg: Pcg32,
    /// Numbers drawn so far; hashed and listed, because PCG does not expose its internal state.
    drawn: u64,
}

impl SimRng {
    /// Creates a generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self { pcg: Pcg32::seed_from_u64(seed), drawn: 0 }
    }

    /// Mixes fresh bits into the generator: later numbers depend on them and on all earlier bits.
    pub fn mix(&mut self, entropy: Entropy) {
        let state = u64::from(self.pcg.next_u32()) << 32 | u64::from(self.pcg.next_u32());
        self.pcg = Pcg32::seed_from_u64(state ^ u64::from(entropy.0));
    }

    /// Number of numbers drawn so far.
    pub const fn drawn(&self) -> u64 {
        self.drawn
    }

    /// Draws 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.drawn += 1;
        self.pcg.next_u32()
    }

    /// Draws a number in `0..below`; 0 if `below` is 0.
    pub fn below(&mut self, below: u32) -> u32 {
        self.drawn += 1;
        if below == 0 { 0 } else { self.pcg.random_range(0..below) }
    }

    /// Draws a number in `low..high`, in steps of `(high - low) / 2^24`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        // An f32 holds 24 bits exactly, so the arithmetic has the same result on every machine.
        low + (high - low) * ((self.bits() >> 8) as f32 / 16_777_216.0)
    }

    /// Draws `true` with a probability of 1 in `n`.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n.max(1)) == 0
    }
}

/// Written by hand: PCG does not expose its internal state, so the count and the next number represent it.
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

    /// The numbers here and below were computed by another program from the published algorithm. A change of them changes every match,
    /// and needs a new rules version of every game.
    #[test]
    fn a_seed_gives_its_golden_numbers_on_every_machine() {
        let drawn = |seed| {
            let mut rng = SimRng::new(seed);
            [(); 4].map(|()| rng.bits())
        };
        assert_eq!(drawn(7), [0x9191_5ee9, 0x18ae_1cbe, 0xa388_049d, 0xd219_3ac4]);
        assert_eq!(drawn(u64::MAX)[..2], [0x982f_997e, 0x513d_a686]);
    }

    #[test]
    fn ranges_have_their_golden_numbers_too() {
        let mut rng = SimRng::new(7);
        assert_eq!([(); 8].map(|()| rng.below(1000)), [568, 96, 638, 820, 552, 318, 156, 885]);
        assert_eq!([(); 3].map(|()| rng.between(-1.0, 1.0).to_bits()), [0xbf3b_35d2, 0x3f0c_c962, 0x3eb1_5860]);
        let ones = [true, false, false, false, true, true, true, false];
        assert_eq!([(); 8].map(|()| rng.one_in(2)), ones);
        assert_eq!((rng.below(0), rng.below(1), rng.one_in(0)), (0, 0, true));
    }

    #[test]
    fn mixed_bits_change_every_later_number_in_the_same_way_everywhere() {
        let mixed = |entropy| {
            let mut rng = SimRng::new(7);
            rng.mix(Entropy(entropy));
            [(); 2].map(|()| rng.bits())
        };
        assert_eq!(mixed(0), [0x134e_edf9, 0x6543_8c18]);
        assert_eq!(mixed(1), [0x3286_d083, 0x6acc_1b5c]);
    }

    #[test]
    fn every_number_of_a_range_is_drawn_and_no_other() {
        let mut rng = SimRng::new(8);
        let mut counts = [0; 3];
        (0..3000).for_each(|_| counts[rng.below(3) as usize] += 1);
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
        let drawn: Vec<f32> = (0..3000).map(|_| rng.between(-1.0, 3.0)).collect();
        assert!(drawn.iter().all(|number| (-1.0..3.0).contains(number)));
        assert!((drawn.iter().sum::<f32>() / 3000.0 - 1.0).abs() < 0.1);
    }
}

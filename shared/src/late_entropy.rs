//! Entropy that becomes known after its tick was predicted.
//!
//! A predicted frame has no entropy. As long as no number was drawn since, only the room's generator differs: mixing the
//! entropy in afterwards gives the same states as simulating the ticks again.

use crate::{input::Entropy, rng::SimRng, room_state::RoomSnapshot, simulation::Simulation};

/// Mixes the entropy into a saved state. No number may have been drawn since the tick of the entropy.
pub fn mix_into_saved(state: &mut RoomSnapshot, entropy: Entropy) {
    if let Some(rng) = state.get_mut::<SimRng>() {
        rng.mix(entropy);
    }
}

/// Mixes the entropy into the simulation's present state. No number may have been drawn since the tick of the entropy.
pub fn mix_into_present(simulation: &mut Simulation, entropy: Entropy) {
    if let Some(mut rng) = simulation.present().get_mut::<SimRng>() {
        rng.mix(entropy);
    }
}

#[cfg(test)]
mod tests {
    use bevy::prelude::*;

    use super::*;
    use crate::{
        input::Frame,
        sim::MatchSetup,
        test_game::TestGame,
        tick::{SimRate, Tick},
    };

    #[test]
    fn late_entropy_gives_the_state_and_the_hashes_of_entropy_in_time() {
        let setup = MatchSetup { seed: 3, map: String::new(), seats: 2, rate: SimRate::DEFAULT };
        let entropy = Entropy(99);
        let (mut in_time, mut late) = (Simulation::new(TestGame), Simulation::new(TestGame));
        in_time.open(&setup);
        late.open(&setup);
        in_time.step(&Frame { entropy: Some(entropy), ..default() });
        late.step(&Frame::default());
        let mut saved = RoomSnapshot::default();
        late.save(&mut saved);
        assert_ne!(late.hashes(), in_time.hashes());
        mix_into_saved(&mut saved, entropy);
        mix_into_present(&mut late, entropy);
        assert_eq!((late.hashes(), late.states().hashes_of(&saved)), (in_time.hashes(), in_time.hashes()));
        assert_eq!(late.encode(), in_time.encode());
        late.restore(&saved);
        let next = Frame { tick: Tick(1), ..default() };
        in_time.step(&next);
        late.step(&next);
        assert_eq!(late.hashes(), in_time.hashes());
    }
}

//! A game for the tests of this crate: one sum for each slot of all inputs, joins and random numbers.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    game::Game,
    ids::{SLOTS_MAX, Slot, slots_in},
    input::{Frame, Input},
    rng::SimRng,
    room_state::{AddRoomState, RoomState},
    score::Scoreboard,
    sim::{MatchSetup, Rooms, Roster, SimSet, SimTick},
};

/// Length of a match, in ticks.
const TICKS: u32 = 3000;

#[derive(Component, Clone, Default, Serialize, Deserialize, RoomState)]
struct Sums([u64; SLOTS_MAX]);

/// The test game.
#[derive(Clone, Copy)]
pub struct TestGame;

impl Game for TestGame {
    fn id(&self) -> &'static str {
        "test"
    }

    fn build(&self, app: &mut App) {
        app.add_room_state::<Sums>("sums");
        app.add_systems(SimTick, (add_up.in_set(SimSet::Move), score.in_set(SimSet::Score)));
    }

    fn open_match(&self, room: &mut EntityWorldMut, _: &MatchSetup) {
        room.insert(Sums::default());
    }

    fn maps(&self, _: &World) -> Vec<String> {
        vec!["plain".to_owned()]
    }

    fn bot_input(&self, _: EntityRef, _: Slot, _: Input, rng: &mut SimRng) -> Input {
        Input([rng.below(3) as u8, rng.below(8) as u8, 0, 0, 0, 0, 0, 0])
    }
}

fn add_up(mut rooms: Rooms<(&Frame, &Roster, &mut SimRng, &mut Sums)>) {
    rooms.for_each_room(|(frame, roster, mut rng, mut sums)| {
        for slot in slots_in(roster.seated) {
            let sum = &mut sums.0[slot.index()];
            *sum = sum.wrapping_mul(31).wrapping_add(u64::from_le_bytes(frame.inputs[slot.index()].0));
            *sum ^= u64::from(rng.bits());
        }
    });
}

fn score(mut rooms: Rooms<(&Frame, &mut Scoreboard)>) {
    rooms.for_each_room(|(frame, mut scores)| scores.over = frame.tick.0 + 1 >= TICKS);
}

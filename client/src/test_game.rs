//! A minimal game for this crate's tests: every input, join and random number changes one sum per slot.

use std::sync::Arc;

use bevy::prelude::*;
use framehouse_shared::{
    game::Game,
    ids::{SLOTS_MAX, Slot, slots_in},
    input::{Frame, Input},
    rng::SimRng,
    room_state::{AddRoomState, RoomState},
    score::Scoreboard,
    sim::{MatchSetup, Rooms, Roster, SimSet, SimTick},
    simulation::Simulation,
};
use serde::{Deserialize, Serialize};

use crate::client::MakeSimulation;

/// Length of the test game's match, in ticks.
pub const TEST_GAME_TICKS: u32 = 240;

/// First byte of an input that makes the test game panic.
pub const POISON: u8 = 0xff;

/// Index of the input byte in which the test game's bot counts.
pub const COUNTER: usize = 3;

#[derive(Component, Clone, Default, Serialize, Deserialize, RoomState)]
pub struct Sums(#[room_state(name = "sum")] [u64; SLOTS_MAX]);

impl Sums {
    /// A position that differs for almost every other sum.
    fn position(&self, slot: Slot) -> Vec2 {
        Vec2::new((self.0[slot.index()] % 1000) as f32, 0.0)
    }
}

#[derive(Clone)]
pub struct TestGamePlugin;

impl Game for TestGamePlugin {
    fn id(&self) -> &'static str {
        "toy"
    }

    fn players_max(&self) -> u8 {
        4
    }

    fn build(&self, app: &mut App) {
        app.add_room_state::<Sums>("sums");
        app.add_systems(SimTick, (add_up.in_set(SimSet::Move), score.in_set(SimSet::Score)));
    }

    fn open_match(&self, room: &mut EntityWorldMut, _: &MatchSetup) {
        room.insert(Sums::default());
    }

    fn missing_input(&self, last: Input) -> Input {
        Input([last.0[0], 0, 0, 0, 0, 0, 0, 0])
    }

    fn bot_input(&self, _: EntityRef, _: Slot, last: Input, rng: &mut SimRng) -> Input {
        Input([rng.below(3) as u8, rng.below(8) as u8 / 7, 0, counted_on(last), 0, 0, 0, 0])
    }

    fn view_position(&self, room: EntityRef, slot: Slot) -> Option<Vec2> {
        room.get::<Sums>().map(|sums| sums.position(slot))
    }

    fn noticed_jump(&self) -> f32 {
        1.0
    }
}

/// Increments a counter that is not zero: shows whether the bot is told of every previous input.
fn counted_on(last: Input) -> u8 {
    match last.0[COUNTER] {
        0 => 0,
        count => count % 200 + 1,
    }
}

fn add_up(mut rooms: Rooms<(&Frame, &Roster, &mut SimRng, &mut Sums)>) {
    rooms.for_each_room(|(frame, roster, mut rng, mut sums)| {
        for slot in slots_in(roster.seated) {
            let input = frame.inputs[slot.index()].0;
            assert_ne!(input[0], POISON, "the test asked for a panic");
            let sum = &mut sums.0[slot.index()];
            *sum = sum.wrapping_mul(31).wrapping_add(u64::from_le_bytes(input)) ^ u64::from(rng.bits());
        }
        for command in &frame.commands {
            let sum = &mut sums.0[command.slot.index()];
            *sum = command.bytes.iter().fold(*sum, |sum, byte| sum.wrapping_mul(37).wrapping_add(u64::from(*byte)));
        }
    });
}

fn score(mut rooms: Rooms<(&Frame, &mut Scoreboard)>) {
    rooms.for_each_room(|(frame, mut scores)| scores.over = frame.tick.0 + 1 >= TEST_GAME_TICKS);
}

pub fn test_game() -> MakeSimulation {
    Arc::new(|| Simulation::new(TestGamePlugin))
}

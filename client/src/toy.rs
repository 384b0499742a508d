//! A game of thirty lines for this crate's own tests: every input, join and random number ends up in one sum a slot.

use std::sync::Arc;

use bevy::prelude::*;
use framehouse_shared::{
    fields::FieldList,
    ids::{SLOTS_MAX, Slot, slots_in},
    input::{Frame, Input},
    rng::SimRng,
    room_state::AddRoomState,
    score::Scoreboard,
    sim::{GameInfo, Rooms, Roster, SimSet, SimTick, ViewInfo},
    simulation::Simulation,
    state_hash::{StateHash, StateHasher},
};
use serde::{Deserialize, Serialize};

use crate::client::MakeSimulation;

/// The toy's match is over after so many ticks.
pub const TOY_TICKS: u32 = 240;

/// An input with this first byte makes the toy panic.
pub const POISON: u8 = 0xff;

#[derive(Component, Clone, Default, Serialize, Deserialize)]
pub struct Sums([u64; SLOTS_MAX]);

impl Sums {
    /// A place that another sum is hardly ever seen at.
    fn place(&self, slot: Slot) -> Vec2 {
        Vec2::new((self.0[slot.index()] % 1000) as f32, 0.0)
    }

    pub fn list_fields(&self, list: &mut FieldList) {
        Slot::all().for_each(|slot| list.add(slot, "sum", self.0[slot.index()]));
    }
}

impl StateHash for Sums {
    fn state_hash(&self, hasher: &mut StateHasher) {
        self.0.iter().for_each(|sum| hasher.u64(*sum));
    }
}

#[derive(Clone)]
pub struct ToyPlugin;

impl Plugin for ToyPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(GameInfo {
            id: "toy",
            rules_version: 1,
            players_max: 4,
            missing_input: |previous| Input([previous.0[0], 0, 0, 0, 0, 0, 0, 0]),
            maps: |_| Vec::new(),
            open_match: |room, _| {
                room.insert(Sums::default());
            },
            bot_input: |_, _, _, rng| Input([rng.below(3) as u8, rng.below(8) as u8 / 7, 0, 0, 0, 0, 0, 0]),
            bot_command: |_, _, _| None,
            load_rules: |_, _| Ok(()),
            view: Some(ViewInfo { place: |room, slot| room.get::<Sums>().map(|sums| sums.place(slot)), noticed: 1.0 }),
        });
        app.add_room_state::<Sums>("sums").list_fields(Sums::clone, Sums::list_fields);
        app.add_systems(SimTick, (add_up.in_set(SimSet::Move), score.in_set(SimSet::Score)));
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
    rooms.for_each_room(|(frame, mut scores)| scores.over = frame.tick.0 + 1 >= TOY_TICKS);
}

pub fn toy() -> MakeSimulation {
    Arc::new(|| Simulation::new(ToyPlugin))
}

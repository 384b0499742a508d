//! A second game, as small as the seam allows: whoever presses most often wins.

#[cfg(feature = "window")]
mod view;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{SLOTS_MAX, slots_in},
    input::{Frame, Input},
    rng::SimRng,
    room_state::AddRoomState,
    score::Scoreboard,
    sim::{GameInfo, Rooms, Roster, SimSet, SimTick},
    state_hash::{StateHash, StateHasher},
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "window")]
pub use view::TinyView;

/// How long a match takes, in ticks, unless a test says otherwise.
pub const MATCH_TICKS: u32 = 900;
/// How long a match takes, in ticks. Clients that simulate have to have the same.
#[derive(Resource, Clone, Copy, Debug)]
pub struct MatchTicks(pub u32);
/// The button: an edge in the last byte.
pub const PRESS: Input = Input([0, 0, 0, 0, 0, 0, 0, 1]);
/// A luck that makes the game panic in the room that has it.
pub const BROKEN_LUCK: u64 = u64::MAX;

/// Presses by slot, and a luck that the room's random numbers add.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presses {
    /// Presses so far.
    pub count: [u32; SLOTS_MAX],
    /// One more random number for every press.
    pub luck: u64,
}

impl StateHash for Presses {
    fn state_hash(&self, hasher: &mut StateHasher) {
        self.count.iter().for_each(|count| hasher.u32(*count));
        hasher.u64(self.luck);
    }
}

/// The game.
#[derive(Clone, Copy, Debug, Default)]
pub struct TinyPlugin;

impl Plugin for TinyPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(GameInfo {
            id: "tiny",
            rules_version: 1,
            players_max: 16,
            missing_input: |held| {
                Input([held.0[0], held.0[1], held.0[2], held.0[3], held.0[4], held.0[5], held.0[6], 0])
            },
            maps: |_| Vec::new(),
            open_match: |room, _| {
                room.insert(Presses::default());
            },
            bot_input: |_, _, _, rng| Input([rng.below(4) as u8, 0, 0, 0, 0, 0, 0, u8::from(rng.one_in(5))]),
            bot_command: |_, _, _| None,
            load_rules: |_, _| Ok(()),
            view: None,
        });
        app.insert_resource(MatchTicks(MATCH_TICKS)).add_room_state::<Presses>("presses");
        app.add_systems(SimTick, (count_presses.in_set(SimSet::Apply), keep_score.in_set(SimSet::Score)));
    }
}

fn count_presses(mut rooms: Rooms<(&Frame, &Roster, &mut SimRng, &mut Presses)>) {
    rooms.for_each_room(|(frame, roster, mut rng, mut presses)| {
        assert_ne!(presses.luck, BROKEN_LUCK, "a test wants this room to panic");
        for slot in slots_in(roster.seated) {
            if frame.inputs[slot.index()].0[7] == 1 {
                presses.count[slot.index()] += 1;
                presses.luck = presses.luck.rotate_left(7) ^ u64::from(rng.bits());
            }
        }
    });
}

fn keep_score(length: Res<MatchTicks>, mut rooms: Rooms<(&Frame, &Presses, &mut Scoreboard)>) {
    rooms.for_each_room(|(frame, presses, mut scores)| {
        for slot in framehouse_shared::ids::Slot::all() {
            scores.set(slot, i64::from(presses.count[slot.index()]), [0; 16], frame.tick);
        }
        scores.over = frame.tick.0 + 1 >= length.0;
    });
}

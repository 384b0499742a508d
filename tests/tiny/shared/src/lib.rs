//! Rules of the tiny game: the player with the most presses of a button wins. Copy this crate to begin your own game.

use bevy::prelude::*;
use framehouse_shared::{
    game::Game,
    ids::{SLOTS_MAX, Slot, slots_in},
    input::{Frame, Input},
    rng::SimRng,
    room_state::{AddRoomState, RoomState},
    score::Scoreboard,
    sim::{MatchSetup, Rooms, Roster, SimSet, SimTick},
    tick::SimRate,
    web_view::ViewWriter,
};
use serde::{Deserialize, Serialize};

/// Default length of a match, in seconds.
pub const MATCH_SECONDS: f64 = 30.0;
/// Length of a match, in seconds. Server and simulating clients must have the same.
#[derive(Resource, Clone, Copy, Debug)]
pub struct MatchSeconds(pub f64);
/// The input of a press: 1 in the last byte.
pub const PRESS: Input = Input([0, 0, 0, 0, 0, 0, 0, 1]);
/// Value of [`Presses::luck`] that makes the game panic, for tests.
pub const BROKEN_LUCK: u64 = u64::MAX;

/// State of a match: presses by slot, and a number that depends on the room's random numbers.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct Presses {
    /// Number of presses so far.
    pub count: [u32; SLOTS_MAX],
    /// Mixed with one random number at every press.
    pub luck: u64,
}

/// The tiny game.
#[derive(Clone, Copy, Debug, Default)]
pub struct TinyPlugin;

impl Game for TinyPlugin {
    fn id(&self) -> &'static str {
        "tiny"
    }

    fn build(&self, app: &mut App) {
        app.insert_resource(MatchSeconds(MATCH_SECONDS)).add_room_state::<Presses>("presses");
        app.add_systems(SimTick, (count_presses.in_set(SimSet::Apply), keep_score.in_set(SimSet::Score)));
    }

    fn open_match(&self, room: &mut EntityWorldMut, _: &MatchSetup) {
        room.insert(Presses::default());
    }

    /// Clears the press: a missing input does not repeat it.
    fn missing_input(&self, last: Input) -> Input {
        let mut held = last;
        held.0[7] = 0;
        held
    }

    fn bot_input(&self, _: EntityRef, _: Slot, _: Input, rng: &mut SimRng) -> Input {
        Input([rng.below(4) as u8, 0, 0, 0, 0, 0, 0, u8::from(rng.one_in(5))])
    }

    fn web_view(&self, room: EntityRef, view: &mut ViewWriter) {
        let (Some(presses), Some(roster)) = (room.get::<Presses>(), room.get::<Roster>()) else { return };
        for slot in slots_in(roster.ever_seated) {
            view.u8(slot.into());
            view.u32(presses.count[slot.index()]);
        }
    }

    fn web_module(&self) -> Option<&'static str> {
        Some(include_str!("view.js"))
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

fn keep_score(length: Res<MatchSeconds>, mut rooms: Rooms<(&Frame, &SimRate, &Presses, &mut Scoreboard)>) {
    rooms.for_each_room(|(frame, rate, presses, mut scores)| {
        for slot in Slot::all() {
            scores.set(slot, i64::from(presses.count[slot.index()]), [0; 16], frame.tick);
        }
        scores.over = frame.tick.0 + 1 >= rate.ticks(length.0);
    });
}

//! Scores as the engine sees them: it orders by points, the game names and decodes the detail.

use std::cmp::Reverse;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{SLOTS_MAX, Slot, SlotMask, slots_in},
    room_state::RoomState,
    tick::Tick,
};

/// One player's score at a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct ScoreFrame {
    /// What players are ranked by, highest first.
    pub points: i64,
    /// The tick at which `points` last changed: who had a score first wins a tie.
    pub since: Tick,
    /// The game's own numbers (combo, accuracy, ..), decoded by the game.
    pub detail: [u8; 16],
}

/// Everybody's score and whether the match goes on: the only thing that phases, leaderboards and results read of a game.
///
/// Engine-owned room state; the game writes it in `SimSet::Score` through [`Scoreboard::set`].
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct Scoreboard {
    /// Scores by slot. A slot keeps its score after its player left, until someone else takes it.
    #[room_state(name = "")]
    pub slots: [ScoreFrame; SLOTS_MAX],
    /// The slots that have finished the match.
    #[room_state(mask)]
    pub finished: SlotMask,
    /// Whether the match is over for everybody.
    pub over: bool,
}

impl Scoreboard {
    /// Sets a slot's score at `tick`; the tick is kept as the score's age only when the points changed.
    pub fn set(&mut self, slot: Slot, points: i64, detail: [u8; 16], tick: Tick) {
        let frame = &mut self.slots[slot.index()];
        if frame.points != points {
            frame.since = tick;
        }
        frame.points = points;
        frame.detail = detail;
    }

    /// The slots of `mask`, best first: by points, then by who had them earlier, then by slot.
    pub fn ranking(&self, mask: SlotMask) -> Vec<Slot> {
        let mut slots: Vec<Slot> = slots_in(mask).collect();
        slots.sort_by_key(|slot| {
            let frame = &self.slots[slot.index()];
            (Reverse(frame.points), frame.since, *slot)
        });
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_goes_to_the_earlier_score() {
        let mut board = Scoreboard::default();
        let slot = |n| Slot::new(n).expect("in range");
        board.set(slot(0), 10, [0; 16], Tick(9));
        board.set(slot(1), 10, [0; 16], Tick(5));
        board.set(slot(1), 10, [1; 16], Tick(20));
        board.set(slot(2), 30, [0; 16], Tick(30));
        assert_eq!(board.ranking(0b111).iter().map(|s| u8::from(*s)).collect::<Vec<_>>(), [2, 1, 0]);
    }
}

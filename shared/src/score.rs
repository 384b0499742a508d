//! Scores. The engine ranks players by points; the game defines and decodes the detail.

use std::cmp::Reverse;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{SLOTS_MAX, Slot, SlotMask, slots_in},
    room_state::RoomState,
    tick::Tick,
};

/// Score of one player at a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct ScoreFrame {
    /// Points; the ranking is by points, highest first.
    pub points: i64,
    /// Tick at which `points` last changed. The earlier one wins a tie.
    pub since: Tick,
    /// The game's own numbers (combo, accuracy, ..), encoded and decoded by the game.
    pub detail: [u8; 16],
}

/// Scores of all players and whether the match is over. Phases, leaderboards and results read nothing else of a game.
///
/// A component of the engine's state; the game writes it in `SimSet::Score` through [`Scoreboard::set`].
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct Scoreboard {
    /// Scores by slot. A slot keeps its score after its player left, until another player takes it.
    #[room_state(name = "")]
    pub slots: [ScoreFrame; SLOTS_MAX],
    /// Slots of players that have finished the match.
    #[room_state(mask)]
    pub finished: SlotMask,
    /// Whether the match is over for all players.
    pub over: bool,
}

impl Scoreboard {
    /// Sets the score of a slot at `tick`. `ScoreFrame::since` becomes `tick` only if the points changed.
    pub fn set(&mut self, slot: Slot, points: i64, detail: [u8; 16], tick: Tick) {
        let frame = &mut self.slots[slot.index()];
        if frame.points != points {
            frame.since = tick;
        }
        frame.points = points;
        frame.detail = detail;
    }

    /// Slots of `mask`, best first: by points, then by the earlier `since`, then by slot.
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

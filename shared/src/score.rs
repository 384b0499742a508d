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

/// Maximum number of points of a [`ScoreCurve`].
pub const CURVE_POINTS_MAX: usize = 64;

/// Score curve of one player in a match: at most [`CURVE_POINTS_MAX`] pairs of a tick and the points after it, oldest
/// first.
///
/// Stored and encoded as differences, most of which take two bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreCurve(Vec<(u32, i64)>);

impl ScoreCurve {
    /// A curve through these points, oldest first. From more than [`CURVE_POINTS_MAX`] it takes the first, the last and
    /// evenly spaced ones between them.
    pub fn new(points: &[(Tick, i64)]) -> Self {
        let kept = points.len().min(CURVE_POINTS_MAX);
        let index = |position: usize| position * (points.len() - 1) / (kept - 1).max(1);
        let mut before = (Tick(0), 0_i64);
        let step = |position: usize| {
            let point = points[index(position)];
            let step = (point.0.since(before.0), point.1.wrapping_sub(before.1));
            before = point;
            step
        };
        Self((0..kept).map(step).collect())
    }

    /// The points, oldest first.
    pub fn points(&self) -> impl Iterator<Item = (Tick, i64)> {
        self.0.iter().scan((Tick(0), 0_i64), |at, (ticks, points)| {
            *at = (Tick(at.0.0.wrapping_add(*ticks)), at.1.wrapping_add(*points));
            Some(*at)
        })
    }

    /// Whether the curve has at most [`CURVE_POINTS_MAX`] points, with ticks that fit into a `u32`.
    pub(crate) fn is_sane(&self) -> bool {
        let ticks = self.0.iter().map(|(ticks, _)| u64::from(*ticks)).sum::<u64>();
        self.0.len() <= CURVE_POINTS_MAX && ticks <= u64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn a_curve_with_too_many_points_keeps_both_ends() {
        let points: Vec<(Tick, i64)> = (0..1000).map(|n| (Tick(6 * n), i64::from(n) - 500)).collect();
        let curve: Vec<(Tick, i64)> = ScoreCurve::new(&points).points().collect();
        assert_eq!((curve.len(), curve.first(), curve.last()), (CURVE_POINTS_MAX, points.first(), points.last()));
        assert!(curve.windows(2).all(|pair| (90..=96).contains(&pair[1].0.since(pair[0].0))), "{curve:?}");
        assert!(ScoreCurve::new(&[]).points().next().is_none());
    }

    proptest! {
        #[test]
        fn a_curve_reads_back(ticks in proptest::collection::btree_set(any::<u32>(), 0..=CURVE_POINTS_MAX), points: [i64; 4]) {
            let points: Vec<(Tick, i64)> = ticks.into_iter().map(Tick).zip(points.into_iter().cycle()).collect();
            let curve = ScoreCurve::new(&points);
            prop_assert!(curve.is_sane());
            prop_assert_eq!(curve.points().collect::<Vec<_>>(), points);
        }
    }
}

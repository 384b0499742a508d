//! Points, combos, and the other numbers on the scoreboard.

use bevy::prelude::*;
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot, SlotMask, slots_in},
    room_state::RoomState,
    score::Scoreboard,
    tick::{SimRate, Tick},
};
use serde::{Deserialize, Serialize};

use super::{
    numbers::ComboNumbers,
    pickups::{Gem, GemKind, Pickups},
    rules::MatchRules,
};

/// Scores of all players, by slot. A slot keeps its score after its player left, until another player takes it.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub struct Scores(pub [PlayerScore; SLOTS_MAX]);

/// Score of one player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, RoomState)]
#[room_state(order(points, combo_ends, combo, combo_best, gems, shots, hits, hits_taken))]
pub struct PlayerScore {
    /// Points; the ranking is by points.
    pub points: u32,
    /// Current combo, in gems.
    pub combo: u16,
    /// Longest combo of the match, in gems.
    pub combo_best: u16,
    /// Tick in which the combo ends.
    pub combo_ends: Tick,
    /// Number of gems taken.
    pub gems: u16,
    /// Number of sparks fired.
    pub shots: u16,
    /// Number of sparks that hit another craft.
    pub hits: u16,
    /// Number of hits received that cost points.
    pub hits_taken: u16,
}

impl PlayerScore {
    /// Adds a gem and returns its points.
    pub fn take(&mut self, gem: &Gem, numbers: &ComboNumbers, tick: Tick) -> u32 {
        self.combo = self.combo.saturating_add(1);
        self.combo_best = self.combo_best.max(self.combo);
        self.combo_ends = tick.plus(numbers.window);
        self.gems = self.gems.saturating_add(1);
        let multiplier = if gem.kind == GemKind::Dropped { 1 } else { multiplier(self.combo, numbers) };
        let points = u32::from(gem.value) * u32::from(multiplier);
        self.points = self.points.saturating_add(points);
        points
    }

    /// Points that a hit takes: a fraction of the points, at least the minimum, at most all.
    pub fn loss(&self, rules: &MatchRules) -> u32 {
        let numbers = &rules.numbers.loss;
        let share = u64::from(self.points) * u64::from(numbers.percent) / 100;
        // A fraction of a u32 fits into a u32.
        (share as u32).max(numbers.points_min.into()).min(self.points)
    }

    /// Hits per shot, in thousandths.
    pub fn accuracy_permille(&self) -> u16 {
        // A spark hits at most once, so there are never more hits than shots.
        (u32::from(self.hits) * 1000).checked_div(self.shots.into()).unwrap_or(0).min(1000) as u16
    }

    fn detail(&self, tick: Tick) -> ArenaDetail {
        ArenaDetail {
            combo: self.combo,
            combo_best: self.combo_best,
            combo_ticks_left: self.combo_ends.since(tick).min(u16::MAX.into()) as u16,
            gems: self.gems,
            shots: self.shots,
            hits: self.hits,
            hits_taken: self.hits_taken,
            accuracy_permille: self.accuracy_permille(),
        }
    }
}

/// Multiplier of a gem's value at this combo.
pub fn multiplier(combo: u16, numbers: &ComboNumbers) -> u16 {
    (1 + combo.saturating_sub(1) / numbers.step.max(1)).min(numbers.multiplier_max)
}

/// Ends the combos whose time has passed.
pub fn end_combos(scores: &mut Scores, tick: Tick) {
    for score in &mut scores.0 {
        if tick >= score.combo_ends {
            score.combo = 0;
        }
    }
}

/// Writes all scores to the engine's scoreboard, and whether the match time is over.
pub fn write_scoreboard(board: &mut Scoreboard, scores: &Scores, seats: SlotMask, rules: &MatchRules, tick: Tick) {
    for slot in slots_in(seats) {
        let score = &scores.0[slot.index()];
        board.set(slot, score.points.into(), score.detail(tick).encode(), tick);
    }
    if tick.plus(1).0 >= rules.numbers.match_time {
        board.over = true;
        board.finished = seats;
    }
}

/// Upper bound of the points that one player can gain in the next second: the player collects every gem that exists or
/// may appear, at the highest multiplier, and every dropped gem, including all points that players could still drop.
pub fn points_per_second_max(rules: &MatchRules, pickups: &Pickups, scores: &Scores, rate: SimRate) -> i64 {
    let (gem, second) = (&rules.numbers.gem, rate.ticks(1.0));
    let spawns = second / (gem.spawn_every / SLOTS_MAX as u32).max(1) + 1 + gem.opening_count;
    let jackpots = second / gem.jackpot_every.max(1) + 1;
    let appearing = i64::from(spawns) * i64::from(gem.value_edge.max(gem.value_center))
        + i64::from(jackpots) * i64::from(gem.jackpot_value);
    let worth = |is_dropped: bool| -> i64 {
        let gems = pickups.gems.iter().filter(|gem| (gem.kind == GemKind::Dropped) == is_dropped);
        gems.map(|gem| i64::from(gem.value)).sum()
    };
    let owned: i64 = scores.0.iter().map(|score| i64::from(score.points)).sum();
    (appearing + worth(false)) * i64::from(rules.numbers.combo.multiplier_max) + worth(true) + owned
}

/// Content of [`ScoreFrame::detail`](framehouse_shared::score::ScoreFrame): the numbers beside the points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaDetail {
    /// Current combo, in gems.
    pub combo: u16,
    /// Longest combo of the match, in gems.
    pub combo_best: u16,
    /// Ticks until the combo ends.
    pub combo_ticks_left: u16,
    /// Number of gems taken.
    pub gems: u16,
    /// Number of sparks fired.
    pub shots: u16,
    /// Number of sparks that hit another craft.
    pub hits: u16,
    /// Number of hits received that cost points.
    pub hits_taken: u16,
    /// Hits per shot, in thousandths.
    pub accuracy_permille: u16,
}

impl ArenaDetail {
    /// Decodes the detail of a score.
    pub fn decode(detail: [u8; 16]) -> Self {
        let (numbers, _) = detail.as_chunks::<2>();
        let number = |place: usize| u16::from_le_bytes(numbers[place]);
        Self {
            combo: number(0),
            combo_best: number(1),
            combo_ticks_left: number(2),
            gems: number(3),
            shots: number(4),
            hits: number(5),
            hits_taken: number(6),
            accuracy_permille: number(7),
        }
    }

    /// Encodes the numbers as the detail of a score.
    pub fn encode(self) -> [u8; 16] {
        let numbers = [
            self.combo,
            self.combo_best,
            self.combo_ticks_left,
            self.gems,
            self.shots,
            self.hits,
            self.hits_taken,
            self.accuracy_permille,
        ];
        let mut bytes = [0; 16];
        for (place, number) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        bytes
    }
}

impl Scores {
    /// Score of a slot.
    pub fn of(&self, slot: Slot) -> &PlayerScore {
        &self.0[slot.index()]
    }

    /// Score of a slot, mutable.
    pub fn of_mut(&mut self, slot: Slot) -> &mut PlayerScore {
        &mut self.0[slot.index()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::rules::ArenaLibrary, *};

    fn gem(value: u16, kind: GemKind) -> Gem {
        Gem { id: 0, kind, value, position: Vec2::ZERO, velocity: Vec2::ZERO, free: Tick(0), fades: Tick(9) }
    }

    #[test]
    fn a_combo_multiplies_field_gems_and_not_dropped_ones() {
        let numbers = ComboNumbers { window: 60, step: 2, multiplier_max: 3 };
        let mut score = PlayerScore::default();
        let points: Vec<u32> = (0..7).map(|n| score.take(&gem(10, GemKind::Field), &numbers, Tick(n))).collect();
        assert_eq!(points, [10, 10, 20, 20, 30, 30, 30]);
        assert_eq!(score.take(&gem(10, GemKind::Dropped), &numbers, Tick(7)), 10);
        assert_eq!((score.combo, score.combo_ends), (8, Tick(67)));
    }

    #[test]
    fn a_combo_ends_with_its_window() {
        let mut scores = Scores::default();
        scores.0[3] = PlayerScore { combo: 4, combo_ends: Tick(10), ..default() };
        end_combos(&mut scores, Tick(9));
        assert_eq!(scores.0[3].combo, 4);
        end_combos(&mut scores, Tick(10));
        assert_eq!(scores.0[3].combo, 0);
    }

    #[test]
    fn nobody_loses_more_than_they_have() {
        let rules = ArenaLibrary::embedded().rules_for("", SimRate::DEFAULT);
        let loss = |points| PlayerScore { points, ..default() }.loss(&rules);
        assert_eq!((loss(0), loss(3), loss(20), loss(1000)), (0, 3, 6, 120));
        assert!(loss(u32::MAX) < u32::MAX);
    }

    #[test]
    fn the_bound_of_a_second_grows_with_gems_and_points() {
        let rules = ArenaLibrary::embedded().rules_for("", SimRate::DEFAULT);
        let (mut pickups, mut scores) = (Pickups::default(), Scores::default());
        let most =
            |pickups: &Pickups, scores: &Scores| points_per_second_max(&rules, pickups, scores, SimRate::DEFAULT);
        // A gem every second tick, the gems of the opening and a jackpot, all at the multiplier of five.
        assert_eq!(most(&pickups, &scores), (30 * 6 + 20) * 5);
        pickups.gems = vec![gem(4, GemKind::Field), gem(7, GemKind::Dropped)];
        scores.0[2].points = 100;
        assert_eq!(most(&pickups, &scores), (30 * 6 + 20 + 4) * 5 + 7 + 100);
    }

    proptest! {
        #[test]
        fn a_detail_reads_back(bytes: [u8; 16]) {
            prop_assert_eq!(ArenaDetail::decode(bytes).encode(), bytes);
        }
    }
}

//! The budget of prediction: no more ticks than can be simulated again in one rendered frame after a wrong guess.

use std::{collections::VecDeque, time::Duration};

use framehouse_shared::tick::SimRate;

use super::{predicted_ticks_max, resimulated_ticks_max};

/// The time for simulating again in one rendered frame: half a frame at 60 Hz.
const FRAME_TIME: Duration = Duration::from_millis(8);
/// The cost of a tick is the lowest of this many measurements: other processes may interrupt one, overload slows all.
const SAMPLES_MAX: usize = 8;
/// Hysteresis of the throttle, in seconds: 1 tick at 10 Hz, 2 at 30 Hz, 8 at 120 Hz.
const HYSTERESIS_SECONDS: f64 = 0.067;

/// The budget of one client, from reported simulation costs.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// The last measured costs of one tick.
    costs: VecDeque<Duration>,
    ticks: u32,
    is_throttled: bool,
    resimulated_max: u32,
    predicted_max: u32,
    hysteresis: u32,
}

impl Budget {
    /// The largest budget at a room's tick rate.
    pub fn new(rate: SimRate) -> Self {
        let resimulated_max = resimulated_ticks_max(rate);
        Self {
            costs: VecDeque::new(),
            ticks: resimulated_max,
            is_throttled: false,
            resimulated_max,
            predicted_max: predicted_ticks_max(rate),
            hysteresis: rate.ticks_min_1(HYSTERESIS_SECONDS),
        }
    }

    /// Maximum number of ticks that may be simulated again in one rendered frame, at least 1.
    pub const fn ticks(&self) -> u32 {
        self.ticks
    }

    /// Reports the time that simulating `ticks` ticks took.
    pub fn note_cost(&mut self, ticks: u32, took: Duration) {
        let Some(cost) = took.checked_div(ticks) else { return };
        if self.costs.len() == SAMPLES_MAX {
            self.costs.pop_front();
        }
        self.costs.push_back(cost);
        let best = self.costs.iter().min().copied().unwrap_or_default();
        let affordable = FRAME_TIME.as_nanos() / best.as_nanos().max(1);
        let affordable = u32::try_from(affordable).unwrap_or(u32::MAX).max(1);
        if affordable < self.ticks || affordable >= self.ticks + self.hysteresis {
            self.ticks = affordable.min(self.resimulated_max);
        }
    }

    /// Reports wrongly predicted ticks, which have to be simulated again; too many start the throttle.
    pub fn note_undone(&mut self, ticks: u32) {
        self.is_throttled |= ticks > self.ticks;
    }

    /// The number of ticks to predict beyond the last confirmed one when `wanted` are requested.
    pub fn depth(&mut self, wanted: u32) -> u32 {
        self.is_throttled &= wanted + self.hysteresis > self.ticks;
        if self.is_throttled { self.ticks } else { self.predicted_max }
    }

    /// Whether prediction is throttled.
    pub const fn is_throttled(&self) -> bool {
        self.is_throttled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESIMULATED_TICKS_MAX: u32 = 8;
    const PREDICTED_TICKS_MAX: u32 = 64;

    fn told(budget: &mut Budget, micros: u64) -> u32 {
        (0..SAMPLES_MAX).for_each(|_| budget.note_cost(5, Duration::from_micros(5 * micros)));
        budget.ticks()
    }

    #[test]
    fn a_tick_of_more_than_a_millisecond_costs_ticks_and_two_more_must_be_affordable_to_get_them_back() {
        let mut budget = Budget::new(SimRate::DEFAULT);
        assert_eq!(told(&mut budget, 4), RESIMULATED_TICKS_MAX);
        assert_eq!(told(&mut budget, 2000), 4);
        assert_eq!(told(&mut budget, 1600), 4, "five would do");
        assert_eq!(told(&mut budget, 1300), 6);
        assert_eq!(told(&mut budget, 100_000), 1);
        assert_eq!(told(&mut budget, 4), RESIMULATED_TICKS_MAX);
    }

    #[test]
    fn one_interruption_is_no_overload() {
        let mut budget = Budget::new(SimRate::DEFAULT);
        told(&mut budget, 4);
        budget.note_cost(1, Duration::from_millis(30));
        assert_eq!(budget.ticks(), RESIMULATED_TICKS_MAX);
        budget.note_cost(0, Duration::from_millis(30));
        assert_eq!(budget.ticks(), RESIMULATED_TICKS_MAX);
    }

    #[test]
    fn the_throttle_ends_two_ticks_below_the_budget() {
        let mut budget = Budget::new(SimRate::DEFAULT);
        assert_eq!(budget.depth(20), PREDICTED_TICKS_MAX, "a stall alone holds nothing");
        budget.note_undone(RESIMULATED_TICKS_MAX);
        assert!(!budget.is_throttled());
        budget.note_undone(RESIMULATED_TICKS_MAX + 1);
        assert_eq!((budget.depth(20), budget.depth(7)), (RESIMULATED_TICKS_MAX, RESIMULATED_TICKS_MAX));
        assert_eq!(budget.depth(6), PREDICTED_TICKS_MAX);
        assert!(!budget.is_throttled());
    }
}

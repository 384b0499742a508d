//! History of the player's own inputs: one a tick, kept until the server has them and their frames are confirmed.

use std::collections::VecDeque;

use arrayvec::ArrayVec;
use framehouse_shared::{
    ids::Slot,
    input::Input,
    protocol::datagram::INPUTS_MAX,
    tick::{SimRate, Tick},
};

/// Seconds of inputs kept: more than can be predicted and in flight together.
const KEPT_SECONDS: f64 = 5.33;
/// Maximum number of seconds that are filled after a jump in time; older inputs would be too late anyway.
const CATCH_UP_SECONDS_MAX: f64 = 2.125;

/// Inputs by tick, without a gap.
#[derive(Debug)]
pub struct InputHistory {
    rate: SimRate,
    first: Tick,
    inputs: VecDeque<Input>,
    is_started: bool,
}

impl InputHistory {
    /// An empty history without a first tick.
    pub const fn new(rate: SimRate) -> Self {
        Self { rate, first: Tick(0), inputs: VecDeque::new(), is_started: false }
    }

    /// Sets the first tick, unless there is one already.
    pub fn start_at(&mut self, tick: Tick) {
        if !self.is_started {
            self.is_started = true;
            self.first = tick;
        }
    }

    /// The ticks before `end` that have no input yet; after a jump in time only the last one.
    pub fn missing_before(&mut self, end: Tick) -> impl Iterator<Item = Tick> + use<> {
        if end.since(self.end()) > self.rate.ticks(CATCH_UP_SECONDS_MAX) {
            self.inputs.clear();
            self.first = end.minus(1);
        }
        (self.end().0..end.0).map(Tick)
    }

    /// Adds the input of tick [`end`](Self::end).
    pub fn push(&mut self, input: Input) {
        if self.inputs.len() >= self.rate.ticks(KEPT_SECONDS) as usize {
            self.inputs.pop_front();
            self.first = self.first.plus(1);
        }
        self.inputs.push_back(input);
    }

    /// One past the newest input's tick.
    pub fn end(&self) -> Tick {
        self.first.plus(self.inputs.len() as u32)
    }

    /// The input of a tick.
    pub fn get(&self, tick: Tick) -> Option<Input> {
        self.inputs.get(tick.0.checked_sub(self.first.0)? as usize).copied()
    }

    /// The inputs to send when the server has all before `acknowledged`: the newest first.
    pub fn unacknowledged(&self, acknowledged: Tick) -> ArrayVec<Input, INPUTS_MAX> {
        let count = self.end().since(acknowledged) as usize;
        self.inputs.iter().rev().take(count.min(INPUTS_MAX)).copied().collect()
    }
}

/// The input of a bot without a simulation: in every tick every second player changes three bytes, like people who move
/// and aim.
pub fn synthetic_input(tick: Tick, slot: Slot) -> Input {
    let changes = (tick.0 + u32::from(u8::from(slot))) / 2;
    let low = changes as u8;
    Input([low & 0x0f, low, low.wrapping_mul(3), 0, 0, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(n: u32) -> Input {
        Input([n as u8, 0, 0, 0, 0, 0, 0, 0])
    }

    #[test]
    fn every_tick_gets_one_input() {
        let mut history = InputHistory::new(SimRate::DEFAULT);
        history.start_at(Tick(0));
        let mut asked = Vec::new();
        for end in [1, 2, 2, 5, 4, 9] {
            for tick in history.missing_before(Tick(end)) {
                asked.push(tick.0);
                history.push(input(tick.0));
            }
        }
        assert_eq!(asked, (0..9).collect::<Vec<_>>());
        assert_eq!(history.get(Tick(8)), Some(input(8)));
        assert_eq!(history.get(Tick(9)), None);
    }

    #[test]
    fn a_message_carries_the_newest_unacknowledged_inputs() {
        let mut history = InputHistory::new(SimRate::DEFAULT);
        history.start_at(Tick(0));
        (0..300).for_each(|n| history.push(input(n)));
        assert_eq!(history.unacknowledged(Tick(298))[..], [input(299), input(298)]);
        assert_eq!(history.unacknowledged(Tick(0)).len(), INPUTS_MAX);
        assert!(history.unacknowledged(Tick(300)).is_empty());
        assert!(history.unacknowledged(Tick(900)).is_empty());
    }

    #[test]
    fn after_a_long_sleep_only_the_last_tick_is_due() {
        let mut history = InputHistory::new(SimRate::DEFAULT);
        history.start_at(Tick(0));
        assert_eq!(history.missing_before(Tick(1000)).collect::<Vec<_>>(), [Tick(999)]);
        history.push(input(1));
        assert_eq!(history.end(), Tick(1000));
    }

    #[test]
    fn two_of_four_synthetic_players_change_in_every_tick() {
        for tick in (1..100).map(Tick) {
            let changes = |slot: &Slot| synthetic_input(tick, *slot) != synthetic_input(tick.minus(1), *slot);
            assert_eq!(Slot::all().take(4).filter(changes).count(), 2);
        }
    }
}

//! How much is lost on the way to the server: whether inputs need a tick more to come with the next packet.

/// Every input moves the measured loss by this part: the memory is some 900 inputs (90 s at 10 Hz, 30 s at 30 Hz, 7.5 s at
/// 120 Hz), since a part of fewer would be chance.
const GAIN: f64 = 1.0 / 900.0;
/// Above this loss an input gets a tick more. Three packets lost within a few seconds are enough.
const LOSS_HIGH: f64 = 0.003;
/// Below this loss the tick is given back. Where jitter hides losses, the tick hides them altogether: then this is how long
/// it lasts, at least 624 inputs, `900 * ln(0.003 / 0.0015)`: 21 s at 30 Hz.
const LOSS_LOW: f64 = 0.0015;

/// The loss on the way to the server, from two kinds of evidence.
///
/// Acknowledgements show a lost packet where jitter is small against a tick; the server's count of inputs that it had to
/// make up shows what really did harm, whatever the reason.
#[derive(Clone, Debug, Default)]
pub(super) struct UplinkLoss {
    /// The part of inputs that did not come with their own packet, 0 to 1.
    rate: f64,
    is_high: bool,
    /// The server's count of made-up inputs, as last heard.
    replaced: Option<u32>,
    /// A loss was counted since that count grew last.
    is_explained: bool,
}

impl UplinkLoss {
    /// Another match, or a sleep: the server's counts begin anew, or hold what was no loss.
    pub fn begin_anew(&mut self) {
        self.replaced = None;
    }

    /// An input should be at the server by now: `is_lost` if it is not.
    pub fn judge(&mut self, is_lost: bool) {
        self.is_explained |= is_lost;
        self.rate += GAIN * (f64::from(u8::from(is_lost)) - self.rate);
        if self.rate > LOSS_HIGH {
            self.is_high = true;
        } else if self.rate < LOSS_LOW {
            self.is_high = false;
        }
    }

    /// The server has made up so many inputs of this match. Several at once are one event: a stall, not a loss a tick.
    pub fn note_replaced(&mut self, replaced: u32) {
        let earlier = self.replaced.replace(replaced);
        if earlier.is_some_and(|earlier| replaced > earlier) && !std::mem::take(&mut self.is_explained) {
            self.judge(true);
            self.is_explained = false;
        }
    }

    /// The part of inputs that did not come with their own packet, 0 to 1, of the last 900 or so.
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// How many ticks more an input needs so that one lost packet does no harm: the next one brings it again.
    pub fn extra_ticks(&self) -> f64 {
        if self.is_high { 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::rng::SimRng;

    use super::*;

    /// For how many of so many inputs an extra tick was in force while this part of packets was lost.
    fn extra_part(loss: f32, inputs: u32) -> f64 {
        let (mut meter, mut rng, mut extra) = (UplinkLoss::default(), SimRng::new(5), 0.0);
        for _ in 0..inputs {
            meter.judge(rng.between(0.0, 1.0) < loss);
            extra += meter.extra_ticks();
        }
        extra / f64::from(inputs)
    }

    #[test]
    fn one_per_cent_costs_a_tick_and_hardly_any_loss_costs_none() {
        assert_eq!(extra_part(0.0, 10_000), 0.0);
        assert!(extra_part(0.0005, 50_000) < 0.1);
        assert!(extra_part(0.01, 50_000) > 0.95);
    }

    #[test]
    fn the_tick_is_given_back_some_time_after_the_loss() {
        let mut meter = UplinkLoss::default();
        (0..900).for_each(|input| meter.judge(input % 50 == 0));
        assert_eq!(meter.extra_ticks(), 1.0);
        (0..600).for_each(|_| meter.judge(false));
        assert_eq!(meter.extra_ticks(), 1.0);
        (0..4000).for_each(|_| meter.judge(false));
        assert_eq!(meter.extra_ticks(), 0.0);
    }

    #[test]
    fn a_stall_is_one_event_and_what_acknowledgements_showed_is_not_counted_twice() {
        let mut meter = UplinkLoss::default();
        meter.note_replaced(7);
        assert_eq!(meter.rate, 0.0, "what was before is not our business");
        meter.note_replaced(40);
        assert!((meter.rate - GAIN).abs() < 1e-9);
        meter.judge(true);
        let rate = meter.rate;
        meter.note_replaced(41);
        assert_eq!(meter.rate, rate);
    }
}

//! Measures packet loss on the way to the server: decides whether inputs are made earlier, so that they are still in time
//! with the next packet.

/// Smoothing of the measured loss: over about 900 inputs (90 s at 10 Hz, 30 s at 30 Hz, 7.5 s at 120 Hz). Fewer inputs
/// would not give a reliable rate.
const GAIN: f64 = 1.0 / 900.0;
/// Above this loss, inputs are made one datagram earlier: one tick, or two in economy mode. Three packets lost within a few seconds are enough.
const LOSS_HIGH: f64 = 0.003;
/// Below this loss the extra tick ends. Where jitter hides losses, the extra tick hides them completely; it then lasts
/// at least `900 * ln(0.003 / 0.0015)` = 624 inputs (62 s at 10 Hz, 21 s at 30 Hz, 5 s at 120 Hz).
const LOSS_LOW: f64 = 0.0015;

/// The loss on the way to the server, measured in two ways.
///
/// Acknowledgements show a lost packet where jitter is small against a tick. The server's count of replaced inputs
/// shows every loss that did harm, whatever the cause.
#[derive(Clone, Debug, Default)]
pub(super) struct UplinkLoss {
    /// Fraction of inputs that did not arrive with their own packet, 0 to 1.
    rate: f64,
    is_high: bool,
    /// The server's count of replaced inputs, as last received.
    replaced: Option<u32>,
    /// Whether a loss was counted since the server's count last grew.
    is_explained: bool,
}

impl UplinkLoss {
    /// Restarts the counts, after a new match or a sleep: the server's counts begin anew, or include inputs that were
    /// not lost.
    pub fn begin_anew(&mut self) {
        self.replaced = None;
    }

    /// Counts an input that should be at the server by now.
    pub fn judge(&mut self, is_lost: bool) {
        self.is_explained |= is_lost;
        self.rate += GAIN * (f64::from(u8::from(is_lost)) - self.rate);
        if self.rate > LOSS_HIGH {
            self.is_high = true;
        } else if self.rate < LOSS_LOW {
            self.is_high = false;
        }
    }

    /// Takes the server's count of replaced inputs in this match. Several at once are one event: a stall, not one loss
    /// a tick.
    pub fn note_replaced(&mut self, replaced: u32) {
        let earlier = self.replaced.replace(replaced);
        if earlier.is_some_and(|earlier| replaced > earlier) && !std::mem::take(&mut self.is_explained) {
            self.judge(true);
            self.is_explained = false;
        }
    }

    /// Fraction of inputs that did not arrive with their own packet, 0 to 1, over about the last 900 inputs.
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// The number of datagrams, 0 or 1, by which inputs are made earlier, so that a lost one does no harm: the next one
    /// carries the input again.
    pub fn extra_datagrams(&self) -> f64 {
        if self.is_high { 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::rng::SimRng;

    use super::*;

    /// The fraction of `inputs` for which an extra tick was in force at this packet loss.
    fn extra_part(loss: f32, inputs: u32) -> f64 {
        let (mut meter, mut rng, mut extra) = (UplinkLoss::default(), SimRng::new(5), 0.0);
        for _ in 0..inputs {
            meter.judge(rng.between(0.0, 1.0) < loss);
            extra += meter.extra_datagrams();
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
        assert_eq!(meter.extra_datagrams(), 1.0);
        (0..600).for_each(|_| meter.judge(false));
        assert_eq!(meter.extra_datagrams(), 1.0);
        (0..4000).for_each(|_| meter.judge(false));
        assert_eq!(meter.extra_datagrams(), 0.0);
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

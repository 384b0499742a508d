//! The last ten seconds of everything that the net graph shows.

use std::collections::VecDeque;

/// From one sample to the next, in seconds.
pub const INTERVAL: f32 = 0.05;
/// Samples that are kept: ten seconds.
pub const SAMPLES_MAX: usize = 200;
/// How fast the shown traffic follows what went over the link, in parts a sample: about a second.
const TRAFFIC_GAIN: f32 = 0.05;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The round trip, in milliseconds.
    RttMs,
    /// How long before its tick closed the newest input came, in milliseconds.
    MarginMs,
    /// How far ahead of the room inputs are made, in ticks.
    LeadTicks,
    /// The newest rollback, in ticks; 0 where there was none.
    RollbackTicks,
    /// Corrections that can be seen.
    Corrections,
    /// Inputs lost on the way up, in per cent.
    LossPercent,
    /// Everything sent and received, in 1000 bytes a second.
    KiloBytes,
}

impl Metric {
    /// All of them, in the order of the panel.
    pub const ALL: [Self; 7] = [
        Self::RttMs,
        Self::MarginMs,
        Self::LeadTicks,
        Self::RollbackTicks,
        Self::Corrections,
        Self::LossPercent,
        Self::KiloBytes,
    ];
}

/// Numbers by measure, oldest first. What was not to be had is not a number.
#[derive(Clone, Debug, Default)]
pub struct Samples(VecDeque<[f32; Metric::ALL.len()]>);

impl Samples {
    /// Adds one of each; the oldest go.
    pub fn push(&mut self, sample: [f32; Metric::ALL.len()]) {
        if self.0.len() == SAMPLES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// One measure's numbers, the newest first.
    pub fn back(&self, metric: Metric) -> impl Iterator<Item = f32> {
        self.0.iter().rev().map(move |sample| sample[metric as usize])
    }

    /// The newest number.
    pub fn newest(&self, metric: Metric) -> Option<f32> {
        self.back(metric).next().filter(|number| number.is_finite())
    }

    /// The largest number; 0 when there is none.
    pub fn most(&self, metric: Metric) -> f32 {
        self.back(metric).filter(|number| number.is_finite()).fold(0.0, f32::max)
    }

    /// All numbers together.
    pub fn sum(&self, metric: Metric) -> f32 {
        self.back(metric).filter(|number| number.is_finite()).sum()
    }
}

/// A count that only grows, but for a new session, whose counts begin anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter(Option<u64>);

impl Counter {
    /// By how much it grew since the last call; by nothing in the first.
    pub fn grew(&mut self, count: u64) -> u64 {
        self.0.replace(count).map_or(0, |before| count.saturating_sub(before))
    }
}

/// What was counted when the last sample was taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    /// Rollbacks.
    pub rollbacks: Counter,
    /// Corrections.
    pub corrections: Counter,
    bytes: Counter,
    kilobytes: f32,
}

impl Meter {
    /// The traffic in 1000 bytes a second, smoothed, from the bytes so far.
    pub fn kilobytes(&mut self, bytes: u64) -> f32 {
        let now = self.bytes.grew(bytes) as f32 / INTERVAL / 1000.0;
        self.kilobytes += TRAFFIC_GAIN * (now - self.kilobytes);
        self.kilobytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_are_kept_and_numbers_that_are_none_do_not_count() {
        let mut samples = Samples::default();
        assert_eq!((samples.newest(Metric::RttMs), samples.most(Metric::RttMs)), (None, 0.0));
        for n in 0..500u16 {
            let mut sample = [f32::from(n); Metric::ALL.len()];
            sample[Metric::MarginMs as usize] = f32::NAN;
            samples.push(sample);
        }
        assert_eq!(samples.back(Metric::RttMs).count(), SAMPLES_MAX);
        assert_eq!((samples.newest(Metric::RttMs), samples.most(Metric::RttMs)), (Some(499.0), 499.0));
        assert_eq!((samples.newest(Metric::MarginMs), samples.sum(Metric::MarginMs)), (None, 0.0));
    }

    #[test]
    fn a_counter_that_begins_anew_has_not_grown() {
        let mut counter = Counter::default();
        assert_eq!([counter.grew(70), counter.grew(75), counter.grew(3), counter.grew(4)], [0, 5, 0, 1]);
    }

    #[test]
    fn steady_traffic_is_what_it_is() {
        let mut meter = Meter::default();
        let last = (0..400u64).map(|n| meter.kilobytes(n * 150)).last().expect("many");
        assert!((last - 3.0).abs() < 0.05, "{last}");
    }
}

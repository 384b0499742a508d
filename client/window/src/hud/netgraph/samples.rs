//! Samples of the net graph: the last ten seconds of every metric.

use std::collections::VecDeque;

/// Time between two samples, in seconds.
pub const INTERVAL: f32 = 0.05;
/// Maximum number of samples: ten seconds.
pub const SAMPLES_MAX: usize = 200;
/// Smoothing of the shown traffic, per sample: over about a second.
const TRAFFIC_GAIN: f32 = 0.05;

/// A metric of the net graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Round-trip time, in milliseconds.
    RttMs,
    /// Margin: how long before its tick closed the newest input arrived, in milliseconds.
    MarginMs,
    /// Lead: how far ahead of the room inputs are made, in ticks.
    LeadTicks,
    /// The newest rollback, in ticks; 0 if there was none.
    RollbackTicks,
    /// Number of visible corrections.
    Corrections,
    /// Inputs lost on the way to the server, in per cent.
    LossPercent,
    /// Traffic in both directions, in 1000 bytes a second.
    KiloBytes,
}

impl Metric {
    /// All metrics, in the order of the panel.
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

/// Samples by metric, oldest first. A missing value is NaN.
#[derive(Clone, Debug, Default)]
pub struct Samples(VecDeque<[f32; Metric::ALL.len()]>);

impl Samples {
    /// Adds one sample; the oldest is dropped.
    pub fn push(&mut self, sample: [f32; Metric::ALL.len()]) {
        if self.0.len() == SAMPLES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// The samples of one metric, newest first.
    pub fn back(&self, metric: Metric) -> impl Iterator<Item = f32> {
        self.0.iter().rev().map(move |sample| sample[metric as usize])
    }

    /// The newest value.
    pub fn newest(&self, metric: Metric) -> Option<f32> {
        self.back(metric).next().filter(|number| number.is_finite())
    }

    /// The largest value; 0 if there is none.
    pub fn most(&self, metric: Metric) -> f32 {
        self.back(metric).filter(|number| number.is_finite()).fold(0.0, f32::max)
    }

    /// The sum of all values.
    pub fn sum(&self, metric: Metric) -> f32 {
        self.back(metric).filter(|number| number.is_finite()).sum()
    }
}

/// A counter that only grows, except that it restarts with a new session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter(Option<u64>);

impl Counter {
    /// Growth since the last call; 0 in the first call.
    pub fn grew(&mut self, count: u64) -> u64 {
        self.0.replace(count).map_or(0, |before| count.saturating_sub(before))
    }
}

/// Counts at the time of the last sample.
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
    /// The traffic in 1000 bytes a second, smoothed, from the total of bytes.
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

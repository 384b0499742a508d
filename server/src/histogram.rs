//! A histogram of durations since the server started. Two readings of it can be subtracted.

use std::time::Duration;

use framehouse_shared::api::HistogramUs;
use hdrhistogram::Histogram;

/// Upper limit of a duration, in microseconds. Longer ones count as this one.
const LONGEST_US: u64 = 10_000_000;
/// Significant bits of a bucket's bound: buckets are 3 to 6 % wide, and there are fewer than 250 of them.
const BUCKET_BITS: u32 = 5;

/// Histogram of durations, from 1 us to 10 s.
pub struct DurationHistogram {
    values: Histogram<u64>,
    sum: Duration,
}

impl Default for DurationHistogram {
    fn default() -> Self {
        let values = Histogram::new_with_bounds(1, LONGEST_US, 2).expect("the bounds are valid");
        Self { values, sum: Duration::ZERO }
    }
}

impl DurationHistogram {
    /// Adds a duration.
    pub fn note(&mut self, duration: Duration) {
        self.values.saturating_record(duration.as_micros() as u64);
        self.sum += duration;
    }

    /// Percentiles and buckets, for the status page.
    pub fn page(&self) -> HistogramUs {
        let at = |quantile| self.values.value_at_quantile(quantile);
        HistogramUs {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: self.values.max(),
            sum: self.sum.as_micros() as u64,
            buckets: self.buckets(),
        }
    }

    fn buckets(&self) -> Vec<(u64, u64)> {
        let mut buckets: Vec<(u64, u64)> = Vec::new();
        for recorded in self.values.iter_recorded() {
            let upper = bucket_upper(recorded.value_iterated_to());
            match buckets.last_mut().filter(|last| last.0 == upper) {
                Some(last) => last.1 += recorded.count_at_value(),
                None => buckets.push((upper, recorded.count_at_value())),
            }
        }
        buckets
    }
}

/// The largest number with the same leading [`BUCKET_BITS`] bits as `us`.
const fn bucket_upper(us: u64) -> u64 {
    us | low_bits(us)
}

/// The smallest number in the bucket with this upper bound.
pub const fn bucket_lower(upper: u64) -> u64 {
    upper & !low_bits(upper)
}

const fn low_bits(us: u64) -> u64 {
    let count = (u64::BITS - us.leading_zeros()).saturating_sub(BUCKET_BITS);
    (1 << count) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_narrow_and_hold_everything() {
        let mut histogram = DurationHistogram::default();
        (0..100_000).for_each(|us| histogram.note(Duration::from_micros(us)));
        let page = histogram.page();
        assert_eq!(page.buckets.iter().map(|(_, count)| count).sum::<u64>(), 100_000);
        assert!(page.buckets.len() < 250 && page.buckets.is_sorted_by(|a, b| a.0 < b.0));
        for pair in page.buckets.windows(2).filter(|pair| pair[0].0 > 32) {
            assert!(pair[1].0 - pair[0].0 <= pair[0].0 / 15, "{pair:?}");
            assert_eq!(bucket_lower(pair[1].0), pair[0].0 + 1);
        }
        assert_eq!(page.sum, (0..100_000).sum::<u64>());
        assert!(page.p50.abs_diff(50_000) < 1000 && page.max >= 99_999);
    }
}

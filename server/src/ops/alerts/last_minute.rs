//! What has happened in the last minute, from counters and histograms that count from the start.

use std::{collections::VecDeque, time::Duration};

use crate::histogram::bucket_lower;

/// Time over which is counted.
const MINUTE: Duration = Duration::from_secs(60);
/// Interval between two histograms that are kept.
const KEPT_EVERY: Duration = Duration::from_secs(10);

/// Growth of a counter in the last minute. Before the first reading it was 0.
#[derive(Debug, Default)]
pub struct Growth {
    /// Changes of the last minute, oldest first: when, and the value since then.
    changes: VecDeque<(Duration, u64)>,
    /// The value before them.
    before: u64,
}

impl Growth {
    /// Growth in the last minute, with this reading.
    pub fn read(&mut self, count: u64, now: Duration) -> u32 {
        if self.changes.back().map_or(self.before, |(_, last)| *last) != count {
            self.changes.push_back((now, count));
        }
        while let Some((_, value)) = self.changes.pop_front_if(|(changed, _)| now.saturating_sub(*changed) >= MINUTE) {
            self.before = value;
        }
        u32::try_from(count.saturating_sub(self.before)).unwrap_or(u32::MAX)
    }

    /// Forgets all growth up to this count. Returns the growth that is left: 0.
    pub fn pass_over(&mut self, count: u64) -> u32 {
        *self = Self { before: count, ..Self::default() };
        0
    }
}

/// Quantiles of the values that a histogram got in the last minute. Before the first reading it was empty.
#[derive(Debug, Default)]
pub struct Quantiles {
    /// When the histogram had which buckets (upper bound, number), oldest first.
    past: VecDeque<(Duration, Vec<(u64, u64)>)>,
    before: Vec<(u64, u64)>,
}

impl Quantiles {
    /// Upper bound of the bucket of a quantile, 0 to 1, with this reading of the buckets. 0 if there were fewer than
    /// `count_min` values.
    pub fn read(&mut self, buckets: &[(u64, u64)], quantile: f64, count_min: u64, now: Duration) -> u64 {
        if self.past.back().is_none_or(|(kept, _)| now.saturating_sub(*kept) >= KEPT_EVERY) {
            self.past.push_back((now, buckets.to_vec()));
        }
        while let Some((_, buckets)) = self.past.pop_front_if(|(kept, _)| now.saturating_sub(*kept) >= MINUTE) {
            self.before = buckets;
        }
        let grown: Vec<_> = buckets
            .iter()
            .map(|(upper, count)| (*upper, count.saturating_sub(count_in(&self.before, *upper))))
            .collect();
        let total: u64 = grown.iter().map(|(_, count)| count).sum();
        if total < count_min.max(1) {
            return 0;
        }
        let rank = ((total as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        let at_rank = grown.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        at_rank.map_or(0, |(upper, _)| *upper)
    }
}

/// The largest value that a histogram got between two readings.
#[derive(Debug, Default)]
pub struct Largest {
    before: Vec<(u64, u64)>,
}

impl Largest {
    /// Lower bound of the highest bucket that has grown since the reading before, 0 if none has: the value was at most 7 %
    /// larger.
    pub fn read(&mut self, buckets: &[(u64, u64)]) -> u64 {
        let has_grown = |(upper, count): &&(u64, u64)| *count > count_in(&self.before, *upper);
        let largest = buckets.iter().rev().find(has_grown).map_or(0, |(upper, _)| bucket_lower(*upper));
        self.before = buckets.to_vec();
        largest
    }
}

fn count_in(buckets: &[(u64, u64)], upper: u64) -> u64 {
    let place = buckets.binary_search_by_key(&upper, |(upper, _)| *upper);
    place.map_or(0, |place| buckets[place].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn growth_is_that_of_the_last_minute() {
        let mut counter = Growth::default();
        assert_eq!(counter.read(2, S), 2, "what was before the first reading counts");
        assert_eq!(counter.read(2, S * 60), 2);
        assert_eq!(counter.read(5, S * 60), 5);
        assert_eq!(counter.read(5, S * 61), 3);
        assert_eq!(counter.read(5, S * 200), 0);
        assert!(counter.changes.is_empty());
        assert_eq!((counter.read(7, S * 201), counter.pass_over(9)), (2, 0));
        assert_eq!((counter.read(9, S * 202), counter.read(10, S * 203)), (0, 1));
    }

    #[test]
    fn quantiles_are_those_of_the_last_minute() {
        let mut quantiles = Quantiles::default();
        let mut read = |buckets: &[(u64, u64)], second: u64| {
            let median = quantiles.read(buckets, 0.5, 10, Duration::from_secs(second));
            assert!(quantiles.past.len() <= 7);
            median
        };
        assert_eq!(read(&[(20, 9)], 1), 0, "too few");
        assert_eq!(read(&[(20, 10)], 2), 20);
        // Half a minute of slow ones.
        (3..=30).for_each(|second| {
            let median = read(&[(20, 10), (150, second * 10)], second);
            assert_eq!(median, 150, "{second}");
        });
        assert_eq!(read(&[(20, 100), (150, 300)], 31), 150);
        let forgotten = (32..=120).map(|second| read(&[(20, second * 10), (150, 300)], second)).last();
        assert_eq!(forgotten, Some(20));
        let without_values = (121..=200).map(|second| read(&[(20, 1200), (150, 300)], second)).last();
        assert_eq!(without_values, Some(0));
    }
}

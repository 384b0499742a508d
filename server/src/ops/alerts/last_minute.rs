//! What has happened in the last minute, from counters that count from the start.

use std::{collections::VecDeque, time::Duration};

/// Time over which is counted.
const MINUTE: Duration = Duration::from_secs(60);

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
    }
}

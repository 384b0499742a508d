//! Tick numbers and tick rates.

use std::fmt;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

/// Tick number of a room: 0 at match start, one more for each simulated step.
///
/// Numbers are never skipped and never wrap within a match: a `u32` lasts 4.5 years at 30 Hz, 1.1 years at 120 Hz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub u32);

impl Tick {
    /// The tick `n` later; saturates at `u32::MAX`.
    pub const fn plus(self, n: u32) -> Self {
        Self(self.0.saturating_add(n))
    }

    /// The tick `n` earlier; saturates at 0.
    pub const fn minus(self, n: u32) -> Self {
        Self(self.0.saturating_sub(n))
    }

    /// Number of ticks from `earlier` to `self`; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Tick rate of a room, 10 to 120 ticks a second; fixed for the life of a server.
///
/// A component of every room with an open match. The serialised state does not contain it: a client reads it from the
/// welcome message, a replay from its header.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct SimRate(u16);

impl SimRate {
    /// Lowest rate, in ticks a second.
    pub const HZ_MIN: u16 = 10;
    /// Highest rate, in ticks a second.
    pub const HZ_MAX: u16 = 120;
    /// Default rate: 30 ticks a second.
    pub const DEFAULT: Self = Self(30);

    /// Creates a rate of `hz` ticks a second; `None` outside 10 to 120.
    pub const fn new(hz: u16) -> Option<Self> {
        if hz >= Self::HZ_MIN && hz <= Self::HZ_MAX { Some(Self(hz)) } else { None }
    }

    /// Ticks a second.
    pub const fn hz(self) -> u16 {
        self.0
    }

    /// Length of a tick, in seconds.
    pub fn dt(self) -> f32 {
        1.0 / f32::from(self.0)
    }

    /// Converts seconds to the nearest number of ticks; 0 for a negative number, `u32::MAX` beyond it.
    pub fn ticks(self, seconds: f64) -> u32 {
        // A conversion to an integer saturates and turns NaN into 0.
        (seconds * f64::from(self.0)).round() as u32
    }

    /// Converts seconds to the nearest number of ticks, at least 1.
    pub fn ticks_min_1(self, seconds: f64) -> u32 {
        self.ticks(seconds).max(1)
    }
}

impl Default for SimRate {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u16> for SimRate {
    type Error = &'static str;
    fn try_from(hz: u16) -> Result<Self, Self::Error> {
        Self::new(hz).ok_or("a tick rate is 10 to 120")
    }
}

impl From<SimRate> for u16 {
    fn from(rate: SimRate) -> Self {
        rate.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_the_nearest_number_of_ticks() {
        let rate = |hz| SimRate::new(hz).expect("in range");
        assert_eq!([10, 30, 60, 120].map(|hz| rate(hz).ticks(0.13)), [1, 4, 8, 16]);
        assert_eq!([f64::NAN, -1.0, 0.0, 1e300].map(|seconds| rate(30).ticks(seconds)), [0, 0, 0, u32::MAX]);
        assert_eq!([10, 30].map(|hz| rate(hz).ticks_min_1(0.04)), [1, 1]);
        assert_eq!([9, 121, 0].map(SimRate::new), [None; 3]);
    }
}

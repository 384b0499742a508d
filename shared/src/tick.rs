//! Ticks: the room's own time.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A room's tick: 0 at match start, one per simulated step.
///
/// Numbers never skip and never wrap inside a match: at 30 Hz a `u32` lasts four and a half years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub u32);

impl Tick {
    /// The tick `n` later, or the last one there is.
    pub const fn plus(self, n: u32) -> Self {
        Self(self.0.saturating_add(n))
    }

    /// The tick `n` earlier, or tick 0.
    pub const fn minus(self, n: u32) -> Self {
        Self(self.0.saturating_sub(n))
    }

    /// How many ticks `self` is after `earlier`; 0 when it is not.
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

//! Cheat signals: what a server has seen a player do that a person cannot.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Numbers of cheat signals. They are shown to operators, and a server never acts on them: a person can be unlucky, and a
/// program careful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheatSignals {
    /// Seconds with more than 12 presses of one key.
    pub too_fast: u64,
    /// Rows of 64 presses of one key in constant intervals, or of 160 if they are shorter than 8 ticks.
    pub too_regular: u64,
    /// Rows of five reactions, each less than 0.1 s after what it answers.
    pub too_soon: u64,
    /// Rows of 16 aims that are exact for what the server knew at that moment, and no player yet.
    pub too_exact: u64,
}

impl CheatSignals {
    /// The numbers by kind.
    pub const fn by_kind(self) -> [(&'static str, u64); 4] {
        let Self { too_fast, too_regular, too_soon, too_exact } = self;
        [("too_fast", too_fast), ("too_regular", too_regular), ("too_soon", too_soon), ("too_exact", too_exact)]
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl AddAssign for CheatSignals {
    fn add_assign(&mut self, more: Self) {
        self.too_fast += more.too_fast;
        self.too_regular += more.too_regular;
        self.too_soon += more.too_soon;
        self.too_exact += more.too_exact;
    }
}

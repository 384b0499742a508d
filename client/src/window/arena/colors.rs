//! What gems look like by their worth.

use bevy::prelude::*;
use framehouse_shared::arena::pickups::{Gem, GemKind};

use crate::window::palette::rgb;

/// Gem colours by the least value that has them.
const GEM_COLORS: [(u16, Color); 5] =
    [(0, rgb(0x4fd88a)), (3, rgb(0x4ab8ff)), (5, rgb(0xb58cff)), (8, rgb(0xffb938)), (15, rgb(0xff7ac6))];

/// A gem's colour: worth is what a racing eye has to tell.
pub fn gem_color(gem: &Gem) -> Color {
    let worth = GEM_COLORS.iter().rev().find(|(least, _)| gem.value >= *least);
    let color = worth.map_or(GEM_COLORS[0].1, |(_, color)| *color);
    if gem.kind == GemKind::Jackpot { GEM_COLORS[4].1 } else { color }
}

/// How much larger than its body a gem is drawn.
pub fn gem_size(gem: &Gem) -> f32 {
    match gem.kind {
        GemKind::Jackpot => 2.0,
        GemKind::Field | GemKind::Dropped => 1.0 + 0.06 * f32::from(gem.value.min(10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_richer_gem_has_a_richer_colour() {
        let gem = |kind, value| gem_color(&crate::window::arena::scene::tests::gem(1, kind, value));
        assert_ne!(gem(GemKind::Field, 1), gem(GemKind::Field, 6));
        assert_eq!(gem(GemKind::Jackpot, 20), gem(GemKind::Dropped, 20));
    }
}

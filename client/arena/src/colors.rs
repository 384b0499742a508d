//! Colours and sizes of gems, by their value.

use bevy::prelude::*;
use framehouse_arena::pickups::{Gem, GemKind};
use framehouse_window::palette::rgb;

/// Gem colours, each with the smallest value that has it.
const GEM_COLORS: [(u16, Color); 5] =
    [(0, rgb(0x4fd88a)), (3, rgb(0x4ab8ff)), (5, rgb(0xb58cff)), (8, rgb(0xffb938)), (15, rgb(0xff7ac6))];

/// The colour of a gem, which shows its value.
pub fn gem_color(gem: &Gem) -> Color {
    let worth = GEM_COLORS.iter().rev().find(|(least, _)| gem.value >= *least);
    let color = worth.map_or(GEM_COLORS[0].1, |(_, color)| *color);
    if gem.kind == GemKind::Jackpot { GEM_COLORS[4].1 } else { color }
}

/// Ratio of a gem's drawn size to its body.
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
        let color = |kind, value| gem_color(&crate::scene::tests::gem(1, kind, value));
        let [green, blue, violet, gold, pink] = [0x4fd88a, 0x4ab8ff, 0xb58cff, 0xffb938, 0xff7ac6].map(rgb);
        let of_field = [0, 2, 3, 4, 5, 7, 8, 14, 15, 99].map(|value| color(GemKind::Field, value));
        assert_eq!(of_field, [green, green, blue, blue, violet, violet, gold, gold, pink, pink]);
        assert_eq!(color(GemKind::Dropped, 8), gold, "where it comes from is no matter");
        assert_eq!(color(GemKind::Jackpot, 1), pink, "a jackpot always stands out");
    }
}

//! Colours: dark slate around, one accent for each seat.

use bevy::prelude::*;
use framehouse_shared::{
    arena::pickups::{Gem, GemKind},
    ids::{SLOTS_MAX, Slot},
};

/// Around the arena.
pub const BACKDROP: Color = rgb(0x080b13);
/// Panels of the HUD.
pub const PANEL: Color = rgba(0x0d1220, 0.93);
/// Panels' rims.
pub const PANEL_RIM: Color = rgb(0x2b3a5e);
/// Grooves of bars.
pub const GROOVE: Color = rgb(0x060910);
/// Words that matter.
pub const TEXT: Color = rgb(0xeef3ff);
/// Words that explain.
pub const TEXT_MUTED: Color = rgb(0x8c9abd);
/// Things that are well, and what is ready.
pub const GOOD: Color = rgb(0x62e08a);
/// Things to look at.
pub const WARN: Color = rgb(0xffb938);
/// Things that are wrong, and losses.
pub const BAD: Color = rgb(0xff6b5e);
/// What is the player's own.
pub const OWN: Color = rgb(0x4cc3ff);

/// One accent a seat: neighbours differ in hue, and all of them stand out from the floor.
const ACCENTS: [Color; SLOTS_MAX] = [
    rgb(0x4cc3ff),
    rgb(0xffb938),
    rgb(0xff6b5e),
    rgb(0x77e068),
    rgb(0xb58cff),
    rgb(0xff8fce),
    rgb(0x3fe0cb),
    rgb(0xf6ef72),
    rgb(0xe0803c),
    rgb(0x5f7dff),
    rgb(0xb9f03c),
    rgb(0xdb5cf0),
    rgb(0xc9a07c),
    rgb(0x93adc2),
    rgb(0xff4a86),
    rgb(0x2c9e94),
];

/// Gem colours by the least value that has them.
const GEM_COLORS: [(u16, Color); 5] =
    [(0, rgb(0x4fd88a)), (3, rgb(0x4ab8ff)), (5, rgb(0xb58cff)), (8, rgb(0xffb938)), (15, rgb(0xff7ac6))];

/// A seat's accent.
pub fn accent(slot: Slot) -> Color {
    ACCENTS[slot.index()]
}

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

const fn rgb(hex: u32) -> Color {
    rgba(hex, 1.0)
}

const fn rgba(hex: u32, alpha: f32) -> Color {
    Color::srgba(part(hex >> 16), part(hex >> 8), part(hex), alpha)
}

const fn part(bits: u32) -> f32 {
    (bits & 0xff) as f32 / 255.0
}

#[cfg(test)]
mod tests {
    use bevy::color::color_difference::EuclideanDistance;

    use super::*;

    #[test]
    fn accents_are_told_apart_from_each_other_and_from_the_floor() {
        let oklab: Vec<Oklaba> = ACCENTS.iter().map(|color| Oklaba::from(*color)).collect();
        for (place, color) in oklab.iter().enumerate() {
            assert!(color.distance(&Oklaba::from(Color::BLACK)) > 0.5, "accent {place} is too dark");
            for (other, second) in oklab.iter().enumerate().skip(place + 1) {
                let distance = color.distance(second);
                assert!(distance > 0.07, "accents {place} and {other} are only {distance} apart");
            }
        }
    }

    #[test]
    fn a_richer_gem_has_a_richer_colour() {
        let gem = |kind, value| gem_color(&crate::window::scene::tests::gem(1, kind, value));
        assert_ne!(gem(GemKind::Field, 1), gem(GemKind::Field, 6));
        assert_eq!(gem(GemKind::Jackpot, 20), gem(GemKind::Dropped, 20));
    }
}

//! Colours: dark slate for the window, and those that a game may choose: an accent, and one colour for each seat.

use bevy::prelude::*;
use framehouse_shared::ids::{SLOTS_MAX, Slot};
use serde::{Deserialize, Serialize};

/// Around the field of a match, and behind screens.
pub const BACKDROP: Color = rgb(0x080b13);
/// Background of HUD panels.
pub const PANEL: Color = rgba(0x0d1220, 0.93);
/// Rim of panels.
pub const PANEL_RIM: Color = rgb(0x2b3a5e);
/// Groove of bars.
pub const GROOVE: Color = rgb(0x060910);
/// Important texts.
pub const TEXT: Color = rgb(0xeef3ff);
/// Explanations.
pub const TEXT_MUTED: Color = rgb(0x8c9abd);
/// Good states, and things that are ready.
pub const GOOD: Color = rgb(0x62e08a);
/// Warnings.
pub const WARN: Color = rgb(0xffb938);
/// Errors and losses.
pub const BAD: Color = rgb(0xff6b5e);
/// The default accent.
const ACCENT: Color = rgb(0x4cc3ff);

/// One colour for each seat: neighbours differ in hue, and all stand out from the floor.
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

/// Seat colours for colour-blind players: eight hues after Okabe and Ito, and eight more as far from those as possible.
const DISTINCT_ACCENTS: [Color; SLOTS_MAX] = [
    rgb(0x56b4e9),
    rgb(0xe69f00),
    rgb(0xf0f0f0),
    rgb(0xd55e00),
    rgb(0x009e73),
    rgb(0xf0e442),
    rgb(0xcc79a7),
    rgb(0x2f7fd0),
    rgb(0xdcb8b8),
    rgb(0x287070),
    rgb(0xb82828),
    rgb(0x4c3aee),
    rgb(0xca9470),
    rgb(0x4cee70),
    rgb(0xb84ca6),
    rgb(0x4c5ea6),
];

/// The players' colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Palette {
    /// Sixteen hues.
    #[default]
    Vivid,
    /// Fewer hues, which differ in lightness, too: suitable for colour-blind players.
    Distinct,
}

impl Palette {
    /// All palettes.
    pub const ALL: [Self; 2] = [Self::Vivid, Self::Distinct];
}

/// The game's colours, and the palette that the player has chosen.
#[derive(Resource, Clone, Debug, PartialEq)]
pub struct Colors {
    /// The window's accent: main buttons, marks, and everything of the player's own.
    pub accent: Color,
    /// One colour for each seat.
    pub players: [Color; SLOTS_MAX],
    /// One colour for each seat, for colour-blind players.
    pub distinct_players: [Color; SLOTS_MAX],
    /// The palette in use, from the player's settings.
    pub palette: Palette,
}

impl Default for Colors {
    fn default() -> Self {
        Self { accent: ACCENT, players: ACCENTS, distinct_players: DISTINCT_ACCENTS, palette: Palette::Vivid }
    }
}

impl Colors {
    /// The colour of the player in a seat.
    pub const fn player(&self, slot: Slot) -> Color {
        match self.palette {
            Palette::Vivid => self.players[slot.index()],
            Palette::Distinct => self.distinct_players[slot.index()],
        }
    }
}

/// A colour as on the web: `0xrrggbb`.
pub const fn rgb(hex: u32) -> Color {
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

    /// A colour as seen without green cones (Machado and others, 2009, severity 1).
    fn without_green(color: Color) -> Oklaba {
        let seen = LinearRgba::from(color);
        let mix = |red, green, blue| red * seen.red + green * seen.green + blue * seen.blue;
        let (red, green) = (mix(0.367, 0.861, -0.228), mix(0.280, 0.673, 0.047));
        LinearRgba::rgb(red.max(0.0), green.max(0.0), mix(-0.012, 0.043, 0.969).max(0.0)).into()
    }

    #[test]
    fn the_distinct_accents_are_told_apart_without_green_cones() {
        for (place, color) in DISTINCT_ACCENTS.iter().enumerate() {
            for (other, second) in DISTINCT_ACCENTS.iter().enumerate().skip(place + 1) {
                let distance = without_green(*color).distance(&without_green(*second));
                assert!(distance > 0.07, "accents {place} and {other} are only {distance} apart");
            }
        }
    }
}

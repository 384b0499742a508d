//! The looks of what lies behind every screen but the match.

use bevy::prelude::*;

use crate::{palette::BACKDROP, textures::Rgba};

/// A sky of soft lights that drift, in the players' colours; and among them, for a game that has one, an ornament of its own.
#[derive(Clone, Debug)]
pub struct Backdrop {
    /// The sky's colour in the middle of the window.
    pub middle: Color,
    /// The sky's colour at the edges, and around the field of a match.
    pub edge: Color,
    /// How many lights drift, 0 to 16; every fourth one is an ornament if there is one.
    pub lights: u8,
    /// Paints the ornament: the colour of a point within 64 pixels from the middle, y up. White is tinted.
    pub ornament: Option<fn(Vec2) -> Rgba>,
}

impl Default for Backdrop {
    fn default() -> Self {
        Self { middle: Color::srgb(0.075, 0.11, 0.195), edge: BACKDROP, lights: 16, ornament: None }
    }
}

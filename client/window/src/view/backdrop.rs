//! The backdrop's look behind every screen except the match.

use bevy::prelude::*;

use crate::{palette::BACKDROP, textures::Rgba};

/// A sky with soft drifting lights in the players' colours and, if the game has one, an ornament.
#[derive(Clone, Debug)]
pub struct Backdrop {
    /// Colour of the sky at the window's centre.
    pub middle: Color,
    /// Colour of the sky at the edges, and around the field of a match.
    pub edge: Color,
    /// Number of drifting lights, 0 to 16; every fourth one is an ornament if there is one.
    pub lights: u8,
    /// Paints the ornament: returns the colour of a point within 64 pixels of the middle, y up. White is tinted.
    pub ornament: Option<fn(Vec2) -> Rgba>,
}

impl Default for Backdrop {
    fn default() -> Self {
        Self { middle: Color::srgb(0.075, 0.11, 0.195), edge: BACKDROP, lights: 16, ornament: None }
    }
}

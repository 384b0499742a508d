//! The arena's pictures, painted at start.

mod emotes;

use bevy::prelude::*;
use framehouse_arena::emote::Emote;
use framehouse_window::textures::{REACH, Rgba, SIDE, edge, grey, over, paint, rounded_box};

/// The border at each side of [`ArenaArt::floor`] that is not stretched, in pixels; a pixel is one unit of the arena.
pub const FLOOR_MARGIN: f32 = 48.0;

/// The arena's pictures. Most are white, so that a sprite's colour tints them.
#[derive(Resource, Clone)]
pub struct ArenaArt {
    /// A craft's hull: a disc with a dark rim and some volume.
    pub hull: Handle<Image>,
    /// The notch that shows a craft's aim.
    pub notch: Handle<Image>,
    /// A gem: a hexagon with a bright inner rim and a dark heart.
    pub gem: Handle<Image>,
    /// The arena's floor with its wall; its middle is to be stretched.
    pub floor: Handle<Image>,
    /// The bubble of an emote.
    pub bubble: Handle<Image>,
    /// The emotes, in their own colours.
    pub emotes: [Handle<Image>; Emote::ALL.len()],
}

impl ArenaArt {
    /// Paints all pictures.
    pub fn paint(images: &mut Assets<Image>) -> Self {
        Self {
            hull: images.add(paint(UVec2::splat(SIDE), hull)),
            notch: images.add(paint(UVec2::splat(SIDE), notch)),
            gem: images.add(paint(UVec2::splat(SIDE), gem)),
            floor: images.add(paint(UVec2::splat(160), floor)),
            bubble: images.add(paint(UVec2::splat(SIDE), emotes::bubble)),
            emotes: Emote::ALL.map(|emote| images.add(paint(UVec2::splat(SIDE), emotes::look_of(emote)))),
        }
    }
}

fn hull(at: Vec2) -> Rgba {
    let distance = at.length() - REACH;
    // Light from the upper left, a little darker towards the rim.
    let light = 0.96 - 0.16 * (at - Vec2::new(-16.0, 18.0)).length() / REACH;
    let face = grey(light.clamp(0.55, 1.0), edge(distance + 6.0, 1.5));
    let shine = grey(1.0, 0.55 * edge((at - Vec2::new(-17.0, 20.0)).length() - 15.0, 8.0));
    over(over(shine, face), grey(0.06, edge(distance, 1.5)))
}

fn notch(at: Vec2) -> Rgba {
    let outline = rounded_box(at, Vec2::new(56.0, 40.0), 14.0);
    over(grey(0.85, edge(outline + 11.0, 2.0)), grey(0.06, edge(outline, 2.0)))
}

fn hexagon(at: Vec2, radius: f32) -> f32 {
    let at = at.abs();
    (at.x * 0.866_025_4 + at.y * 0.5).max(at.y) - radius
}

/// A gem, white so that it can be tinted.
pub fn gem(at: Vec2) -> Rgba {
    let inner = hexagon(at, REACH * 0.52);
    let body = grey(0.52, 0.92 * edge(hexagon(at, REACH * 0.86), 2.0));
    let facet = grey(0.75, 0.5 * edge(hexagon(at, REACH * 0.86), 2.0) * f32::from(u8::from(at.y > at.x.abs() * 0.58)));
    let rim = grey(1.0, edge(inner, 2.0));
    let heart = grey(0.07, edge(hexagon(at, REACH * 0.27), 2.0));
    over(heart, over(rim, over(facet, body)))
}

/// Floor and wall, with the wall's light on the floor.
fn floor(at: Vec2) -> Rgba {
    let distance = rounded_box(at, Vec2::splat(72.0), 18.0);
    let light = (1.0 + distance / 26.0).clamp(0.0, 1.0).powi(2) * f32::from(u8::from(distance < 0.0));
    let base = [0.052 + 0.03 * light, 0.068 + 0.045 * light, 0.112 + 0.085 * light, edge(distance, 1.5)];
    let wall = [0.20, 0.29, 0.50, edge((distance + 2.0).abs() - 2.0, 1.5)];
    let halo = [0.16, 0.28, 0.55, 0.35 * (1.0 - distance / 8.0).clamp(0.0, 1.0).powi(2)];
    over(wall, over(base, halo))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_look_is_a_colour_and_ends_within_its_picture() {
        for look in [hull, notch, gem] {
            for x in -64..64 {
                let colour = look(Vec2::new(x as f32 + 0.5, 3.5));
                assert!(colour.iter().all(|part| (0.0..=1.0).contains(part)), "{colour:?}");
            }
            assert_eq!(look(Vec2::new(63.5, 63.5))[3], 0.0);
        }
    }
}

//! The pictures of emotes, and the bubble around them.

use bevy::math::Vec2;
use framehouse_arena::emote::Emote;
use framehouse_window::textures::{Rgba, edge, grey, over, rounded_box};

/// Width of soft edges, in pixels of the picture.
const SOFT: f32 = 2.0;
/// The radius of a face, in pixels of the picture.
const FACE: f32 = 36.0;
/// Colour of the lines in a face.
const INK: [f32; 3] = [0.16, 0.09, 0.05];

/// The paint function of an emote.
pub fn look_of(emote: Emote) -> fn(Vec2) -> Rgba {
    match emote {
        Emote::Smile => smile,
        Emote::Tears => tears,
        Emote::Anger => anger,
        Emote::Heart => heart,
    }
}

/// A dark bubble with a white rim and a tail below; to be tinted.
pub fn bubble(at: Vec2) -> Rgba {
    let distance = rounded_box(at - Vec2::new(0.0, 8.0), Vec2::splat(48.0), 26.0).min(tail(at));
    over(grey(0.12, 0.95 * edge(distance + 5.0, SOFT)), grey(1.0, edge(distance, SOFT)))
}

/// The bubble's tail: a wedge that overlaps the bubble and ends below it.
fn tail(at: Vec2) -> f32 {
    let side = (at.x.abs() - (at.y + 58.0) * 0.6) * 0.86;
    side.max(-at.y - 58.0).max(at.y + 30.0)
}

fn smile(at: Vec2) -> Rgba {
    let mouth = arc(at, Vec2::new(0.0, 2.0), 19.0).max(at.y + 5.0);
    over(ink(mouth), over(eyes(at), face(at, [1.0, 0.80, 0.22])))
}

fn tears(at: Vec2) -> Rgba {
    let mouth = arc(at, Vec2::new(0.0, -26.0), 13.0).max(-18.0 - at.y);
    let drop = (Vec2::new(at.x.abs() - 17.0, (at.y + 8.0) * 0.55)).length() - 6.0;
    let tears = paint([0.30, 0.68, 1.0], drop);
    over(tears, over(ink(mouth), over(eyes(at), face(at, [1.0, 0.80, 0.22]))))
}

fn anger(at: Vec2) -> Rgba {
    let half = Vec2::new(at.x.abs(), at.y);
    let brow = segment(half, Vec2::new(6.0, 11.0), Vec2::new(22.0, 20.0)) - 3.5;
    let mouth = segment(half, Vec2::new(0.0, -14.0), Vec2::new(12.0, -17.0)) - 3.0;
    over(ink(brow.min(mouth)), over(eyes(at), face(at, [0.98, 0.34, 0.24])))
}

fn heart(at: Vec2) -> Rgba {
    let place = Vec2::new(at.x.abs(), at.y + 36.0) / 64.0;
    let lobe = place.distance(Vec2::new(0.25, 0.75)) - 0.353_553_4;
    let tip = place.distance(Vec2::splat(0.5 * (place.x + place.y).max(0.0)));
    let below = tip.min(place.distance(Vec2::Y)) * (place.x - place.y).signum();
    let distance = 64.0 * if place.x + place.y > 1.0 { lobe } else { below };
    let shine = [1.0, 1.0, 1.0, 0.5 * edge((at - Vec2::new(-17.0, 18.0)).length() - 6.0, 6.0)];
    over(shine, paint([1.0, 0.26, 0.42], distance))
}

fn face(at: Vec2, color: [f32; 3]) -> Rgba {
    let shine = [1.0, 1.0, 1.0, 0.35 * edge((at - Vec2::new(-13.0, 18.0)).length() - 8.0, 14.0)];
    over(shine, paint(color, at.length() - FACE))
}

fn eyes(at: Vec2) -> Rgba {
    ink(Vec2::new(at.x.abs() - 13.0, (at.y - 7.0) * 0.75).length() - 4.5)
}

fn ink(distance: f32) -> Rgba {
    paint(INK, distance)
}

fn paint([red, green, blue]: [f32; 3], distance: f32) -> Rgba {
    [red, green, blue, edge(distance, SOFT)]
}

/// The distance from the line of a circle.
fn arc(at: Vec2, center: Vec2, radius: f32) -> f32 {
    (at.distance(center) - radius).abs() - 3.0
}

/// The distance from a line between two points.
fn segment(at: Vec2, from: Vec2, to: Vec2) -> f32 {
    let along = to - from;
    let part = ((at - from).dot(along) / along.length_squared()).clamp(0.0, 1.0);
    at.distance(from + along * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pixel of a picture, from its position relative to the middle.
    fn pixels(look: fn(Vec2) -> Rgba) -> Vec<Rgba> {
        let place = |n: i32| n as f32 - 63.5;
        (0..128 * 128).map(|n| look(Vec2::new(place(n % 128), place(n / 128)))).collect()
    }

    #[test]
    fn every_emote_is_a_picture_of_its_own_that_ends_within_the_bubble() {
        let inside: Vec<f32> = pixels(bubble).iter().map(|pixel| pixel[3]).collect();
        let pictures = Emote::ALL.map(|emote| pixels(look_of(emote)));
        for (number, picture) in pictures.iter().enumerate() {
            assert!(picture.iter().flatten().all(|part| (0.0..=1.0).contains(part)), "emote {number}");
            let seen = picture.iter().filter(|pixel| pixel[3] > 0.9).count();
            assert!((1500..6000).contains(&seen), "emote {number} covers {seen} pixels");
            assert!(picture.iter().zip(&inside).all(|(pixel, bubble)| pixel[3] <= 0.01 || *bubble > 0.9));
            for other in &pictures[..number] {
                let differs = |(one, two): (&Rgba, &Rgba)| (one[3] - two[3]).abs() + (one[1] - two[1]).abs() > 0.2;
                assert!(picture.iter().zip(other).filter(|pair| differs(*pair)).count() > 150, "emote {number}");
            }
        }
    }

    #[test]
    fn the_bubble_ends_within_its_picture() {
        let bubble = pixels(bubble);
        let at_the_rim = |n: &usize| n.is_multiple_of(128) || n % 128 == 127 || *n < 128 || *n >= 127 * 128;
        assert!((0..bubble.len()).filter(at_the_rim).all(|n| bubble[n][3] == 0.0));
    }
}

//! Plots the players' curves into a picture: plain arithmetic on pixels, with soft edges.

use bevy::{
    asset::RenderAssetUsages,
    prelude::*,
    render::render_resource::{Extent3d, TextureDimension, TextureFormat},
};

use crate::textures::{Rgba, over};

/// Half a line's width, in pixels.
const LINE_HALF: f32 = 1.7;
/// Horizontal lines behind the curves.
const GRID_LINES: u32 = 4;
const GRID: Rgba = [0.42, 0.54, 0.85, 0.13];

/// A line through points in the unit square, y up.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Colour of the line.
    pub color: Color,
    /// Points of the line, from left to right.
    pub points: Vec<Vec2>,
    /// Whether this is the player's own line, which is drawn thicker.
    pub is_own: bool,
}

/// Plots the left `part` (0 to 1) of some curves.
pub fn plot(size: UVec2, curves: &[Curve], part: f32) -> Image {
    let mut canvas = Canvas::new(size);
    (0..=GRID_LINES).for_each(|line| canvas.row(line as f32 / GRID_LINES as f32));
    curves.iter().for_each(|curve| canvas.curve(curve, part));
    canvas.into_image()
}

struct Canvas {
    size: UVec2,
    pixels: Vec<Rgba>,
}

impl Canvas {
    fn new(size: UVec2) -> Self {
        Self { size, pixels: vec![[0.0; 4]; (size.x * size.y) as usize] }
    }

    fn paint(&mut self, x: u32, y: u32, color: Rgba) {
        let pixel = &mut self.pixels[(y * self.size.x + x) as usize];
        *pixel = over(color, *pixel);
    }

    /// The position of a height (0 to 1), in pixels from the top, with room for the line's width.
    fn pixel_y(&self, height: f32) -> f32 {
        let room = 2.0 * LINE_HALF + 1.0;
        room + (1.0 - height) * (self.size.y as f32 - 2.0 * room)
    }

    fn row(&mut self, height: f32) {
        let y = (self.pixel_y(height) as u32).min(self.size.y - 1);
        (0..self.size.x).for_each(|x| self.paint(x, y, GRID));
    }

    fn curve(&mut self, curve: &Curve, part: f32) {
        let [red, green, blue, _] = curve.color.to_srgba().to_f32_array();
        let half = if curve.is_own { LINE_HALF * 1.5 } else { LINE_HALF };
        for x in 0..(self.size.x as f32 * part.clamp(0.0, 1.0)) as u32 {
            let at = (x as f32 + 0.5) / self.size.x as f32;
            let Some((height, slope)) = height_at(&curve.points, at) else { continue };
            let y = self.pixel_y(height);
            // The distance to a slanted line is shorter than the vertical one.
            let steepness = (1.0 + (slope * self.size.y as f32 / self.size.x as f32).powi(2)).sqrt();
            let reach = (half + 1.0) * steepness;
            let rows = (y - reach).max(0.0) as u32..((y + reach) as u32).saturating_add(1).min(self.size.y);
            for row in rows {
                let distance = (row as f32 + 0.5 - y).abs() / steepness;
                self.paint(x, row, [red, green, blue, (half + 0.5 - distance).clamp(0.0, 1.0)]);
            }
        }
    }

    fn into_image(self) -> Image {
        let size = Extent3d { width: self.size.x, height: self.size.y, depth_or_array_layers: 1 };
        let bytes = self.pixels.iter().flatten().map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        Image::new(
            size,
            TextureDimension::D2,
            bytes,
            TextureFormat::Rgba8UnormSrgb,
            RenderAssetUsages::RENDER_WORLD | RenderAssetUsages::MAIN_WORLD,
        )
    }
}

/// Height and slope of the line through these points; nothing before the first one and after the last.
fn height_at(points: &[Vec2], x: f32) -> Option<(f32, f32)> {
    let after = points.iter().position(|point| point.x >= x)?;
    let (from, to) = (points[after.checked_sub(1)?], points[after]);
    let slope = (to.y - from.y) / (to.x - from.x).max(1e-6);
    Some((from.y + slope * (x - from.x), slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alpha(image: &Image, x: u32, y: u32) -> u8 {
        let place = (y * image.width() + x) as usize * 4 + 3;
        image.data.as_ref().expect("painted")[place]
    }

    #[test]
    fn a_curve_is_where_its_points_are_and_only_as_far_as_shown() {
        let rising = Curve { color: Color::WHITE, points: vec![Vec2::ZERO, Vec2::ONE], is_own: true };
        let image = plot(UVec2::new(100, 50), std::slice::from_ref(&rising), 0.5);
        assert_eq!(alpha(&image, 25, 36), 255);
        assert_eq!(alpha(&image, 25, 20), 0);
        assert!(alpha(&image, 75, 14) < 60, "not drawn yet: that is a line of the grid");
        let whole = plot(UVec2::new(100, 50), &[rising], 1.0);
        assert_eq!(alpha(&whole, 75, 14), 255);
    }

    #[test]
    fn a_curve_without_two_moments_draws_nothing() {
        let size = UVec2::new(40, 40);
        let grid = plot(size, &[], 1.0).data.expect("painted");
        let drawn = |points| plot(size, &[Curve { color: Color::WHITE, points, is_own: false }], 2.0).data;
        for points in
            [vec![], vec![Vec2::ZERO], vec![Vec2::splat(0.5)], vec![Vec2::new(0.5, 9.0), Vec2::new(0.5, -9.0)]]
        {
            assert_eq!(drawn(points.clone()).as_ref(), Some(&grid), "{points:?}");
        }
        assert_ne!(drawn(vec![Vec2::ZERO, Vec2::ONE]).as_ref(), Some(&grid), "two moments are a line");
    }

    #[test]
    fn a_curve_beyond_the_picture_draws_nothing_in_it() {
        let size = UVec2::new(40, 40);
        let beyond =
            Curve { color: Color::WHITE, points: vec![Vec2::new(0.0, 9.0), Vec2::new(1.0, 9.0)], is_own: true };
        assert_eq!(plot(size, &[beyond], 1.0).data, plot(size, &[], 1.0).data);
    }
}

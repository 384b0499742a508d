//! Textures of simple shapes, and the tools to paint them: painted by the processor at start, with soft edges at any
//! size, without multi-sampling.

use bevy::{
    asset::RenderAssetUsages,
    image::{ImageSampler, ImageSamplerDescriptor},
    prelude::*,
    render::render_resource::{Extent3d, TextureDimension, TextureFormat},
};

/// Side of the square textures, in pixels. Mipmaps allow drawing them at any smaller size.
pub const SIDE: u32 = 128;
/// Half the side of the painted area, in pixels: the rest is room for its soft edge.
pub const REACH: f32 = 60.0;

/// Straight (not premultiplied) red, green, blue and alpha, 0 to 1.
pub type Rgba = [f32; 4];

/// The window's textures. Most are white, so that a sprite's colour tints them.
#[derive(Resource, Clone)]
pub struct Art {
    /// A disc.
    pub disc: Handle<Image>,
    /// A disc that fades from its centre.
    pub glow: Handle<Image>,
    /// A thin ring.
    pub ring: Handle<Image>,
    /// A streak that is bright at its right end.
    pub streak: Handle<Image>,
    /// A line along x with soft sides.
    pub line: Handle<Image>,
    /// Dark corners.
    pub vignette: Handle<Image>,
}

impl Art {
    /// Paints all textures.
    pub fn paint(images: &mut Assets<Image>) -> Self {
        let mut square = |look: fn(Vec2) -> Rgba| images.add(paint(UVec2::splat(SIDE), look));
        Self {
            disc: square(|at| white(edge(at.length() - REACH, 1.5))),
            glow: square(|at| white((1.0 - at.length() / REACH).clamp(0.0, 1.0).powi(2))),
            ring: square(|at| white(edge((at.length() - REACH + 5.0).abs() - 4.0, 1.5))),
            streak: images.add(paint(UVec2::new(SIDE, 32), streak)),
            line: images.add(paint(UVec2::new(8, 8), |at| white(1.0 - (at.y / 4.0).abs()))),
            vignette: images.add(paint(UVec2::new(256, 144), vignette)),
        }
    }
}

/// Paints a texture; `look` returns the colour of each pixel, from its position relative to the middle, y up.
pub fn paint(size: UVec2, look: impl Fn(Vec2) -> Rgba) -> Image {
    let half = size.as_vec2() / 2.0;
    let pixels = (0..size.y).flat_map(|y| (0..size.x).map(move |x| UVec2::new(x, y)));
    let level: Vec<Rgba> = pixels
        .map(|pixel| {
            let at = pixel.as_vec2() + 0.5 - half;
            look(Vec2::new(at.x, -at.y))
        })
        .collect();
    with_smaller_copies(size, level)
}

/// Adds mipmaps. Sides must be powers of two.
fn with_smaller_copies(mut size: UVec2, mut level: Vec<Rgba>) -> Image {
    let mut bytes = to_bytes(&level);
    let full = Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 };
    let mut image = Image::new(
        full,
        TextureDimension::D2,
        bytes.clone(),
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    );
    let is_halvable = size.x.is_power_of_two() && size.y.is_power_of_two();
    while is_halvable && size.max_element() > 1 {
        (size, level) = halved(size, &level);
        bytes.extend(to_bytes(&level));
        image.texture_descriptor.mip_level_count += 1;
    }
    image.data = Some(bytes);
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor::linear());
    image
}

fn halved(size: UVec2, level: &[Rgba]) -> (UVec2, Vec<Rgba>) {
    let half = (size / 2).max(UVec2::ONE);
    let step = size / half;
    let pixels = (0..half.y).flat_map(|y| (0..half.x).map(move |x| UVec2::new(x, y) * step));
    let mean = |corner: UVec2| {
        let mut sum = [0.0; 4];
        for pixel in (0..step.y).flat_map(|y| (0..step.x).map(move |x| corner + UVec2::new(x, y))) {
            let [red, green, blue, alpha] = level[(pixel.y * size.x + pixel.x) as usize];
            // Weighted by alpha: an invisible pixel contributes no colour.
            [red * alpha, green * alpha, blue * alpha, alpha].iter().zip(&mut sum).for_each(|(part, sum)| *sum += part);
        }
        let [red, green, blue, alpha] = sum;
        let weight = alpha.max(1e-6);
        [red / weight, green / weight, blue / weight, alpha / (step.x * step.y) as f32]
    };
    (half, pixels.map(mean).collect())
}

fn to_bytes(level: &[Rgba]) -> Vec<u8> {
    level.iter().flatten().map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8).collect()
}

/// 1 inside (a negative distance), 0 outside, with a transition of `width` pixels.
pub fn edge(distance: f32, width: f32) -> f32 {
    (0.5 - distance / width).clamp(0.0, 1.0)
}

/// Blends one colour over another.
pub fn over(top: Rgba, bottom: Rgba) -> Rgba {
    let alpha = top[3] + bottom[3] * (1.0 - top[3]);
    let mix = |place: usize| (top[place] * top[3] + bottom[place] * bottom[3] * (1.0 - top[3])) / alpha.max(1e-6);
    [mix(0), mix(1), mix(2), alpha]
}

fn white(alpha: f32) -> Rgba {
    grey(1.0, alpha)
}

/// A grey; `light` is 0 (black) to 1 (white).
pub const fn grey(light: f32, alpha: f32) -> Rgba {
    [light, light, light, alpha]
}

/// Signed distance from a box with rounded corners around the middle.
pub fn rounded_box(at: Vec2, half: Vec2, radius: f32) -> f32 {
    let beyond = at.abs() - half + radius;
    beyond.max(Vec2::ZERO).length() + beyond.max_element().min(0.0) - radius
}

fn streak(at: Vec2) -> Rgba {
    let along = (at.x / SIDE as f32 + 0.5).clamp(0.0, 1.0);
    let across = 1.0 - (at.y / 16.0).abs();
    white(along * along * (across * across * (3.0 - 2.0 * across)).max(0.0))
}

fn vignette(at: Vec2) -> Rgba {
    let far = (at / Vec2::new(128.0, 72.0)).length();
    let fade = ((far - 0.75) / 0.75).clamp(0.0, 1.0);
    // Noise of half a step hides the bands of a slow gradient.
    let grain = (at.x * 0.754_877_7 + at.y * 0.569_840_3).fract().abs() / 255.0;
    [0.0, 0.0, 0.01, 0.62 * fade * fade * (3.0 - 2.0 * fade) + grain * f32::from(u8::from(fade > 0.0))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_all_its_smaller_copies() {
        let image = paint(UVec2::new(8, 2), |_| [1.0, 0.5, 0.0, 1.0]);
        assert_eq!(image.texture_descriptor.mip_level_count, 4);
        let data = image.data.expect("a painted image has its bytes");
        assert_eq!(data.len(), (16 + 4 + 2 + 1) * 4);
        assert_eq!(data[data.len() - 4..], [255, 128, 0, 255], "an even colour stays what it is");
    }

    #[test]
    fn an_opaque_top_hides_the_bottom() {
        assert_eq!(over([0.2, 0.4, 0.6, 1.0], [1.0; 4]), [0.2, 0.4, 0.6, 1.0]);
        assert!((over([1.0, 1.0, 1.0, 0.5], [0.0, 0.0, 0.0, 1.0])[0] - 0.5).abs() < 1e-6);
    }
}

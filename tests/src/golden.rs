//! Golden pictures: screens at half size, small enough for the repository, and their difference.

use std::path::Path;

use bevy::{
    asset::RenderAssetUsages,
    image::{CompressedImageFormats, Image, ImageSampler, ImageType},
    prelude::*,
    render::render_resource::{Extent3d, TextureDimension, TextureFormat},
};

/// Pixels of a screen, in each direction, for one pixel of a picture.
const SHRINK: usize = 2;
/// Bytes of a pixel.
const PIXEL: usize = 4;
/// Difference in a colour of a pixel that does not count, of 255.
const COLOUR_MAX: u8 = 24;

/// A picture of a screen at half its size.
pub struct Picture {
    width: usize,
    bytes: Vec<u8>,
}

impl Picture {
    /// Shrinks a drawn screen.
    pub fn of(drawn: &Image) -> Self {
        let rgba = drawn.clone().try_into_dynamic().expect("a screen has plain colours").to_rgba8();
        let (from_width, height) = (rgba.width() as usize, rgba.height() as usize / SHRINK);
        let width = from_width / SHRINK;
        let raw = rgba.into_raw();
        let mut bytes = Vec::with_capacity(width * height * PIXEL);
        for place in 0..width * height {
            let (x, y) = (place % width * SHRINK, place / width * SHRINK);
            for colour in 0..PIXEL {
                let of = |dx: usize, dy: usize| usize::from(raw[((y + dy) * from_width + x + dx) * PIXEL + colour]);
                let sum: usize = (0..SHRINK * SHRINK).map(|part| of(part % SHRINK, part / SHRINK)).sum();
                bytes.push((sum / (SHRINK * SHRINK)) as u8);
            }
        }
        Self { width, bytes }
    }

    /// Reads a picture from the repository, if it is there.
    pub fn load(file: &Path) -> Option<Self> {
        let (kind, formats) = (ImageType::Extension("png"), CompressedImageFormats::NONE);
        let png = std::fs::read(file).ok()?;
        let image =
            Image::from_buffer(&png, kind, formats, true, ImageSampler::Default, RenderAssetUsages::MAIN_WORLD).ok()?;
        let rgba = image.try_into_dynamic().ok()?.to_rgba8();
        Some(Self { width: rgba.width() as usize, bytes: rgba.into_raw() })
    }

    /// Writes it.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) {
        file.parent().map_or(Ok(()), std::fs::create_dir_all).expect("the folder can be made");
        let height = self.bytes.len() / PIXEL / self.width;
        let size = Extent3d { width: self.width as u32, height: height as u32, depth_or_array_layers: 1 };
        let format = TextureFormat::Rgba8UnormSrgb;
        let usage = RenderAssetUsages::MAIN_WORLD;
        let image = Image::new(size, TextureDimension::D2, self.bytes.clone(), format, usage);
        let plain = image.try_into_dynamic().expect("plain colours").to_rgb8();
        plain.save(file).expect("the file can be written");
    }

    /// The share of pixels that differ, 0 to 1; 1 if the sizes differ.
    pub fn difference(&self, other: &Self) -> f64 {
        if (self.width, self.bytes.len()) != (other.width, other.bytes.len()) {
            return 1.0;
        }
        let pairs = self.bytes.chunks_exact(PIXEL).zip(other.bytes.chunks_exact(PIXEL));
        let differ = |(one, two): &(&[u8], &[u8])| one.iter().zip(*two).any(|(a, b)| a.abs_diff(*b) > COLOUR_MAX);
        pairs.clone().filter(differ).count() as f64 / pairs.len() as f64
    }
}

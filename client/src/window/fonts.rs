//! The letters: Noto Sans, from a crate, under the SIL Open Font License; Latin, Greek and Cyrillic.

use bevy::prelude::*;

/// Fonts beside the default one, which is the regular cut.
#[derive(Resource, Clone)]
pub struct Fonts {
    /// Names, numbers and titles.
    pub bold: Handle<Font>,
}

impl Fonts {
    /// Makes Noto Sans the font of every text that names none.
    pub fn load(fonts: &mut Assets<Font>) -> Self {
        let regular = Font::from_bytes(notosans::REGULAR_TTF.to_vec());
        fonts.insert(AssetId::default(), regular).expect("the default font's place can always be taken");
        Self { bold: fonts.add(Font::from_bytes(notosans::BOLD_TTF.to_vec())) }
    }

    /// The bold cut at a size in pixels.
    pub fn bold(&self, px: f32) -> TextFont {
        TextFont { font: self.bold.clone().into(), font_size: FontSize::Px(px), ..default() }
    }

    /// The regular cut at a size in pixels.
    pub fn regular(px: f32) -> TextFont {
        TextFont { font_size: FontSize::Px(px), ..default() }
    }
}

//! Fonts: Noto Sans, from a crate under the SIL Open Font License, with Latin, Greek and Cyrillic letters. Other
//! scripts use the system's fonts, if there are any.

use bevy::{prelude::*, text::FontCx};
use fontique::Script;

use super::texts::Language;

/// Fonts besides the default one, which is the regular weight.
#[derive(Resource, Clone)]
pub struct Fonts {
    /// Bold weight, for names, numbers and titles.
    pub bold: Handle<Font>,
}

impl Fonts {
    /// Makes Noto Sans the default font.
    pub fn load(fonts: &mut Assets<Font>) -> Self {
        let regular = Font::from_bytes(notosans::REGULAR_TTF.to_vec());
        fonts.insert(AssetId::default(), regular).expect("the default font's place can always be taken");
        Self { bold: fonts.add(Font::from_bytes(notosans::BOLD_TTF.to_vec())) }
    }

    /// The bold weight at a size in pixels.
    pub fn bold(&self, px: f32) -> TextFont {
        TextFont { font: self.bold.clone().into(), font_size: FontSize::Px(px), ..default() }
    }

    /// The regular weight at a size in pixels.
    pub fn regular(px: f32) -> TextFont {
        TextFont { font_size: FontSize::Px(px), ..default() }
    }
}

/// Whether the letters of a language are available, from the window or from the system's fonts.
pub fn has_letters(fonts: &mut FontCx, language: Language) -> bool {
    let Some((script, letter)) = language.script() else { return true };
    let context = &mut fonts.context;
    let families: Vec<_> = context.collection.fallback_families(Script::from_bytes(script)).collect();
    families.into_iter().filter_map(|family| context.collection.family(family)).any(|family| {
        family.fonts().iter().any(|font| {
            let bytes = font.load(Some(&mut context.source_cache));
            let glyph = bytes.and_then(|bytes| font.charmap_index().charmap(bytes.as_ref())?.map(letter));
            glyph.is_some_and(|glyph| glyph != 0)
        })
    })
}

//! Layout: the HUD's stage, which fills the window, and the part of the world between its panels.
//!
//! The stage has its own pixels, larger or smaller than the window's, so that its panels fit every window.

use bevy::prelude::*;

/// The stage that screens are designed for, in its own pixels: it fits into every window.
pub const STAGE: Vec2 = Vec2::new(1280.0, 720.0);
/// The smallest stage with room for the panels around a match: it keeps letters larger in small windows.
const MATCH_STAGE: Vec2 = Vec2::new(1000.0, 560.0);
/// The smallest scale of a match's letters to the window's pixels; below it the stage becomes smaller instead.
const MATCH_SCALE_MIN: f32 = 0.8;
/// Space of the panels at each edge, in pixels of the stage: the field is between them.
pub const EDGE: BorderRect = BorderRect { min_inset: Vec2::new(14.0, 58.0), max_inset: Vec2::new(210.0, 70.0) };

/// The mapping from the world to the window.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Logical pixels of the window in one pixel of the stage.
    pub scale: f32,
    /// The stage's size, in its own pixels.
    pub stage: Vec2,
    /// The point of the world at the window's centre.
    pub center: Vec2,
    /// Units of the world in one pixel of the stage.
    pub units_per_px: f32,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { scale: 1.0, stage: STAGE, center: Vec2::ZERO, units_per_px: 1.0 }
    }
}

impl Viewport {
    /// The viewport that shows `part` of `field` between the panels of a window (in logical pixels) at this scale: the
    /// whole part, and nothing beyond the field if the field is large enough.
    pub fn showing(part: Rect, field: Rect, window: Vec2, scale: f32) -> Self {
        let stage = (window / scale).max(Vec2::ONE);
        let area = Rect::from_corners(EDGE.min_inset, (stage - EDGE.max_inset).max(EDGE.min_inset + 1.0));
        let fit = |shown: Vec2| (shown / area.size()).max_element().max(1e-3);
        let units_per_px = fit(part.size()).min(fit(field.size()));
        let shown = area.size() * units_per_px;
        let slack = ((field.size() - shown) / 2.0).max(Vec2::ZERO);
        let middle = part.center().clamp(field.center() - slack, field.center() + slack);
        let off = (area.center() - stage / 2.0) * Vec2::new(1.0, -1.0);
        Self { scale, stage, center: middle - off * units_per_px, units_per_px }
    }

    /// The part of the world between the panels.
    pub fn area(&self) -> Rect {
        let area = Rect::from_corners(EDGE.min_inset, (self.stage - EDGE.max_inset).max(EDGE.min_inset));
        let off = (area.center() - self.stage / 2.0) * Vec2::new(1.0, -1.0);
        Rect::from_center_size(self.center + off * self.units_per_px, area.size() * self.units_per_px)
    }

    /// Units of the world in one logical pixel of the window: a text in the world with this scale is sharp.
    pub fn units_per_window_px(&self) -> f32 {
        self.units_per_px / self.scale
    }

    /// The nearest point at the start of a window pixel: letters between pixels would be blurred.
    pub fn to_whole_pixel(&self, point: Vec2) -> Vec2 {
        let pixel = self.units_per_window_px();
        self.center + ((point - self.center) / pixel).round() * pixel
    }

    /// A text size in pixels of the stage, as whole pixels of the window, so that resizing creates few sets of glyphs.
    pub fn font_size(&self, stage_px: f32) -> f32 {
        (stage_px * self.scale).round().max(6.0)
    }
}

/// The stage's scale in a window of this size, in logical pixels.
pub fn stage_scale(window: Vec2) -> f32 {
    (window / STAGE).min_element().max(0.1)
}

/// The stage's scale for the panels around a match.
pub fn match_scale(window: Vec2) -> f32 {
    stage_scale(window).max(MATCH_SCALE_MIN).min((window / MATCH_STAGE).min_element()).max(0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Rect = Rect { min: Vec2::new(-800.0, -450.0), max: Vec2::new(800.0, 450.0) };
    const WINDOWS: [Vec2; 5] = [
        Vec2::new(800.0, 600.0),
        Vec2::new(1280.0, 720.0),
        Vec2::new(2560.0, 1080.0),
        Vec2::new(3840.0, 2160.0),
        Vec2::new(400.0, 1000.0),
    ];

    fn showing(part: Rect, window: Vec2) -> Viewport {
        Viewport::showing(part, FIELD, window, match_scale(window))
    }

    /// The distance between a rectangle of the world and the panels, at the upper left and the lower right corner.
    fn room_around(viewport: &Viewport, part: Rect) -> [Vec2; 2] {
        let on_stage = |point: Vec2| {
            viewport.stage / 2.0 + (point - viewport.center) * Vec2::new(1.0, -1.0) / viewport.units_per_px
        };
        let corners = [on_stage(part.min), on_stage(part.max)];
        let (low, high) = (corners[0].min(corners[1]), corners[0].max(corners[1]));
        [low - EDGE.min_inset, viewport.stage - EDGE.max_inset - high]
    }

    #[test]
    fn the_stage_fits_every_window_and_letters_stay_large_enough() {
        assert_eq!(stage_scale(STAGE), 1.0);
        assert_eq!(stage_scale(Vec2::new(2560.0, 720.0)), 1.0);
        assert_eq!(stage_scale(Vec2::new(640.0, 720.0)), 0.5);
        assert_eq!(match_scale(Vec2::new(800.0, 600.0)), 0.8);
        assert_eq!(match_scale(Vec2::new(3840.0, 2160.0)), 3.0);
        assert!(stage_scale(Vec2::ZERO) > 0.0 && match_scale(Vec2::ZERO) > 0.0);
    }

    #[test]
    fn the_field_lies_between_the_panels_in_every_window() {
        for window in WINDOWS {
            let [low, high] = room_around(&showing(FIELD, window), FIELD);
            assert!(low.min_element() > -0.1 && high.min_element() > -0.1, "{window}: {low} {high}");
            assert!(low.min_element() < 0.1, "{window}: the field could be larger: {low}");
        }
        let nowhere = showing(FIELD, Vec2::ZERO);
        assert!(nowhere.center.is_finite() && nowhere.units_per_px.is_finite());
    }

    #[test]
    fn a_part_of_the_field_is_seen_larger_and_nothing_beyond_the_field() {
        for window in WINDOWS {
            let part = Rect::from_center_size(Vec2::new(-700.0, 300.0), Vec2::new(200.0, 200.0));
            let viewport = showing(part, window);
            assert!(viewport.units_per_px < showing(FIELD, window).units_per_px);
            let [low, high] = room_around(&viewport, part);
            assert!(low.min_element() > -0.1 && high.min_element() > -0.1, "{window}: all of it is seen");
            let area = viewport.area();
            assert!(area.contains(part.center()) && area.size().cmpge(part.size() - 0.1).all(), "{window}");
            let [low, high] = room_around(&viewport, FIELD);
            assert!(low.max_element() < 0.1 && high.max_element() < 0.1, "{window}: the field fills the area");
        }
    }
}

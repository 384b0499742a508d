//! Draws the curves pixel by pixel: a plain function from numbers to bytes.

use bevy::prelude::*;

use super::samples::{Metric, SAMPLES_MAX, Samples};

/// The picture's size in pixels: two for every sample.
pub const PICTURE: UVec2 = UVec2::new(2 * SAMPLES_MAX as u32, 216);
/// Bands from top to bottom: metrics on a common scale, and the smallest end of that scale.
const BANDS: [(&[Metric], f32); 3] = [
    (&[Metric::RttMs, Metric::MarginMs], 60.0),
    (&[Metric::RollbackTicks, Metric::LeadTicks], 8.0),
    (&[Metric::KiloBytes, Metric::LossPercent, Metric::Corrections], 8.0),
];
/// Pixels between a band's curves and its edges.
const BAND_EDGE: f32 = 6.0;
/// Half a line's width, in pixels.
const LINE_HALF: f32 = 1.2;

/// The picture as bytes of red, green, blue and alpha; the newest sample is at the right edge.
pub fn draw(samples: &Samples, color: impl Fn(Metric) -> Color) -> Vec<u8> {
    let mut canvas = vec![0; (PICTURE.x * PICTURE.y * 4) as usize];
    let band_height = PICTURE.y as f32 / BANDS.len() as f32;
    for (number, (measures, least)) in BANDS.into_iter().enumerate() {
        let bottom = band_height * (number + 1) as f32;
        let most = measures.iter().map(|metric| samples.most(*metric)).fold(least, f32::max);
        let top = scale_end(most);
        let height_of = |value: f32| {
            let part = (value / top).clamp(-0.05, 1.0);
            bottom - BAND_EDGE - part * (band_height - 2.0 * BAND_EDGE)
        };
        for part in [0.0, 0.5, 1.0] {
            (0..PICTURE.x).for_each(|x| span(&mut canvas, x, height_of(part * top), 0.0, [90, 110, 160], 46));
        }
        for metric in measures.iter().copied() {
            let [red, green, blue, _] = color(metric).to_srgba().to_u8_array();
            let is_event = matches!(metric, Metric::RollbackTicks | Metric::Corrections);
            let mut newer = None;
            for (age, value) in samples.back(metric).enumerate() {
                let right = PICTURE.x - 1 - 2 * age as u32;
                let y = value.is_finite().then(|| height_of(value));
                match (y, newer) {
                    (Some(y), _) if is_event => {
                        if value > 0.0 {
                            bar(&mut canvas, right, y, height_of(0.0), [red, green, blue]);
                        }
                    }
                    (Some(y), last) => line(&mut canvas, right, y, last.unwrap_or(y), [red, green, blue]),
                    (None, _) => {}
                }
                newer = y;
            }
        }
    }
    canvas
}

/// The end of a scale for values up to `most`: 1, 2 or 5 times a power of ten, so that scales rarely change.
fn scale_end(most: f32) -> f32 {
    let steps = (0..9).flat_map(|zeros| [1.0, 2.0, 5.0].map(|digit| digit * 10f32.powi(zeros)));
    steps.into_iter().find(|end| *end >= most).unwrap_or(1e9)
}

/// Draws one sample of a curve, two pixels wide: from its own height to that of the sample to the right.
fn line(canvas: &mut [u8], right: u32, y: f32, newer: f32, color: [u8; 3]) {
    let middle = y.midpoint(newer);
    for (x, from, to) in [(right, middle, newer), (right.saturating_sub(1), y, middle)] {
        span(canvas, x, from.midpoint(to), (from - to).abs() / 2.0 + LINE_HALF, color, 255);
    }
}

/// Draws a bar for an event in one sample.
fn bar(canvas: &mut [u8], right: u32, top: f32, bottom: f32, color: [u8; 3]) {
    for x in [right, right.saturating_sub(1)] {
        span(canvas, x, top.midpoint(bottom), (bottom - top).abs() / 2.0 + 0.5, color, 210);
    }
}

/// Paints one column around a height, with soft ends, over the existing pixels.
fn span(canvas: &mut [u8], x: u32, middle: f32, half: f32, color: [u8; 3], alpha: u8) {
    let first = (middle - half - 1.0).floor().max(0.0) as u32;
    let last = ((middle + half + 1.0).ceil().max(0.0) as u32).min(PICTURE.y);
    for y in first..last {
        let inside = (half + 1.0 - (y as f32 + 0.5 - middle).abs()).clamp(0.0, 1.0);
        let place = ((y * PICTURE.x + x) * 4) as usize;
        let cover = inside * f32::from(alpha) / 255.0;
        let old = f32::from(canvas[place + 3]) / 255.0;
        let sum = cover + old * (1.0 - cover);
        if sum <= 0.0 {
            continue;
        }
        for (part, new) in color.into_iter().enumerate() {
            let below = f32::from(canvas[place + part]) * old * (1.0 - cover);
            canvas[place + part] = ((f32::from(new) * cover + below) / sum).round() as u8;
        }
        canvas[place + 3] = (sum * 255.0).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [f32; Metric::ALL.len()] = [f32::NAN; Metric::ALL.len()];

    fn with(metric: Metric, value: f32) -> [f32; Metric::ALL.len()] {
        let mut sample = NOTHING;
        sample[metric as usize] = value;
        sample
    }

    /// The picture with one metric in white and the others in black.
    fn picture(samples: &Samples, shown: Metric) -> Vec<u8> {
        draw(samples, |metric| if metric == shown { Color::WHITE } else { Color::BLACK })
    }

    fn is_white(picture: &[u8], x: u32, y: u32) -> bool {
        let place = ((y * PICTURE.x + x) * 4) as usize;
        picture[place..place + 4].iter().all(|part| *part > 240)
    }

    fn white_rows(picture: &[u8], x: u32) -> Vec<u32> {
        (0..PICTURE.y).filter(|y| is_white(picture, x, *y)).collect()
    }

    #[test]
    fn the_newest_is_at_the_right_and_as_high_as_it_is_large() {
        let mut samples = Samples::default();
        (0..100).for_each(|_| samples.push(with(Metric::RttMs, 50.0)));
        let half = white_rows(&picture(&samples, Metric::RttMs), PICTURE.x - 1);
        // The band is 72 pixels high and ends at 100 ms.
        assert!(!half.is_empty() && half.iter().all(|y| (34..=38).contains(y)), "{half:?}");
        assert_eq!(white_rows(&picture(&samples, Metric::RttMs), PICTURE.x - 202), [] as [u32; 0]);
        (0..100).for_each(|_| samples.push(with(Metric::RttMs, 100.0)));
        let whole = picture(&samples, Metric::RttMs);
        assert!(white_rows(&whole, PICTURE.x - 1).iter().all(|y| (4..=8).contains(y)));
        assert_eq!(white_rows(&whole, 2), half, "the older half is still there");
    }

    #[test]
    fn a_jump_is_one_unbroken_line() {
        let mut samples = Samples::default();
        samples.push(with(Metric::RttMs, 0.0));
        samples.push(with(Metric::RttMs, 100.0));
        let picture = picture(&samples, Metric::RttMs);
        let rows: Vec<u32> = (PICTURE.x - 4..PICTURE.x).flat_map(|x| white_rows(&picture, x)).collect();
        assert!((8..64).all(|y| rows.contains(&y)), "{rows:?}");
    }

    #[test]
    fn what_happens_once_is_a_bar_from_the_ground() {
        let mut samples = Samples::default();
        (0..10).for_each(|n| samples.push(with(Metric::RollbackTicks, if n == 5 { 8.0 } else { 0.0 })));
        let picture = picture(&samples, Metric::RollbackTicks);
        let height = |x: u32| (0..PICTURE.y).filter(|y| picture[((y * PICTURE.x + x) * 4) as usize + 3] > 190).count();
        // Two pixels wide; the band is 72 pixels high, and 8 ticks are four fifths of its scale.
        for x in [8, 9] {
            assert!((44..=54).contains(&height(PICTURE.x - 1 - x)), "{}", height(PICTURE.x - 1 - x));
        }
        assert_eq!([0, 7, 10].map(|x| height(PICTURE.x - 1 - x)), [0; 3], "nothing beside it");
    }

    #[test]
    fn numbers_that_are_none_draw_nothing() {
        let grid = picture(&Samples::default(), Metric::RttMs);
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut samples = Samples::default();
            (0..30).for_each(|_| samples.push([value; Metric::ALL.len()]));
            assert!(picture(&samples, Metric::RttMs) == grid, "{value} is drawn");
        }
    }

    #[test]
    fn numbers_out_of_all_bounds_stay_in_their_lane() {
        for (value, rows) in [(1e30, 0..12), (-1e30, 60..72)] {
            let mut samples = Samples::default();
            (0..30).for_each(|_| samples.push(with(Metric::RttMs, value)));
            let drawn = white_rows(&picture(&samples, Metric::RttMs), PICTURE.x - 1);
            assert!(!drawn.is_empty() && drawn.iter().all(|y| rows.contains(y)), "{value}: {drawn:?}");
        }
    }

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!([0.0, 1.0, 3.0, 8.0, 60.0, 101.0].map(scale_end), [1.0, 1.0, 5.0, 10.0, 100.0, 200.0]);
    }
}

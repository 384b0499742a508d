//! The 256 directions for steering and aiming, as unit vectors, and the nearest direction to a vector.
//!
//! The table is computed at compile time from a power series, with + - x / in the compiler's IEEE arithmetic. The
//! platform's `sin` and `cos` differ in the last bits between machines.

use std::f64::consts::PI;

use bevy::math::Vec2;

/// Number of directions in a full turn.
pub const DIRECTIONS_COUNT: usize = 256;
/// A quarter turn, in directions.
pub const QUARTER: u8 = 64;

/// Unit vectors, counter-clockwise from (1, 0) in steps of 1/256 turn.
pub static DIRECTIONS: [Vec2; DIRECTIONS_COUNT] = table();

/// Unit vector of a direction.
pub fn unit(direction: u8) -> Vec2 {
    DIRECTIONS[usize::from(direction)]
}

/// Direction nearest to `vector`; `None` for a vector too short to have one.
pub fn nearest(vector: Vec2) -> Option<u8> {
    if vector.length_squared() < 1e-12 {
        return None;
    }
    let folded = vector.abs();
    // Binary search in the first quarter: the sign of the cross product tells on which side the vector is.
    let (mut low, mut high) = (0u8, QUARTER);
    while low + 1 < high {
        let middle = low.midpoint(high);
        if unit(middle).perp_dot(folded) >= 0.0 { low = middle } else { high = middle }
    }
    let quarter = if unit(low).dot(folded) >= unit(high).dot(folded) { low } else { high };
    let half = if vector.x < 0.0 { 2 * QUARTER - quarter } else { quarter };
    Some(if vector.y < 0.0 { half.wrapping_neg() } else { half })
}

const fn table() -> [Vec2; DIRECTIONS_COUNT] {
    let mut table = [Vec2::ZERO; DIRECTIONS_COUNT];
    let mut step = 0;
    while step < DIRECTIONS_COUNT {
        let quarter = step / QUARTER as usize;
        let (x, y) = in_first_quarter(step % QUARTER as usize);
        // A quarter turn only swaps and negates coordinates, so opposite directions are exact opposites.
        table[step] = match quarter {
            0 => Vec2::new(x, y),
            1 => Vec2::new(-y, x),
            2 => Vec2::new(-x, -y),
            _ => Vec2::new(y, -x),
        };
        step += 1;
    }
    table
}

const fn in_first_quarter(step: usize) -> (f32, f32) {
    // Up to an eighth of a turn the series converges in a few terms; beyond that, mirror it.
    let eighth = QUARTER as usize / 2;
    let is_mirrored = step > eighth;
    let angle = (if is_mirrored { QUARTER as usize - step } else { step }) as f64 * PI / 128.0;
    let (cosine, sine) = (series(1.0, 1, angle), series(angle, 2, angle));
    if is_mirrored { (sine as f32, cosine as f32) } else { (cosine as f32, sine as f32) }
}

/// Sum of the alternating power series that begins with `first` and divides the next term by `divisor (divisor + 1)`.
const fn series(first: f64, divisor: u32, angle: f64) -> f64 {
    let (mut term, mut sum, mut next) = (first, first, divisor as f64);
    let mut terms = 0;
    while terms < 12 {
        term = -term * angle * angle / (next * (next + 1.0));
        sum += term;
        next += 2.0;
        terms += 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_direction_is_the_unit_vector_of_its_angle() {
        for (step, direction) in DIRECTIONS.iter().enumerate() {
            // In double precision the difference in the platform's last bits does not matter.
            let (sine, cosine) = (step as f64 * PI / 128.0).sin_cos();
            let off = (f64::from(direction.x) - cosine).abs().max((f64::from(direction.y) - sine).abs());
            assert!(off < 1e-7, "direction {step} is {direction}, not ({cosine}, {sine})");
            assert_eq!(nearest(*direction), Some(step as u8));
        }
        assert_eq!([unit(0), unit(64), unit(128), unit(192)], [Vec2::X, Vec2::Y, -Vec2::X, -Vec2::Y]);
        assert_eq!(nearest(Vec2::ZERO), None);
    }

    proptest! {
        #[test]
        fn the_nearest_direction_is_the_best_of_all(x in -900.0f32..900.0, y in -900.0f32..900.0) {
            let vector = Vec2::new(x, y);
            if let Some(direction) = nearest(vector) {
                let best = DIRECTIONS.iter().map(|unit| unit.dot(vector)).fold(f32::MIN, f32::max);
                prop_assert!(unit(direction).dot(vector) >= best - 1e-3);
            }
        }
    }
}

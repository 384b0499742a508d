//! Sweeps: the distance that a moving point or disc covers before it touches something.

use bevy::math::Vec2;

use super::{grid::Area, map::ARENA_HALF, rules::MatchRules};

/// Minimum length of an iteration, in units; a sweep along a wall would not advance otherwise. It ignores shorter
/// contacts.
const SWEEP_STEP_MIN: f32 = 2.0;
/// Maximum number of iterations: enough for the fastest spark that the rules allow, in one step.
const SWEEP_STEPS_MAX: u32 = 64;

/// Fraction of the path, 0 to 1, at which a moving point first comes within `reach` of `center`; `None` if never.
pub fn first_touch(from: Vec2, to: Vec2, center: Vec2, reach: f32) -> Option<f32> {
    let (line, offset) = (to - from, from - center);
    let (a, b, c) = (line.length_squared(), offset.dot(line), offset.length_squared() - reach * reach);
    if c <= 0.0 {
        return Some(0.0);
    }
    let discriminant = b * b - a * c;
    if a <= 0.0 || b >= 0.0 || discriminant < 0.0 {
        return None;
    }
    let part = (-b - discriminant.sqrt()) / a;
    (part <= 1.0).then_some(part)
}

/// Fraction of the path, 0 to 1, at which a moving disc first touches a wall or an obstacle.
///
/// Bots also use it for lines of sight, which may be longer than the path of one step: what is beyond the last
/// iteration counts as blocked.
pub fn first_obstacle(from: Vec2, to: Vec2, radius: f32, rules: &MatchRules) -> Option<f32> {
    let (line, length) = (to - from, from.distance(to));
    if length <= 0.0 {
        return None;
    }
    let obstacles = || rules.obstacle_grid.near(Area::of_sweep(from, to, radius));
    let mut travelled = 0.0;
    // No obstacle is nearer than the nearest one, so the disc can move by that distance in one iteration.
    for _ in 0..SWEEP_STEPS_MAX {
        let point = from + line * (travelled / length);
        let room = obstacles()
            .fold(wall_distance(point), |room, place| room.min(rules.map.obstacles[place].clearance(point).distance))
            - radius;
        if room <= 0.0 {
            return Some(travelled / length);
        }
        if travelled >= length {
            return None;
        }
        travelled = (travelled + room.max(SWEEP_STEP_MIN)).min(length);
    }
    Some(travelled / length)
}

fn wall_distance(point: Vec2) -> f32 {
    (ARENA_HALF - point.abs()).min_element()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::rules::ArenaLibrary, *};

    fn any_point() -> impl Strategy<Value = Vec2> {
        (-750.0f32..750.0, -400.0f32..400.0).prop_map(Vec2::from)
    }

    proptest! {
        #[test]
        fn a_touch_is_found_where_walking_the_line_finds_it(
            from in any_point(), to in any_point(), center in any_point(), reach in 5.0f32..200.0,
        ) {
            let at = |part: f32| (from + (to - from) * part).distance(center);
            let walked = (0..=2000).map(|step| step as f32 / 2000.0).find(|&part| at(part) <= reach);
            match (first_touch(from, to, center, reach), walked) {
                (Some(part), Some(walked)) => prop_assert!((part - walked).abs() < 2e-3),
                // Iterations can miss a graze.
                (Some(part), None) => prop_assert!(at(part) <= reach + 0.1),
                (None, walked) => prop_assert!(walked.is_none_or(|part| at(part) > reach - 0.1)),
            }
        }

        #[test]
        fn a_sweep_stops_at_the_surface_and_not_before(from in any_point(), to in any_point()) {
            let rules = ArenaLibrary::embedded().rules_for("crossing", framehouse_shared::tick::SimRate::DEFAULT);
            let to = from + (to - from).clamp_length_max(100.0);
            prop_assume!(from.distance(to) > 1.0 && rules.map.is_clear(from, 8.0));
            let first = first_obstacle(from, to, 7.0, &rules);
            let walked = (0..=1000).map(|step| step as f32 / 1000.0).find(|part| {
                !rules.map.is_clear(from + (to - from) * *part, 6.0)
            });
            if let Some(part) = first {
                prop_assert!(!rules.map.is_clear(from + (to - from) * part, 8.0));
            }
            if let Some(walked) = walked {
                prop_assert!(first.is_some_and(|part| (part - walked) * from.distance(to) <= SWEEP_STEP_MIN));
            }
        }
    }
}

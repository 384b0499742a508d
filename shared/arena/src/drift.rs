//! Movement of gems: attraction by crafts, drag, and reflection at walls and obstacles.

use bevy::math::Vec2;
use framehouse_shared::tick::Tick;

use super::{
    bodies::Place,
    grid::Area,
    map::ARENA_HALF,
    pace::Pace,
    pickups::{Gem, Pickups},
    rules::MatchRules,
};

/// Moves all gems by one step: attracted by the nearest craft, slowed by drag, reflected by walls and obstacles.
pub fn drift(pickups: &mut Pickups, rules: &MatchRules, crafts: &[Place], pace: Pace, tick: Tick) {
    let numbers = &rules.numbers.gem;
    let drag = pace.drag(numbers.drag);
    for gem in &mut pickups.gems {
        if tick >= gem.free
            && let Some((_, craft)) = nearest_craft(gem.position, numbers.magnet_radius, crafts)
        {
            gem.velocity += (craft - gem.position).normalize_or_zero() * (numbers.magnet_acceleration * drag.push_s);
        }
        gem.velocity *= drag.kept;
        gem.position += gem.velocity * pace.dt;
        keep_inside(gem, rules);
    }
}

/// Nearest of the crafts, which are in order of slots, whose centre is within `reach` of `point`; at equal distances, the
/// one with the lower slot. It looks at all of them: with at most 16 that is faster than any index.
pub fn nearest_craft(point: Vec2, reach: f32, crafts: &[Place]) -> Option<Place> {
    let mut nearest: Option<(f32, Place)> = None;
    for craft in crafts {
        let distance = craft.1.distance_squared(point);
        if distance <= reach * reach && nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, *craft));
        }
    }
    nearest.map(|(_, craft)| craft)
}

fn keep_inside(gem: &mut Gem, rules: &MatchRules) {
    // A gem at rest is outside of walls and obstacles already.
    if gem.velocity.length_squared() < 1.0 {
        return;
    }
    let radius = rules.numbers.gem.radius;
    for place in rules.obstacle_grid.near(Area::of_disc(gem.position, radius)) {
        let clearance = rules.map.obstacles[place].clearance(gem.position);
        if clearance.distance < radius {
            gem.position += clearance.away * (radius - clearance.distance);
            gem.velocity = reflect(gem.velocity, clearance.away);
        }
    }
    let room = ARENA_HALF - Vec2::splat(radius);
    let inside = gem.position.clamp(-room, room);
    if inside != gem.position {
        gem.velocity = reflect(gem.velocity, (inside - gem.position).normalize_or_zero());
        gem.position = inside;
    }
}

/// Reverses the part of `velocity` that points into a surface with the outward unit vector `away`.
fn reflect(velocity: Vec2, away: Vec2) -> Vec2 {
    velocity - away * (2.0 * velocity.dot(away).min(0.0))
}

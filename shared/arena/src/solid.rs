//! Colliders of walls and obstacles.

use bevy::math::Vec2;
use bevy_rapier2d::rapier::prelude::ColliderBuilder;

use super::map::{ARENA_HALF, Obstacle};

/// Half the thickness of the walls, in units: more than the fastest craft moves in a step.
const WALL_HALF: f32 = 100.0;

/// Colliders of the four walls around the arena.
pub(super) fn wall_colliders() -> [ColliderBuilder; 4] {
    let (x, y) = (ARENA_HALF.x + WALL_HALF, ARENA_HALF.y + WALL_HALF);
    let upright = || ColliderBuilder::cuboid(WALL_HALF, y + WALL_HALF);
    let level = || ColliderBuilder::cuboid(x + WALL_HALF, WALL_HALF);
    [
        upright().translation(Vec2::new(-x, 0.0)),
        upright().translation(Vec2::new(x, 0.0)),
        level().translation(Vec2::new(0.0, -y)),
        level().translation(Vec2::new(0.0, y)),
    ]
}

/// Collider of an obstacle.
pub(super) fn obstacle_collider(obstacle: &Obstacle) -> ColliderBuilder {
    match *obstacle {
        Obstacle::Bar { from, to, radius } if from == to => ColliderBuilder::ball(radius).translation(from),
        Obstacle::Bar { from, to, radius } => ColliderBuilder::capsule_from_endpoints(from, to, radius),
        Obstacle::Block { center, half } => ColliderBuilder::cuboid(half.x, half.y).translation(center),
    }
}

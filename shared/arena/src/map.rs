//! Size of the arena, and maps.

use bevy::math::Vec2;
use framehouse_shared::ids::SLOTS_MAX;
use serde::{Deserialize, Serialize};

use super::grid::{Area, GRID_ITEMS_MAX};

/// Size of the arena, in units. The origin is its centre, y points up.
pub const ARENA_SIZE: Vec2 = Vec2::new(1600.0, 900.0);
/// Half the size of the arena, in units: the position of the upper right corner.
pub const ARENA_HALF: Vec2 = Vec2::new(800.0, 450.0);

/// Maximum length of a map's name, in characters.
pub const MAP_NAME_MAX: usize = 32;
const SPAWNS_MAX: usize = 64;
const GEM_ZONES_MAX: usize = 32;
/// Minimum distance of a spawn point from walls and obstacles, in units: room for the largest craft and some margin.
const SPAWN_CLEARANCE: f32 = 60.0;

/// An obstacle for crafts and sparks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Obstacle {
    /// A bar with round ends, or a disc if both ends are equal.
    Bar {
        /// One end of its middle line.
        from: Vec2,
        /// Other end of its middle line.
        to: Vec2,
        /// Half its thickness, in units.
        radius: f32,
    },
    /// An axis-aligned rectangle.
    Block {
        /// Centre.
        center: Vec2,
        /// Half its width and height, in units.
        half: Vec2,
    },
}

/// Position of a point relative to an obstacle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clearance {
    /// Distance from the obstacle's surface, in units; negative inside.
    pub distance: f32,
    /// Unit vector away from the obstacle.
    pub away: Vec2,
}

impl Obstacle {
    /// Distance of `point` from the surface, and the direction away from it.
    pub fn clearance(&self, point: Vec2) -> Clearance {
        match *self {
            Self::Bar { from, to, radius } => {
                let offset = point - nearest_on_segment(from, to, point);
                let length = offset.length();
                let away = if length > 0.0 { offset / length } else { Vec2::Y };
                Clearance { distance: length - radius, away }
            }
            Self::Block { center, half } => block_clearance(point - center, half),
        }
    }

    /// Bounding rectangle.
    pub fn area(&self) -> Area {
        match *self {
            Self::Bar { from, to, radius } => Area::of_sweep(from, to, radius),
            Self::Block { center, half } => Area { min: center - half, max: center + half },
        }
    }

    fn check(&self) -> Result<(), String> {
        let is_right = match *self {
            Self::Bar { from, to, radius } => is_inside(from) && is_inside(to) && (10.0..=200.0).contains(&radius),
            Self::Block { center, half } => {
                is_inside(center) && (10.0..=400.0).contains(&half.x) && (10.0..=400.0).contains(&half.y)
            }
        };
        is_right.then_some(()).ok_or_else(|| {
            format!(
                "{self:?} must lie in the arena, a bar with a radius of 10 to 200, a block with halves of 10 to 400"
            )
        })
    }
}

fn block_clearance(offset: Vec2, half: Vec2) -> Clearance {
    let side = Vec2::new(if offset.x < 0.0 { -1.0 } else { 1.0 }, if offset.y < 0.0 { -1.0 } else { 1.0 });
    let beyond = offset.abs() - half;
    let outside = beyond.max(Vec2::ZERO);
    let length = outside.length();
    if length > 0.0 {
        Clearance { distance: length, away: outside / length * side }
    } else if beyond.x > beyond.y {
        Clearance { distance: beyond.x, away: Vec2::new(side.x, 0.0) }
    } else {
        Clearance { distance: beyond.y, away: Vec2::new(0.0, side.y) }
    }
}

/// Point of a segment nearest to `point`.
pub fn nearest_on_segment(from: Vec2, to: Vec2, point: Vec2) -> Vec2 {
    let line = to - from;
    let length_squared = line.length_squared();
    if length_squared <= 0.0 {
        return from;
    }
    from + line * ((point - from).dot(line) / length_squared).clamp(0.0, 1.0)
}

fn is_inside(point: Vec2) -> bool {
    // In this form NaN counts as outside.
    point.x.abs() <= ARENA_HALF.x && point.y.abs() <= ARENA_HALF.y
}

/// A rectangle in which gems appear.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GemZone {
    /// Centre.
    pub center: Vec2,
    /// Half its width and height, in units.
    pub half: Vec2,
    /// Weight of the zone in the random choice, 1 to 1000.
    pub weight: u32,
}

/// A map: obstacles, spawn points and gem zones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArenaMap {
    /// Name of the map.
    pub name: String,
    /// Positions at which crafts appear. A slot takes the point with its own index if it is free.
    pub spawns: Vec<Vec2>,
    /// Zones in which gems appear; jackpots appear in the first one.
    pub gem_zones: Vec<GemZone>,
    /// Obstacles.
    pub obstacles: Vec<Obstacle>,
}

impl ArenaMap {
    /// Checks everything that could make a match fail.
    ///
    /// # Errors
    /// A sentence for the author of the map.
    pub fn check(&self) -> Result<(), String> {
        let is_named = (1..=MAP_NAME_MAX).contains(&self.name.len())
            && self
                .name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
        ensure(is_named, || format!("a map's name is 1 to {MAP_NAME_MAX} of a-z, 0-9, - and _"))?;
        ensure((SLOTS_MAX..=SPAWNS_MAX).contains(&self.spawns.len()), || {
            format!("a map has {SLOTS_MAX} to {SPAWNS_MAX} spawns, this one has {}", self.spawns.len())
        })?;
        ensure((1..=GEM_ZONES_MAX).contains(&self.gem_zones.len()), || {
            format!("a map has 1 to {GEM_ZONES_MAX} gem_zones")
        })?;
        ensure(self.obstacles.len() <= GRID_ITEMS_MAX, || format!("a map has at most {GRID_ITEMS_MAX} obstacles"))?;
        self.obstacles.iter().try_for_each(Obstacle::check)?;
        self.gem_zones.iter().try_for_each(check_zone)?;
        self.spawns.iter().try_for_each(|spawn| {
            ensure(self.is_clear(*spawn, SPAWN_CLEARANCE), || {
                format!("the spawn at {spawn} is less than {SPAWN_CLEARANCE} units away from walls or obstacles")
            })
        })
    }

    /// Whether a disc of this radius at `point` touches no wall or obstacle.
    pub fn is_clear(&self, point: Vec2, radius: f32) -> bool {
        let room = ARENA_HALF - Vec2::splat(radius);
        point.x.abs() <= room.x
            && point.y.abs() <= room.y
            && self.obstacles.iter().all(|obstacle| obstacle.clearance(point).distance >= radius)
    }
}

fn check_zone(zone: &GemZone) -> Result<(), String> {
    let is_right = is_inside(zone.center - zone.half)
        && is_inside(zone.center + zone.half)
        && zone.half.min_element() >= 0.0
        && (1..=1000).contains(&zone.weight);
    ensure(is_right, || format!("the gem zone at {} must lie in the arena and have a weight of 1 to 1000", zone.center))
}

fn ensure(is_right: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(message()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_obstacle() -> impl Strategy<Value = Obstacle> {
        let point = || (-400.0f32..400.0, -400.0f32..400.0).prop_map(Vec2::from);
        prop_oneof![
            (point(), point(), 10.0f32..100.0).prop_map(|(from, to, radius)| Obstacle::Bar { from, to, radius }),
            (point(), (10.0f32..100.0, 10.0f32..100.0))
                .prop_map(|(center, half)| Obstacle::Block { center, half: half.into() }),
        ]
    }

    proptest! {
        #[test]
        fn stepping_away_by_the_distance_reaches_the_surface(
            obstacle in any_obstacle(), x in -600.0f32..600.0, y in -600.0f32..600.0,
        ) {
            let point = Vec2::new(x, y);
            let Clearance { distance, away } = obstacle.clearance(point);
            prop_assert!((away.length() - 1.0).abs() < 1e-4);
            prop_assert!(obstacle.clearance(point - away * distance).distance.abs() < 0.05);
            prop_assert!(distance > 0.0 || obstacle.area().touches(Area::of_disc(point, 0.01)));
        }
    }
}

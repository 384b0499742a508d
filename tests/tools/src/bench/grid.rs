//! The arena's grid of 16 crafts against looking at all of them. An operation is the search for one gem.

use bevy::math::Vec2;
use framehouse_arena::{
    bodies::{Bodies, Place},
    drift::nearest_craft,
    grid::{Area, SpatialGrid},
    map::ARENA_HALF,
    rules::Rules,
};
use framehouse_shared::rng::SimRng;

use super::{Body, scripted::ScriptedMatch};

/// Searches of a run.
const SEARCHES: usize = 4096;

/// Indexes the crafts once, and then searches for all gems.
pub fn by_grid(gems: usize) -> Body {
    let Field { bodies, rules, gems } = Field::with(gems);
    let (numbers, mut grid) = (rules.numbers.clone(), SpatialGrid::default());
    Box::new(move |timer| {
        timer.time(SEARCHES, || {
            (0..SEARCHES / gems.len())
                .map(|_| {
                    bodies.index(numbers.craft.radius, &mut grid);
                    let crafts = bodies.places();
                    let reach = numbers.gem.magnet_radius;
                    gems.iter().filter(|gem| nearest_by_grid(**gem, reach, &crafts, &grid).is_some()).count()
                })
                .sum::<usize>()
        });
    })
}

/// Looks at all crafts for every gem.
pub fn by_force(gems: usize) -> Body {
    let Field { bodies, rules, gems } = Field::with(gems);
    let reach = rules.numbers.gem.magnet_radius;
    Box::new(move |timer| {
        timer.time(SEARCHES, || {
            (0..SEARCHES / gems.len())
                .map(|_| {
                    let crafts = bodies.places();
                    gems.iter().filter(|gem| nearest_craft(**gem, reach, &crafts).is_some()).count()
                })
                .sum::<usize>()
        });
    })
}

fn nearest_by_grid(point: Vec2, reach: f32, crafts: &[Place], grid: &SpatialGrid) -> Option<Place> {
    let distance = |craft: &Place| craft.1.distance_squared(point);
    let near = grid.near(Area::of_disc(point, reach)).map(|slot| crafts[slot]);
    near.filter(|craft| distance(craft) <= reach * reach).min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// Crafts of a running match, and places of gems.
struct Field {
    bodies: Bodies,
    rules: Rules,
    gems: Vec<Vec2>,
}

impl Field {
    fn with(gems: usize) -> Self {
        let simulation = ScriptedMatch::running(16, 1, 1).simulation;
        let mut rng = SimRng::new(1);
        let mut place = || ARENA_HALF * Vec2::new(rng.between(-1.0, 1.0), rng.between(-1.0, 1.0));
        Self {
            bodies: simulation.get::<Bodies>().expect("a match is open").clone(),
            rules: simulation.get::<Rules>().expect("a match is open").clone(),
            gems: std::iter::repeat_with(&mut place).take(gems).collect(),
        }
    }
}

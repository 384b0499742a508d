//! The arena's grid of 16 crafts against looking at all of them. An operation is the search for one gem.

use bevy::math::Vec2;
use framehouse_arena::{bodies::Bodies, drift::nearest_craft, grid::SpatialGrid, map::ARENA_HALF, rules::Rules};
use framehouse_shared::{ids::Slot, rng::SimRng};

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
                    gems.iter()
                        .filter(|gem| nearest_craft(**gem, numbers.gem.magnet_radius, &bodies, &grid).is_some())
                        .count()
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
                .map(|_| gems.iter().filter(|gem| nearest_of_all(**gem, reach, &bodies).is_some()).count())
                .sum::<usize>()
        });
    })
}

fn nearest_of_all(point: Vec2, reach: f32, bodies: &Bodies) -> Option<(Slot, Vec2)> {
    let distance = |position: Vec2| position.distance_squared(point);
    let near = bodies.positions().filter(|(_, position)| distance(*position) <= reach * reach);
    near.min_by(|(_, one), (_, other)| distance(*one).total_cmp(&distance(*other)))
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

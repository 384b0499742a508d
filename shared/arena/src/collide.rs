//! Collisions of sparks, and crafts that take gems.

use bevy::math::Vec2;
use framehouse_shared::{ids::Slot, rng::SimRng, tick::Tick};

use super::{
    bodies::{Bodies, Place},
    drift::nearest_craft,
    events::{ArenaEvent, TickEvents},
    grid::{Area, SpatialGrid},
    pickups::Pickups,
    projectiles::{Projectiles, Spark},
    rules::MatchRules,
    scoring::Scores,
    sweep::{first_obstacle, first_touch},
};

/// End of a spark's flight through one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flight {
    /// Nothing hit; the spark flies on.
    On,
    /// A craft is hit, at this point.
    Craft(Slot, Vec2),
    /// A wall or an obstacle is hit, at this point.
    Wall(Vec2),
}

/// Follows a spark through one step of `dt` seconds.
pub fn fly(spark: &Spark, dt: f32, rules: &MatchRules, bodies: &Bodies, grid: &SpatialGrid) -> Flight {
    let (from, to, radius) = (spark.position, spark.ahead(dt), rules.numbers.spark.radius);
    let wall = first_obstacle(from, to, radius, rules);
    let craft = first_craft(spark, from, to, radius + rules.numbers.craft.radius, bodies, grid);
    match (craft, wall) {
        (Some((part, slot)), wall) if wall.is_none_or(|wall| part <= wall) => {
            Flight::Craft(slot, from + (to - from) * part)
        }
        (_, Some(part)) => Flight::Wall(from + (to - from) * part),
        _ => Flight::On,
    }
}

fn first_craft(
    spark: &Spark,
    from: Vec2,
    to: Vec2,
    reach: f32,
    bodies: &Bodies,
    grid: &SpatialGrid,
) -> Option<(f32, Slot)> {
    let mut first: Option<(f32, Slot)> = None;
    for number in grid.near(Area::of_sweep(from, to, reach)) {
        let slot = Slot::new(number as u8).expect("the grid holds slots");
        let Some(center) = bodies.position(slot).filter(|_| slot != spark.owner) else { continue };
        if let Some(part) = first_touch(from, to, center, reach)
            && first.is_none_or(|(least, _)| part < least)
        {
            first = Some((part, slot));
        }
    }
    first
}

/// Parts of a room that hits of sparks read and change.
pub struct Hits<'a> {
    /// Rules of the match.
    pub rules: &'a MatchRules,
    /// Tick that is simulated.
    pub tick: Tick,
    /// Length of a step, in seconds.
    pub dt: f32,
    /// Crafts; a hit pushes them.
    pub bodies: &'a mut Bodies,
    /// Grid of the crafts.
    pub grid: &'a SpatialGrid,
    /// Gems; a hit adds dropped ones.
    pub pickups: &'a mut Pickups,
    /// Scores; a hit changes them.
    pub scores: &'a mut Scores,
    /// Random numbers, for the flight of dropped gems.
    pub rng: &'a mut SimRng,
    /// Events of the tick.
    pub events: &'a mut TickEvents,
}

impl Hits<'_> {
    /// Moves all sparks by one step and resolves their hits, oldest spark first.
    pub fn resolve(&mut self, projectiles: &mut Projectiles) {
        projectiles.sparks.retain_mut(|spark| {
            match fly(spark, self.dt, self.rules, self.bodies, self.grid) {
                Flight::Craft(victim, position) => self.strike(spark, victim, position),
                Flight::Wall(position) => self.events.note(ArenaEvent::Fizzled { position }),
                Flight::On => {
                    spark.position = spark.ahead(self.dt);
                    return spark.fades > self.tick;
                }
            }
            false
        });
    }

    fn strike(&mut self, spark: &Spark, victim: Slot, position: Vec2) {
        let numbers = &self.rules.numbers;
        let push = spark.velocity.normalize_or_zero() * numbers.spark.knockback;
        let velocity = self.bodies.velocity(victim).unwrap_or_default();
        self.bodies.set_velocity(victim, (velocity + push).clamp_length_max(numbers.craft.speed_max));
        let shooter = self.scores.of_mut(spark.owner);
        shooter.hits = shooter.hits.saturating_add(1);
        let points = self.knock_out(victim);
        self.events.note(ArenaEvent::Hit { shooter: spark.owner, victim, position, points });
    }

    fn knock_out(&mut self, victim: Slot) -> u32 {
        let Some(center) = self.bodies.position(victim) else { return 0 };
        let Some(craft) = self.bodies.craft_mut(victim).filter(|craft| self.tick >= craft.shield_until) else {
            return 0;
        };
        craft.shield_until = self.tick.plus(self.rules.numbers.loss.shield);
        let score = self.scores.of_mut(victim);
        score.combo = 0;
        score.hits_taken = score.hits_taken.saturating_add(1);
        let points = self.pickups.scatter(score.loss(self.rules), center, self.rules, self.rng, self.tick);
        score.points -= points;
        points
    }
}

/// Gives every gem that touches a craft to the nearest craft, oldest gem first.
pub fn take_gems(
    pickups: &mut Pickups,
    rules: &MatchRules,
    crafts: &[Place],
    scores: &mut Scores,
    tick: Tick,
    events: &mut TickEvents,
) {
    let reach = rules.numbers.gem.radius + rules.numbers.craft.radius;
    pickups.gems.retain(|gem| {
        if tick < gem.free {
            return true;
        }
        let Some((slot, _)) = nearest_craft(gem.position, reach, crafts) else { return true };
        let score = scores.of_mut(slot);
        let points = score.take(gem, &rules.numbers.combo, tick);
        events.note(ArenaEvent::Taken { slot, pickup: gem.id, position: gem.position, points, combo: score.combo });
        false
    });
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
        fn the_grid_gives_a_spark_the_craft_that_brute_force_gives(
            places in prop::collection::vec(any_point(), 1..16), from in any_point(), to in any_point(),
        ) {
            let rules = ArenaLibrary::embedded().rules_for("basin", framehouse_shared::tick::SimRate::DEFAULT);
            let reach = rules.numbers.craft.radius + rules.numbers.spark.radius;
            let (bodies, grid) = super::super::tests::crafts_at(&places, &rules);
            let spark = Spark {
                id: 0, owner: Slot::new(15).expect("a slot"), position: from, velocity: Vec2::ZERO, fades: Tick(9),
            };
            let by_grid = first_craft(&spark, from, to, reach, &bodies, &grid);
            let mut by_force: Option<(f32, Slot)> = None;
            for (slot, center) in bodies.positions() {
                if let Some(part) = first_touch(from, to, center, reach)
                    && by_force.is_none_or(|(least, _)| part < least)
                {
                    by_force = Some((part, slot));
                }
            }
            prop_assert_eq!(by_grid, by_force);
        }
    }
}

//! What sparks hit and who takes which gem.

use bevy::math::Vec2;

use super::{
    bodies::Bodies,
    events::{ArenaEvent, TickEvents},
    grid::{Area, SpatialGrid},
    map::ARENA_HALF,
    pickups::{Pickups, nearest_craft},
    projectiles::{Projectiles, Spark},
    rules::MatchRules,
    scoring::Scores,
};
use crate::{ids::Slot, rng::SimRng, tick::Tick};

/// The least a sweep steps on, in units: along a wall it would crawl otherwise. A graze this short is no hit.
const SWEEP_STEP_MIN: f32 = 2.0;
/// How often a sweep may step on: as far as the fastest spark of all rules flies in a tick.
const SWEEP_STEPS_MAX: u32 = 64;

/// How a spark's flight through one tick ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flight {
    /// It flies on.
    On,
    /// It strikes a craft, at this point.
    Craft(Slot, Vec2),
    /// It strikes a wall or an obstacle, at this point.
    Wall(Vec2),
}

/// Follows a spark through one tick.
pub fn fly(spark: &Spark, rules: &MatchRules, bodies: &Bodies, grid: &SpatialGrid) -> Flight {
    let (from, to, radius) = (spark.position, spark.ahead(), rules.numbers.spark.radius);
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

/// The part of the way, 0 to 1, at which a moving point first comes within `reach` of `center`.
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

/// The part of the way, 0 to 1, at which a moving disc first touches a wall or an obstacle.
///
/// A bot also asks it for a line of sight, which may be longer than a tick's way: what is left after the last step counts
/// as blocked.
pub fn first_obstacle(from: Vec2, to: Vec2, radius: f32, rules: &MatchRules) -> Option<f32> {
    let (line, length) = (to - from, from.distance(to));
    if length <= 0.0 {
        return None;
    }
    let obstacles = || rules.obstacle_grid.near(Area::of_sweep(from, to, radius));
    let mut travelled = 0.0;
    // No obstacle is nearer than the nearest one: that far it is safe to go in one step.
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

/// What the sparks of one room act on.
pub struct Hits<'a> {
    /// The match's rules.
    pub rules: &'a MatchRules,
    /// The tick being simulated.
    pub tick: Tick,
    /// The crafts, which are pushed.
    pub bodies: &'a mut Bodies,
    /// Which crafts are where.
    pub grid: &'a SpatialGrid,
    /// The gems, to which a hit adds.
    pub pickups: &'a mut Pickups,
    /// The scores, which a hit changes.
    pub scores: &'a mut Scores,
    /// Where dropped gems fly to is drawn from this.
    pub rng: &'a mut SimRng,
    /// What happens is noted here.
    pub events: &'a mut TickEvents,
}

impl Hits<'_> {
    /// Moves every spark by one tick and resolves what it strikes, oldest spark first.
    pub fn resolve(&mut self, projectiles: &mut Projectiles) {
        projectiles.sparks.retain_mut(|spark| {
            match fly(spark, self.rules, self.bodies, self.grid) {
                Flight::Craft(victim, position) => self.strike(spark, victim, position),
                Flight::Wall(position) => self.events.note(ArenaEvent::Fizzled { position }),
                Flight::On => {
                    spark.position = spark.ahead();
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
        craft.shield_until = self.tick.plus(self.rules.numbers.loss.shield_ticks);
        let score = self.scores.of_mut(victim);
        score.combo = 0;
        score.hits_taken = score.hits_taken.saturating_add(1);
        let points = self.pickups.scatter(score.loss(self.rules), center, self.rules, self.rng, self.tick);
        score.points -= points;
        points
    }
}

/// Gives every gem that a craft touches to the nearest craft, oldest gem first.
pub fn take_gems(
    pickups: &mut Pickups,
    rules: &MatchRules,
    (bodies, grid): (&Bodies, &SpatialGrid),
    scores: &mut Scores,
    tick: Tick,
    events: &mut TickEvents,
) {
    let reach = rules.numbers.gem.radius + rules.numbers.craft.radius;
    pickups.gems.retain(|gem| {
        if tick < gem.free {
            return true;
        }
        let Some((slot, _)) = nearest_craft(gem.position, reach, bodies, grid) else { return true };
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
        fn a_touch_is_found_where_walking_the_line_finds_it(
            from in any_point(), to in any_point(), center in any_point(), reach in 5.0f32..200.0,
        ) {
            let at = |part: f32| (from + (to - from) * part).distance(center);
            let walked = (0..=2000).map(|step| step as f32 / 2000.0).find(|&part| at(part) <= reach);
            match (first_touch(from, to, center, reach), walked) {
                (Some(part), Some(walked)) => prop_assert!((part - walked).abs() < 2e-3),
                // Walking in steps can pass by a graze.
                (Some(part), None) => prop_assert!(at(part) <= reach + 0.1),
                (None, walked) => prop_assert!(walked.is_none_or(|part| at(part) > reach - 0.1)),
            }
        }

        #[test]
        fn the_grid_gives_a_spark_the_craft_that_brute_force_gives(
            places in prop::collection::vec(any_point(), 1..16), from in any_point(), to in any_point(),
        ) {
            let rules = ArenaLibrary::embedded().rules_for("basin");
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

        #[test]
        fn a_sweep_stops_at_the_surface_and_not_before(from in any_point(), to in any_point()) {
            let rules = ArenaLibrary::embedded().rules_for("crossing");
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

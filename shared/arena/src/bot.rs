//! The game's bot: collects gems quickly, shoots reasonably well, never perfect.

use bevy::prelude::*;
use framehouse_shared::{
    ids::Slot,
    input::Input,
    rng::SimRng,
    sim::SimTickCount,
    tick::{SimRate, Tick},
};

use super::{
    bodies::Bodies,
    directions,
    grid::Area,
    input::{ArenaInput, missing_input},
    map::Obstacle,
    pickups::{Gem, Pickups},
    projectiles::Projectiles,
    rules::Rules,
    sweep::first_obstacle,
};

/// Distance at which a bot shoots at an opponent, in units.
const SIGHT: f32 = 400.0;
/// Distance at which a bot avoids obstacles, in units.
const LOOKAHEAD: f32 = 170.0;
/// Maximum aim error to either side, in 1/256 turns, by slot: some bots shoot better than others.
const AIM_ERRORS: [u32; 4] = [7, 10, 13, 16];

/// Decisions of a bot per second.
const DECISIONS_HZ: u32 = 15;
/// Length of a burst of fire, and of each of the three pauses after it, in seconds.
const BURST_S: f64 = 16.0 / 30.0;
/// Time from the start of a match after which a bot at rest counts as stuck, in seconds.
const START_S: f64 = 2.0;

/// Next input of the bot in this slot, after its last one.
pub fn bot_input(room: EntityRef, slot: Slot, last: Input, rng: &mut SimRng) -> Input {
    let Some(senses) = Senses::of(&room, slot) else { return Input::NEUTRAL };
    // People do not decide in every tick, and an unchanged input costs no bytes.
    if !(senses.tick.0 + u32::from(u8::from(slot))).is_multiple_of(senses.decision_ticks()) {
        return missing_input(last);
    }
    senses.decide(last.into(), rng).into()
}

/// The part of the state that a player could see.
struct Senses<'a> {
    slot: Slot,
    tick: Tick,
    rate: SimRate,
    rules: &'a Rules,
    bodies: &'a Bodies,
    projectiles: &'a Projectiles,
    pickups: &'a Pickups,
    position: Vec2,
    velocity: Vec2,
    cruise: f32,
}

impl<'a> Senses<'a> {
    fn of(room: &'a EntityRef, slot: Slot) -> Option<Self> {
        let (rules, bodies) = (room.get::<Rules>()?, room.get::<Bodies>()?);
        let craft = &rules.numbers.craft;
        Some(Self {
            slot,
            tick: room.get::<SimTickCount>()?.0,
            rate: *room.get()?,
            rules,
            bodies,
            projectiles: room.get()?,
            pickups: room.get()?,
            position: bodies.position(slot)?,
            velocity: bodies.velocity(slot)?,
            cruise: (craft.acceleration / craft.drag.max(1.0)).min(craft.speed_max),
        })
    }

    /// Number of ticks between two decisions.
    fn decision_ticks(&self) -> u32 {
        self.rate.ticks(1.0 / f64::from(DECISIONS_HZ)).max(1)
    }

    /// Draws `true` with a probability of 1 in `n` decisions; with other decision rates, as often per second.
    fn one_in(&self, n: u32, rng: &mut SimRng) -> bool {
        let tuned = DECISIONS_HZ * self.decision_ticks();
        rng.one_in((n * u32::from(self.rate.hz()) + tuned / 2) / tuned)
    }

    fn decide(&self, last: ArenaInput, rng: &mut SimRng) -> ArenaInput {
        let mut input = ArenaInput { fire: false, dash: false, ..last };
        let goal = self.goal();
        let course = self.course(goal, rng);
        // Thrust against the drift, not only along the course, makes tight turns.
        input.steer((course * self.cruise - self.velocity) / (self.cruise * 0.4));
        match self.target() {
            Some(target) => {
                input.aim_along(target - self.position);
                input.aim = blurred(input.aim, AIM_ERRORS[self.slot.index() % AIM_ERRORS.len()], rng);
                // Short bursts with pauses give an opponent time to recover.
                input.fire =
                    (self.tick.0 / self.rate.ticks(BURST_S) + u32::from(u8::from(self.slot))).is_multiple_of(4);
            }
            None => input.aim_along(course),
        }
        input.dash = self.wants_dash(goal, course, rng);
        if input.dash {
            input.steer(course);
        }
        input
    }

    /// Destination: the gem with the best value for its distance, or the centre of a gem zone.
    fn goal(&self) -> Vec2 {
        let worth = |gem: &Gem| {
            let way = gem.position - self.position;
            let along = way.normalize_or_zero().dot(self.velocity) / self.cruise;
            let contested = if self.rival_distance(gem.position) < way.length() * 0.8 { 0.5 } else { 1.0 };
            f32::from(gem.value).min(12.0) * contested * (1.0 + 0.35 * along) / (way.length() + 70.0)
        };
        let rated = self.pickups.gems.iter().map(|gem| (worth(gem), gem.position));
        let best = rated.max_by(|a, b| a.0.total_cmp(&b.0));
        best.map_or(self.rules.map.gem_zones[0].center, |(_, position)| position)
    }

    fn rival_distance(&self, point: Vec2) -> f32 {
        self.rivals().map(|(_, position)| position.distance(point)).fold(f32::MAX, f32::min)
    }

    fn rivals(&self) -> impl Iterator<Item = (Slot, Vec2)> {
        self.bodies.positions().filter(|(slot, _)| *slot != self.slot)
    }

    /// Unit vector to steer along: to the goal, or along the obstacle in between.
    fn course(&self, goal: Vec2, rng: &mut SimRng) -> Vec2 {
        let (way, radius) = (goal - self.position, self.rules.numbers.craft.radius * 1.15);
        let straight = way.normalize_or(Vec2::X);
        // Stuck at an obstacle: try another direction.
        if self.velocity.length() < self.cruise * 0.08 && self.tick.0 > self.rate.ticks(START_S) && self.one_in(3, rng)
        {
            return directions::unit(rng.below(256) as u8);
        }
        let ahead = self.position + straight * way.length().min(LOOKAHEAD);
        let Some(obstacle) = self.obstacle_between(ahead, radius) else { return straight };
        let away = obstacle.clearance(self.position);
        let along = away.away.perp();
        // The current drift decides between the two sides of a wall met head-on.
        let side = if along.dot(straight + self.velocity / self.cruise) < 0.0 { -along } else { along };
        let outwards = if away.distance < radius * 1.6 { 0.45 } else { 0.05 };
        (side + away.away * outwards).normalize_or(straight)
    }

    fn obstacle_between(&self, ahead: Vec2, radius: f32) -> Option<&Obstacle> {
        let near = self.rules.obstacle_grid.near(Area::of_sweep(self.position, ahead, radius));
        let mut blocking = near.map(|place| &self.rules.map.obstacles[place]).filter(|obstacle| {
            (0..=4).any(|step| {
                let point = self.position + (ahead - self.position) * (step as f32 / 4.0);
                obstacle.clearance(point).distance < radius
            })
        });
        blocking.next()
    }

    /// Point to shoot at: ahead of the nearest visible opponent.
    fn target(&self) -> Option<Vec2> {
        let (rival, place) = self
            .rivals()
            .min_by(|a, b| a.1.distance_squared(self.position).total_cmp(&b.1.distance_squared(self.position)))?;
        let numbers = &self.rules.numbers.spark;
        let distance = place.distance(self.position);
        if distance > SIGHT || first_obstacle(self.position, place, numbers.radius, self.rules).is_some() {
            return None;
        }
        Some(place + self.bodies.velocity(rival)? * (distance / numbers.speed))
    }

    fn wants_dash(&self, goal: Vec2, course: Vec2, rng: &mut SimRng) -> bool {
        if self.bodies.craft(self.slot).is_none_or(|craft| craft.dash_ready > self.tick) {
            return false;
        }
        let is_far = self.position.distance(goal) > 240.0;
        let is_clear = self.obstacle_between(self.position + course * 220.0, self.rules.numbers.craft.radius).is_none();
        (is_far && is_clear && self.one_in(14, rng)) || (self.is_shot_at() && self.one_in(5, rng))
    }

    fn is_shot_at(&self) -> bool {
        let mut sparks = self.projectiles.sparks.iter().filter(|spark| spark.owner != self.slot);
        sparks.any(|spark| (self.position - spark.position).length() < 190.0 && spark.flies_at(self.position))
    }
}

fn blurred(aim: u8, error: u32, rng: &mut SimRng) -> u8 {
    // The sum of two draws makes small errors likelier than large ones. It wraps around as a direction does.
    let blur = rng.below(error + 1) + rng.below(error + 1);
    aim.wrapping_add(blur as u8).wrapping_sub(error as u8)
}

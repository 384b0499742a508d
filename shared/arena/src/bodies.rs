//! Crafts, walls and obstacles: one small rapier world a room, stepped by hand.

mod decoded;
mod digest;
mod indices;
mod tree;

use bevy::prelude::*;
use bevy_rapier2d::rapier::prelude::{
    BroadPhaseBvh, BvhOptimizationStrategy, CCDSolver, ColliderBuilder, ColliderSet, ImpulseJointSet, IslandManager,
    MultibodyJointSet, NarrowPhase, RigidBodyBuilder, RigidBodyHandle, RigidBodySet,
};
use framehouse_shared::{
    fields::{FieldList, FieldPath},
    ids::{SLOTS_MAX, Slot},
    room_state::{Digest, StateValue},
    state_hash::StateHasher,
    tick::Tick,
};
use serde::{Deserialize, Serialize};

use digest::BodiesDigest;

use super::{
    events::TickEvents,
    grid::{Area, SpatialGrid},
    pace::Pace,
    rules::MatchRules,
    solid::{obstacle_collider, wall_colliders},
    stepper,
};

/// How far ahead contacts are looked for, in units: two dashing crafts must not pass through each other.
const SOFT_CCD_PREDICTION: f32 = 40.0;

/// Everything solid in a room, and what each craft is about to do.
///
/// A restore into a fresh room brings the scratch components back with it.
#[derive(Component, Clone, Serialize, Deserialize)]
#[serde(try_from = "decoded::DecodedBodies")]
#[require(SpatialGrid, TickEvents)]
pub struct Bodies {
    rigid: RigidBodySet,
    colliders: ColliderSet,
    islands: IslandManager,
    broad_phase: BroadPhaseBvh,
    narrow_phase: NarrowPhase,
    crafts: [Option<Craft>; SLOTS_MAX],
}

/// One player's craft, apart from where rapier has put it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Craft {
    body: RigidBodyHandle,
    /// The push of this tick's input, of length 0 to 1.
    pub thrust: Vec2,
    /// Where it aims, in 1/256 turns.
    pub aim: u8,
    /// The tick from which it glides no longer on its last dash.
    pub glide_until: Tick,
    /// The tick from which it can dash.
    pub dash_ready: Tick,
    /// The tick from which it can fire.
    pub fire_ready: Tick,
    /// The tick from which a hit costs points again.
    pub shield_until: Tick,
}

impl Bodies {
    /// The walls and the map's obstacles, and no craft yet.
    pub fn new(rules: &MatchRules) -> Self {
        let mut bodies = Self {
            rigid: RigidBodySet::new(),
            colliders: ColliderSet::new(),
            islands: IslandManager::new(),
            // A dozen leaves need no rebalancing, and the rebalancer costs a tenth of the step.
            broad_phase: BroadPhaseBvh::with_optimization_strategy(BvhOptimizationStrategy::None),
            narrow_phase: NarrowPhase::new(),
            crafts: [const { None }; SLOTS_MAX],
        };
        let ground = bodies.rigid.insert(RigidBodyBuilder::fixed());
        for collider in wall_colliders().into_iter().chain(rules.map.obstacles.iter().map(obstacle_collider)) {
            let collider = collider.restitution(rules.numbers.craft.wall_bounce).friction(0.0);
            bodies.colliders.insert_with_parent(collider, ground, &mut bodies.rigid);
        }
        bodies
    }

    /// Puts a craft on a free spawn point. Only in `SimSet::Apply`, in the order of the frame's events.
    pub fn spawn(&mut self, slot: Slot, rules: &MatchRules, tick: Tick) -> Vec2 {
        self.remove(slot);
        let position = self.free_spawn(slot, rules);
        let craft = &rules.numbers.craft;
        let body = RigidBodyBuilder::dynamic()
            .translation(position)
            .lock_rotations()
            .can_sleep(false)
            .soft_ccd_prediction(SOFT_CCD_PREDICTION);
        let collider = ColliderBuilder::ball(craft.radius).mass(1.0).restitution(craft.bounce).friction(0.0);
        let body = self.rigid.insert(body);
        self.colliders.insert_with_parent(collider, body, &mut self.rigid);
        self.crafts[slot.index()] = Some(Craft {
            body,
            thrust: Vec2::ZERO,
            aim: super::directions::nearest(-position).unwrap_or(0),
            glide_until: tick,
            dash_ready: tick,
            fire_ready: tick,
            shield_until: tick.plus(rules.numbers.loss.spawn_shield),
        });
        position
    }

    /// Takes a craft away. Only in `SimSet::Apply`, in the order of the frame's events.
    pub fn remove(&mut self, slot: Slot) {
        let Some(craft) = self.crafts[slot.index()].take() else { return };
        let (joints, multibodies) = (&mut ImpulseJointSet::new(), &mut MultibodyJointSet::new());
        self.rigid.remove(craft.body, &mut self.islands, &mut self.colliders, joints, multibodies, true);
    }

    fn free_spawn(&self, slot: Slot, rules: &MatchRules) -> Vec2 {
        let (spawns, clear) = (&rules.map.spawns, rules.numbers.craft.radius * 2.5);
        let from_own = spawns.iter().cycle().skip(slot.index()).take(spawns.len());
        let mut free = from_own
            .filter(|spawn| self.positions().all(|(_, position)| position.distance_squared(**spawn) > clear * clear));
        free.next().copied().unwrap_or(spawns[slot.index()])
    }

    /// The craft of a slot.
    pub fn craft(&self, slot: Slot) -> Option<&Craft> {
        self.crafts[slot.index()].as_ref()
    }

    /// The craft of a slot, to steer.
    pub fn craft_mut(&mut self, slot: Slot) -> Option<&mut Craft> {
        self.crafts[slot.index()].as_mut()
    }

    /// Where a slot's craft is, in units from the arena's centre.
    pub fn position(&self, slot: Slot) -> Option<Vec2> {
        Some(self.rigid.get(self.craft(slot)?.body)?.translation())
    }

    /// How fast a slot's craft moves, in units per second.
    pub fn velocity(&self, slot: Slot) -> Option<Vec2> {
        Some(self.rigid.get(self.craft(slot)?.body)?.linvel())
    }

    /// Every craft's velocity by slot, zero where there is none.
    pub fn velocities(&self) -> [Vec2; SLOTS_MAX] {
        let mut velocities = [Vec2::ZERO; SLOTS_MAX];
        for slot in Slot::all() {
            velocities[slot.index()] = self.velocity(slot).unwrap_or_default();
        }
        velocities
    }

    /// Changes a craft's velocity at once; a slot without a craft is left alone.
    pub fn set_velocity(&mut self, slot: Slot, velocity: Vec2) {
        let handle = self.craft(slot).map(|craft| craft.body);
        if let Some(body) = handle.and_then(|handle| self.rigid.get_mut(handle)) {
            body.set_linvel(velocity, true);
        }
    }

    /// Every craft with its position, by slot.
    pub fn positions(&self) -> impl Iterator<Item = (Slot, Vec2)> {
        Slot::all().filter_map(|slot| Some((slot, self.position(slot)?)))
    }

    /// Speeds crafts up by their thrust and slows them down by their drag, for one step.
    pub fn drive(&mut self, rules: &MatchRules, pace: Pace, tick: Tick) {
        let numbers = &rules.numbers.craft;
        let drag = pace.drag(numbers.drag);
        for slot in Slot::all() {
            let (Some(craft), Some(mut velocity)) = (self.craft(slot), self.velocity(slot)) else { continue };
            // A dash that faded from its first tick on would feel like a nudge.
            if tick >= craft.glide_until {
                velocity += craft.thrust * (numbers.acceleration * drag.push_s);
                velocity *= drag.kept;
            }
            self.set_velocity(slot, velocity.clamp_length_max(numbers.speed_max));
        }
    }

    /// Moves everything by a step of `dt` seconds and lets it bounce.
    pub fn step(&mut self, dt: f32) {
        stepper::with_pipeline(dt, |pipeline, parameters, joints, multibodies| {
            pipeline.step(
                Vec2::ZERO,
                parameters,
                &mut self.islands,
                &mut self.broad_phase,
                &mut self.narrow_phase,
                &mut self.rigid,
                &mut self.colliders,
                joints,
                multibodies,
                // It caches where the walls are and is not serialised: a fresh one each tick has nothing to go stale.
                &mut CCDSolver::new(),
                &(),
                &(),
            );
        });
    }

    /// Puts every craft into an empty grid, under its slot.
    pub fn index(&self, radius: f32, grid: &mut SpatialGrid) {
        grid.clear();
        for (slot, position) in self.positions() {
            grid.insert(slot.index(), Area::of_disc(position, radius));
        }
    }
}

#[cfg(test)]
impl Bodies {
    /// Puts a craft somewhere else.
    pub(super) fn set_position(&mut self, slot: Slot, position: Vec2) {
        let body = self.craft(slot).expect("a test places a craft that is there").body;
        self.rigid[body].set_translation(position, true);
    }

    /// How many pairs touch.
    pub(super) fn touching(&self) -> usize {
        self.narrow_phase.contact_pairs().filter(|pair| pair.has_any_active_contact()).count()
    }
}

/// By hand: of rapier's sets only what the next step starts from is hashed, and only that can be listed.
impl StateValue for Bodies {
    fn state_hash(&self, hasher: &mut StateHasher) {
        for slot in Slot::all() {
            let Some(craft) = self.craft(slot) else {
                hasher.u8(0);
                continue;
            };
            hasher.u8(1);
            let (index, generation) = craft.body.into_raw_parts();
            hasher.u32(index);
            hasher.u32(generation);
            for vector in [self.position(slot), self.velocity(slot), Some(craft.thrust)] {
                // A craft always has a body; a missing one must still hash, not panic.
                let vector = vector.unwrap_or(Vec2::NAN);
                hasher.f32(vector.x);
                hasher.f32(vector.y);
            }
            hasher.u8(craft.aim);
            for tick in [craft.glide_until, craft.dash_ready, craft.fire_ready, craft.shield_until] {
                hasher.u32(tick.0);
            }
        }
        hash_contacts(&self.narrow_phase, hasher);
    }

    fn list(&self, _: &FieldPath, list: &mut FieldList) {
        BodiesDigest::of(self).list_all(list);
    }

    fn digest(&self) -> Box<dyn Digest> {
        Box::new(BodiesDigest::of(self))
    }
}

/// Feeds the impulses that the next step starts from: two rooms that agree in everything else part on them a tick later.
fn hash_contacts(narrow_phase: &NarrowPhase, hasher: &mut StateHasher) {
    for pair in narrow_phase.contact_pairs() {
        let (first, second) = (pair.collider1.into_raw_parts(), pair.collider2.into_raw_parts());
        hasher.u32(first.0);
        hasher.u32(second.0);
        for point in pair.manifolds.iter().flat_map(|manifold| &manifold.points) {
            hasher.f32(point.dist);
            hasher.f32(point.data.impulse);
        }
    }
}

//! Physics of crafts, walls and obstacles: one small rapier world for each room, stepped by the game's systems.

mod decoded;
mod digest;
mod indices;
mod tree;

use arrayvec::ArrayVec;
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
    pace::{DT_MAX, Pace},
    rules::MatchRules,
    solid::{obstacle_collider, wall_colliders},
    stepper,
};

/// Smallest distance in units at which rapier predicts contacts.
const SOFT_CCD_PREDICTION_MIN: f32 = 60.0;

/// All solid objects of a room, and the state of each craft.
///
/// `#[require]` adds the scratch components, also when a snapshot is restored into a new room.
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

/// Slot and position of a craft.
pub type Place = (Slot, Vec2);

/// State of one player's craft, without its position and velocity, which rapier holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Craft {
    body: RigidBodyHandle,
    /// Thrust from this tick's input, a vector of length 0 to 1.
    pub thrust: Vec2,
    /// Aim direction, in 1/256 turns.
    pub aim: u8,
    /// First tick after the glide of the last dash.
    pub glide_until: Tick,
    /// First tick in which it can dash again.
    pub dash_ready: Tick,
    /// First tick in which it can fire again.
    pub fire_ready: Tick,
    /// First tick in which a hit costs points again.
    pub shield_until: Tick,
}

impl Bodies {
    /// Creates the walls and the map's obstacles, without crafts.
    pub fn new(rules: &MatchRules) -> Self {
        let mut bodies = Self {
            rigid: RigidBodySet::new(),
            colliders: ColliderSet::new(),
            islands: IslandManager::new(),
            // With a dozen leaves the tree needs no rebalancing, which would take a tenth of the step.
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

    /// Adds a craft at a free spawn point. Call it only in `SimSet::Apply`, in the order of the frame's events.
    pub fn spawn(&mut self, slot: Slot, rules: &MatchRules, tick: Tick) -> Vec2 {
        self.remove(slot);
        let position = self.free_spawn(slot, rules);
        let craft = &rules.numbers.craft;
        let body = RigidBodyBuilder::dynamic()
            .translation(position)
            .lock_rotations()
            .can_sleep(false)
            .soft_ccd_prediction(soft_ccd_prediction(craft.speed_max));
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

    /// Removes a craft. Call it only in `SimSet::Apply`, in the order of the frame's events.
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

    /// Craft of a slot.
    pub fn craft(&self, slot: Slot) -> Option<&Craft> {
        self.crafts[slot.index()].as_ref()
    }

    /// Craft of a slot, mutable.
    pub fn craft_mut(&mut self, slot: Slot) -> Option<&mut Craft> {
        self.crafts[slot.index()].as_mut()
    }

    /// Position of a slot's craft, in units from the arena's centre.
    pub fn position(&self, slot: Slot) -> Option<Vec2> {
        Some(self.rigid.get(self.craft(slot)?.body)?.translation())
    }

    /// Velocity of a slot's craft, in units per second.
    pub fn velocity(&self, slot: Slot) -> Option<Vec2> {
        Some(self.rigid.get(self.craft(slot)?.body)?.linvel())
    }

    /// Velocities of all crafts by slot; zero for a slot without a craft.
    pub fn velocities(&self) -> [Vec2; SLOTS_MAX] {
        let mut velocities = [Vec2::ZERO; SLOTS_MAX];
        for slot in Slot::all() {
            velocities[slot.index()] = self.velocity(slot).unwrap_or_default();
        }
        velocities
    }

    /// Sets the velocity of a slot's craft; no effect without a craft.
    pub fn set_velocity(&mut self, slot: Slot, velocity: Vec2) {
        let handle = self.craft(slot).map(|craft| craft.body);
        if let Some(body) = handle.and_then(|handle| self.rigid.get_mut(handle)) {
            body.set_linvel(velocity, true);
        }
    }

    /// Slots and positions of all crafts, by slot, for many searches among them.
    pub fn places(&self) -> ArrayVec<Place, SLOTS_MAX> {
        self.positions().collect()
    }

    /// Slots and positions of all crafts, by slot.
    pub fn positions(&self) -> impl Iterator<Item = Place> {
        Slot::all().filter_map(|slot| Some((slot, self.position(slot)?)))
    }

    /// Applies thrust and drag to all crafts, for one step.
    pub fn drive(&mut self, rules: &MatchRules, pace: Pace, tick: Tick) {
        let numbers = &rules.numbers.craft;
        let drag = pace.drag(numbers.drag);
        for slot in Slot::all() {
            let (Some(craft), Some(mut velocity)) = (self.craft(slot), self.velocity(slot)) else { continue };
            // Without drag during the glide: a dash that fades from its first tick on feels weak.
            if tick >= craft.glide_until {
                velocity += craft.thrust * (numbers.acceleration * drag.push_s);
                velocity *= drag.kept;
            }
            self.set_velocity(slot, velocity.clamp_length_max(numbers.speed_max));
        }
    }

    /// Advances the physics by one step of `dt` seconds.
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
                // The solver caches the walls and is not serialised: a new one in each step cannot hold outdated data.
                &mut CCDSolver::new(),
                &(),
                &(),
            );
        });
    }

    /// Clears the grid and adds all crafts under their slots.
    pub fn index(&self, radius: f32, grid: &mut SpatialGrid) {
        grid.clear();
        for (slot, position) in self.positions() {
            grid.insert(slot.index(), Area::of_disc(position, radius));
        }
    }
}

#[cfg(test)]
impl Bodies {
    /// Moves a craft to a position.
    pub(super) fn set_position(&mut self, slot: Slot, position: Vec2) {
        let body = self.craft(slot).expect("a test places a craft that is there").body;
        self.rigid[body].set_translation(position, true);
    }

    /// Shapes of the walls and obstacles that a craft touches.
    pub(super) fn touched_shapes(&self) -> impl Iterator<Item = String> {
        let pairs = self.narrow_phase.contact_pairs().filter(|pair| pair.has_any_active_contact());
        let touched = pairs.flat_map(|pair| [pair.collider1, pair.collider2]);
        touched.filter_map(|handle| self.fixed_shape(self.colliders.get(handle)?))
    }

    /// Shapes of all walls and obstacles.
    pub(super) fn fixed_shapes(&self) -> impl Iterator<Item = String> {
        self.colliders.iter().filter_map(|(_, collider)| self.fixed_shape(collider))
    }

    fn fixed_shape(&self, collider: &bevy_rapier2d::rapier::prelude::Collider) -> Option<String> {
        let is_fixed = self.rigid.get(collider.parent()?)?.is_fixed();
        is_fixed.then(|| format!("{:?}", collider.shape().shape_type()))
    }

    /// Number of pairs of colliders in contact.
    pub(super) fn touching(&self) -> usize {
        self.narrow_phase.contact_pairs().filter(|pair| pair.has_any_active_contact()).count()
    }
}

/// Distance in units at which rapier predicts contacts, so that two dashing crafts cannot pass through each other: as far
/// as a craft flies in the longest step, or farther.
fn soft_ccd_prediction(speed_max: f32) -> f32 {
    SOFT_CCD_PREDICTION_MIN.max(speed_max * DT_MAX)
}

/// Written by hand: only the part of rapier's sets that the next step depends on is hashed and listed.
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
                // A craft always has a body. If it were missing, hashing must not panic.
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

/// Feeds the contact impulses that the next step starts from. Without them two rooms with equal hashes could differ one
/// tick later.
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

#[cfg(test)]
mod tests {
    use framehouse_shared::tick::SimRate;

    use super::{super::rules::ArenaLibrary, *};

    #[test]
    fn contacts_are_predicted_as_far_as_the_fastest_craft_flies_in_a_step() {
        let rules = ArenaLibrary::embedded().rules_for("basin", SimRate::DEFAULT);
        assert_eq!(soft_ccd_prediction(rules.numbers.craft.speed_max), SOFT_CCD_PREDICTION_MIN, "as in stored matches");
        for hz in SimRate::HZ_MIN..=SimRate::HZ_MAX {
            let dt = Pace::of(SimRate::new(hz).expect("in range")).dt;
            assert!(soft_ccd_prediction(2000.0) >= 2000.0 * dt, "{hz} Hz");
        }
    }
}

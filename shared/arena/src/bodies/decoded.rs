//! Decoding of a room's physics from untrusted bytes.
//!
//! rapier does not validate what it deserialises. A wrong index usually causes a panic, which stays in its room. But a
//! cycle in a tree or a list, or an index to which a table is extended, would end the whole process.

use bevy_rapier2d::rapier::{
    parry::shape::{Ball, Capsule, Cuboid},
    prelude::{
        BroadPhaseBvh, ColliderChanges, ColliderFlags, ColliderHandle, ColliderMassProps, ColliderMaterial,
        ColliderParent, ColliderPosition, ColliderSet, ColliderType, IslandManager, NarrowPhase, RigidBodySet,
    },
};
use framehouse_shared::{
    ids::SLOTS_MAX,
    protocol::codec::{self, CodecError},
    room_state::COMPONENT_BYTES_MAX,
};
use serde::{Deserialize, Serialize};

use super::{Bodies, Craft, indices};

/// Decoded [`Bodies`] before validation.
#[derive(Deserialize)]
pub(super) struct DecodedBodies {
    rigid: RigidBodySet,
    colliders: PlainColliders,
    islands: IslandManager,
    broad_phase: BroadPhaseBvh,
    narrow_phase: NarrowPhase,
    crafts: [Option<Craft>; SLOTS_MAX],
}

impl TryFrom<DecodedBodies> for Bodies {
    type Error = CodecError;

    fn try_from(decoded: DecodedBodies) -> Result<Self, CodecError> {
        let DecodedBodies { rigid, colliders, islands, broad_phase, narrow_phase, crafts } = decoded;
        let colliders = colliders.into_set()?;
        let bodies = Self { rigid, colliders, islands, broad_phase, narrow_phase, crafts };
        indices::check(&bodies)?;
        Ok(bodies)
    }
}

/// A [`ColliderSet`] with only the shapes of the arena. rapier's own decoder recurses into compound shapes without
/// limit.
#[derive(Serialize, Deserialize)]
struct PlainColliders {
    items: Vec<Entry>,
    generation: u32,
    free_list_head: Option<u32>,
    len: usize,
    modified: Vec<ColliderHandle>,
    removed: Vec<ColliderHandle>,
}

#[derive(Serialize, Deserialize)]
enum Entry {
    Free { next_free: Option<u32> },
    Occupied { generation: u32, collider: PlainCollider },
}

#[derive(Serialize, Deserialize)]
struct PlainCollider {
    kind: ColliderType,
    shape: PlainShape,
    mass: ColliderMassProps,
    changes: ColliderChanges,
    parent: Option<ColliderParent>,
    position: ColliderPosition,
    material: ColliderMaterial,
    flags: ColliderFlags,
    contact_skin: f32,
    contact_force_event_threshold: f32,
    user_data: u128,
}

/// Shapes of crafts, walls and obstacles, in the order of rapier's own enum.
#[derive(Serialize, Deserialize)]
enum PlainShape {
    Ball(Ball),
    Cuboid(Cuboid),
    Capsule(Capsule),
}

impl PlainColliders {
    fn into_set(self) -> Result<ColliderSet, CodecError> {
        codec::decode::<_, COMPONENT_BYTES_MAX>(&codec::encode(&self))
    }
}

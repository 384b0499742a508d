//! Registry of authoritative state: register a component once for rollback, snapshots, hashes and reports.
//!
//! ```
//! use bevy::prelude::*;
//! use framehouse_shared::room_state::RoomState;
//! use serde::{Deserialize, Serialize};
//!
//! /// `app.add_room_state::<Presses>("presses")` adds this component to the state of every room.
//! #[derive(Component, Clone, Serialize, Deserialize, RoomState)]
//! struct Presses {
//!     /// One number for each slot: an array of `SLOTS_MAX` is listed by slot.
//!     count: [u32; 16],
//!     #[room_state(skip = "the sum of `count`, kept for the view")]
//!     total: u32,
//! }
//! ```
//!
//! A skipped field needs a reason:
//! ```compile_fail
//! use framehouse_shared::room_state::RoomState;
//!
//! #[derive(RoomState)]
//! struct Presses {
//!     #[room_state(skip)]
//!     total: u32,
//! }
//! ```

use std::any::{Any, TypeId};

use bevy::{ecs::component::Mutable, prelude::*};
use serde::{Serialize, de::DeserializeOwned};

pub use crate::state_value::{Digest, StateValue};
pub use framehouse_derive::RoomState;

use crate::{
    fields::{Field, FieldList},
    protocol::codec::{self, CodecError},
    sim::ENGINE_STATES,
    state_hash::{COMPONENT_NAME_BYTES_MAX, COMPONENTS_MAX, StateHasher, StateHashes},
    tick::Tick,
};

/// Maximum size of one serialised component, in bytes. It limits how much memory a received snapshot can allocate.
pub const COMPONENT_BYTES_MAX: usize = 256 * 1024;

/// A component of the room entity that later ticks depend on: it can be cloned, serialised, hashed and listed.
///
/// Implemented by `#[derive(Component, Clone, Serialize, Deserialize, RoomState)]`.
pub trait RoomState: Component<Mutability = Mutable> + Clone + Serialize + DeserializeOwned + StateValue {}
impl<C: Component<Mutability = Mutable> + Clone + Serialize + DeserializeOwned + StateValue> RoomState for C {}

/// Registration of authoritative state, on [`App`].
pub trait AddRoomState {
    /// Adds `C` to the authoritative state of every room, under a name used in desync reports.
    ///
    /// Server and client must register the same components in the same order; the names are compared when a session
    /// begins.
    ///
    /// # Panics
    /// When more than [`COMPONENTS_MAX`] components are registered, one of them twice, or with a name that is not 1 to
    /// [`COMPONENT_NAME_BYTES_MAX`] bytes long.
    fn add_room_state<C: RoomState>(&mut self, name: &'static str) -> &mut Self;
}

impl AddRoomState for App {
    fn add_room_state<C: RoomState>(&mut self, name: &'static str) -> &mut Self {
        assert!((1..=COMPONENT_NAME_BYTES_MAX).contains(&name.len()), "the name `{name}` is empty or too long");
        let mut registry = self.world_mut().get_resource_or_init::<RoomStates>();
        let is_new = registry.0.iter().all(|entry| entry.component != TypeId::of::<C>());
        assert!(is_new, "room state `{name}` is registered twice");
        assert!(registry.0.len() < COMPONENTS_MAX, "at most {COMPONENTS_MAX} components can be room state");
        registry.0.push(Entry::of::<C>(name));
        self
    }
}

type Saved = Box<dyn Any + Send + Sync>;

/// Type-erased operations on one registered component.
struct Entry {
    name: &'static str,
    component: TypeId,
    hash: fn(EntityRef) -> Option<u64>,
    hash_saved: fn(&Saved) -> Option<u64>,
    save: fn(EntityRef, Option<Saved>) -> Option<Saved>,
    restore: fn(&mut EntityWorldMut, Option<&Saved>),
    encode: fn(EntityRef, &mut Vec<u8>) -> bool,
    decode: fn(&mut EntityWorldMut, Option<&[u8]>) -> Result<(), CodecError>,
    release: fn(&mut EntityWorldMut),
    digest: fn(&Saved) -> Option<Box<dyn Digest>>,
}

impl Entry {
    fn of<C: RoomState>(name: &'static str) -> Self {
        Self {
            name,
            component: TypeId::of::<C>(),
            hash: |room| room.get::<C>().map(hash),
            hash_saved: |saved| saved.downcast_ref::<C>().map(hash),
            save: |room, old| {
                let component = room.get::<C>()?;
                // A rollback ring saves every tick: reuse the buffers of the state that is overwritten.
                Some(match old.map(|old| old.downcast::<C>()) {
                    Some(Ok(mut old)) => {
                        (*old).clone_from(component);
                        old
                    }
                    _ => Box::new(component.clone()),
                })
            },
            restore: |room, saved| match saved.and_then(|saved| saved.downcast_ref::<C>()) {
                None => drop(room.remove::<C>()),
                Some(saved) => match room.get_mut::<C>() {
                    Some(mut component) => component.clone_from(saved),
                    None => drop(room.insert(saved.clone())),
                },
            },
            encode: |room, bytes| match room.get::<C>() {
                None => false,
                Some(component) => {
                    codec::encode_into(component, bytes);
                    true
                }
            },
            decode: |room, bytes| {
                match bytes {
                    None => drop(room.remove::<C>()),
                    Some(bytes) => drop(room.insert(codec::decode::<C, COMPONENT_BYTES_MAX>(bytes)?)),
                }
                Ok(())
            },
            // Moved out of the world first: a panic in the game's `drop` leaves the room intact.
            release: |room| drop(room.take::<C>()),
            digest: |saved| saved.downcast_ref::<C>().map(StateValue::digest),
        }
    }
}

fn hash(component: &impl StateValue) -> u64 {
    let mut hasher = StateHasher::new();
    component.state_hash(&mut hasher);
    hasher.finish()
}

/// Reads the next component of a serialised state; `None` for an absent one.
fn take_component<'a>(reader: &mut codec::Reader<'a>) -> Result<Option<&'a [u8]>, CodecError> {
    let Some(length) = reader.varint()?.checked_sub(1) else { return Ok(None) };
    reader.bytes(usize::try_from(length).map_err(|_| CodecError::TooShort)?).map(Some)
}

/// Registry of the state components, in registration order.
#[derive(Resource, Default)]
pub struct RoomStates(Vec<Entry>);

/// Clone of a room's authoritative state, for rollback.
#[derive(Default)]
pub struct RoomSnapshot {
    /// Next tick to simulate from this state.
    pub next_tick: Tick,
    components: Vec<Option<Saved>>,
}

/// Digest of a room's authoritative state: enough to list its fields in a desync report.
pub struct StateDigest {
    /// Next tick to simulate from that state.
    pub next_tick: Tick,
    components: Vec<Option<Box<dyn Digest>>>,
}

impl StateDigest {
    /// Fields of the component at this index; empty if it is absent.
    pub fn fields(&self, index: usize) -> Vec<Field> {
        let mut list = FieldList::default();
        self.components.get(index).into_iter().flatten().for_each(|digest| digest.list_all(&mut list));
        list.into_fields()
    }
}

impl RoomSnapshot {
    /// A component of the state.
    pub fn get<C: Component>(&self) -> Option<&C> {
        self.components.iter().flatten().find_map(|saved| saved.downcast_ref())
    }

    pub(crate) fn get_mut<C: Component>(&mut self) -> Option<&mut C> {
        self.components.iter_mut().flatten().find_map(|saved| saved.downcast_mut())
    }
}

impl RoomStates {
    /// Name of the component at this index; `unknown` beyond the last one.
    pub fn name(&self, index: usize) -> &'static str {
        self.0.get(index).map_or("unknown", |entry| entry.name)
    }

    /// Names of all components, in registration order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|entry| entry.name)
    }

    /// Index of the component with this name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|entry| entry.name == name)
    }

    /// Creates the digest of a saved state.
    pub fn digest(&self, snapshot: &RoomSnapshot) -> StateDigest {
        let digest = |(entry, saved): (&Entry, &Option<Saved>)| (entry.digest)(saved.as_ref()?);
        let components = self.0.iter().zip(&snapshot.components).map(digest).collect();
        StateDigest { next_tick: snapshot.next_tick, components }
    }

    /// Hashes the room's state.
    pub fn hashes(&self, room: EntityRef) -> StateHashes {
        StateHashes(self.0.iter().map(|entry| (entry.hash)(room)).collect())
    }

    /// Hashes a saved state.
    pub fn hashes_of(&self, snapshot: &RoomSnapshot) -> StateHashes {
        let hash = |(entry, saved): (&Entry, &Option<Saved>)| (entry.hash_saved)(saved.as_ref()?);
        StateHashes(self.0.iter().zip(&snapshot.components).map(hash).collect())
    }

    /// Number of registered components.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Clones the room's state into `snapshot`, reusing its memory.
    pub fn save(&self, room: EntityRef, next_tick: Tick, snapshot: &mut RoomSnapshot) {
        snapshot.next_tick = next_tick;
        snapshot.components.resize_with(self.0.len(), || None);
        for (entry, saved) in self.0.iter().zip(&mut snapshot.components) {
            *saved = (entry.save)(room, saved.take());
        }
    }

    /// Restores a saved state; components that were absent then are removed.
    pub fn restore(&self, room: &mut EntityWorldMut, snapshot: &RoomSnapshot) {
        for (entry, saved) in self.0.iter().zip(&snapshot.components) {
            (entry.restore)(room, saved.as_ref());
        }
    }

    /// Drops the room's state after its match.
    pub fn release(&self, room: &mut EntityWorldMut) {
        for entry in &self.0 {
            (entry.release)(room);
        }
    }

    /// Serialises the room's state: for each component its length + 1 (0 = absent), then its bytes.
    pub fn encode(&self, room: EntityRef) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4096);
        let mut component = Vec::with_capacity(4096);
        for entry in &self.0 {
            component.clear();
            let present = (entry.encode)(room, &mut component);
            codec::put_varint(&mut bytes, if present { component.len() as u64 + 1 } else { 0 });
            bytes.extend_from_slice(&component);
        }
        bytes
    }

    /// Replaces the room's state with a serialised one.
    ///
    /// # Errors
    /// When the bytes are not exactly a state of this registry. The room may then hold parts of both states: drop it.
    pub fn decode(&self, room: &mut EntityWorldMut, bytes: &[u8]) -> Result<(), CodecError> {
        let mut reader = codec::Reader::new(bytes);
        for entry in &self.0 {
            (entry.decode)(room, take_component(&mut reader)?)?;
        }
        reader.finish()
    }

    /// Skips the engine's components of a serialised state and returns the bytes of the game's.
    ///
    /// # Errors
    /// When the bytes end before the game's part.
    pub fn game_part(bytes: &[u8]) -> Result<&[u8], CodecError> {
        let mut reader = codec::Reader::new(bytes);
        for _ in 0..ENGINE_STATES {
            take_component(&mut reader)?;
        }
        Ok(reader.rest())
    }
}

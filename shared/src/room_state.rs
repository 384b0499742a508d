//! The registry of authoritative state: one registration drives rollback, snapshots, hashes and desync reports.

use std::any::Any;

use bevy::{ecs::component::Mutable, prelude::*};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    fields::{Field, FieldList},
    protocol::codec::{self, CodecError},
    sim::{ENGINE_STATES, Rooms, SimSet, SimTick},
    state_hash::{COMPONENTS_MAX, StateHash, StateHasher, StateHashes},
    tick::Tick,
};

/// The most bytes of one serialised component; a peer's snapshot may not make us allocate more.
pub const COMPONENT_BYTES_MAX: usize = 256 * 1024;

/// A component of the Room entity that later ticks depend on.
pub trait RoomState: Component<Mutability = Mutable> + Clone + Serialize + DeserializeOwned + StateHash {}
impl<C: Component<Mutability = Mutable> + Clone + Serialize + DeserializeOwned + StateHash> RoomState for C {}

/// Registers authoritative state.
pub trait AddRoomState {
    /// Makes `C` part of every room's authoritative state, under a name used in desync reports.
    ///
    /// Server and client must register the same components in the same order.
    ///
    /// # Panics
    /// When more than [`COMPONENTS_MAX`] components are registered, or one of them twice.
    fn add_room_state<C: RoomState>(&mut self, name: &'static str) -> &mut Self;

    /// Lets desync reports say which field of `C` differs.
    ///
    /// `outline` takes out what can be listed: clients keep that of every tick since they last agreed with the server, so it
    /// should be small. `list` names every field that the hash covers.
    ///
    /// # Panics
    /// When `C` is not registered.
    fn list_fields<C: RoomState, O: Send + Sync + 'static>(
        &mut self,
        outline: fn(&C) -> O,
        list: fn(&O, &mut FieldList),
    ) -> &mut Self;
}

impl AddRoomState for App {
    fn add_room_state<C: RoomState>(&mut self, name: &'static str) -> &mut Self {
        assert!(!self.world().contains_resource::<Place<C>>(), "room state `{name}` is registered twice");
        let mut registry = self.world_mut().get_resource_or_init::<RoomStates>();
        let place = registry.0.len();
        assert!(place < COMPONENTS_MAX, "at most {COMPONENTS_MAX} components can be room state");
        registry.0.push(Entry::of::<C>(name));
        self.insert_resource(Place::<C>(place, std::marker::PhantomData));
        // Every such system writes its own place of `StateHashes`, so their order cannot matter.
        self.add_systems(SimTick, hash_component::<C>.in_set(SimSet::Hash).ambiguous_with(SimSet::Hash))
    }

    fn list_fields<C: RoomState, O: Send + Sync + 'static>(
        &mut self,
        outline: fn(&C) -> O,
        list: fn(&O, &mut FieldList),
    ) -> &mut Self {
        let place = self.world().resource::<Place<C>>().0;
        let fields = Fields {
            outline: Box::new(move |saved| Some(Box::new(outline(saved.downcast_ref::<C>()?)))),
            list: Box::new(move |outline| {
                let mut fields = FieldList::default();
                outline.downcast_ref::<O>().into_iter().for_each(|outline| list(outline, &mut fields));
                fields
            }),
        };
        self.world_mut().resource_mut::<RoomStates>().0[place].fields = Some(fields);
        self
    }
}

/// Where in [`StateHashes`] the hash of `C` goes.
#[derive(Resource)]
struct Place<C: Send + Sync + 'static>(usize, std::marker::PhantomData<C>);

fn hash_component<C: RoomState>(place: Res<Place<C>>, mut rooms: Rooms<(&C, &mut StateHashes)>) {
    let place = place.0;
    rooms.for_each_room(|(component, mut hashes)| {
        let mut hasher = StateHasher::new();
        component.state_hash(&mut hasher);
        hashes.0[place] = Some(hasher.finish());
    });
}

type Saved = Box<dyn Any + Send + Sync>;

/// How the fields of a component are listed.
struct Fields {
    outline: Box<dyn Fn(&Saved) -> Option<Saved> + Send + Sync>,
    list: Box<dyn Fn(&Saved) -> FieldList + Send + Sync>,
}

/// What can be done with one registered component, its type forgotten.
struct Entry {
    name: &'static str,
    save: fn(EntityRef, Option<Saved>) -> Option<Saved>,
    restore: fn(&mut EntityWorldMut, Option<&Saved>),
    encode: fn(EntityRef, &mut Vec<u8>) -> bool,
    decode: fn(&mut EntityWorldMut, Option<&[u8]>) -> Result<(), CodecError>,
    release: fn(&mut EntityWorldMut),
    fields: Option<Fields>,
}

impl Entry {
    fn of<C: RoomState>(name: &'static str) -> Self {
        Self {
            name,
            save: |room, old| {
                let component = room.get::<C>()?;
                // A rollback ring saves every tick: reuse the last occupant's buffers.
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
            // Moved out first: a panic in the game's own `drop` leaves the room whole.
            release: |room| drop(room.take::<C>()),
            fields: None,
        }
    }
}

/// The next component of a serialised state; nothing for one that was absent.
fn take_component<'a>(reader: &mut codec::Reader<'a>) -> Result<Option<&'a [u8]>, CodecError> {
    let Some(length) = reader.varint()?.checked_sub(1) else { return Ok(None) };
    reader.bytes(usize::try_from(length).map_err(|_| CodecError::TooShort)?).map(Some)
}

/// Every registered component, in registration order.
#[derive(Resource, Default)]
pub struct RoomStates(Vec<Entry>);

/// A clone of a room's authoritative state, for rollback.
#[derive(Default)]
pub struct RoomSnapshot {
    /// The next tick to simulate from this state.
    pub next_tick: Tick,
    components: Vec<Option<Saved>>,
}

/// What can be listed of a room's authoritative state.
pub struct RoomOutline {
    /// The next tick to simulate from that state.
    pub next_tick: Tick,
    components: Vec<Option<Saved>>,
}

impl RoomStates {
    /// The name a component was registered under.
    pub fn name(&self, place: usize) -> &'static str {
        self.0.get(place).map_or("unknown", |entry| entry.name)
    }

    /// The names of all components, in registration order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|entry| entry.name)
    }

    /// The place of the component with this name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|entry| entry.name == name)
    }

    /// Whether the fields of the component at this place can be listed.
    pub fn lists_fields(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(|entry| entry.fields.is_some())
    }

    /// What can be listed of a saved state.
    pub fn outline(&self, snapshot: &RoomSnapshot) -> RoomOutline {
        let outline = |(entry, saved): (&Entry, &Option<Saved>)| (entry.fields.as_ref()?.outline)(saved.as_ref()?);
        let components = self.0.iter().zip(&snapshot.components).map(outline).collect();
        RoomOutline { next_tick: snapshot.next_tick, components }
    }

    /// The fields of the component at this place; none where it is absent or cannot be listed.
    pub fn fields(&self, outline: &RoomOutline, place: usize) -> Vec<Field> {
        let fields = self.0.get(place).and_then(|entry| entry.fields.as_ref());
        let outline = outline.components.get(place).and_then(Option::as_ref);
        fields.zip(outline).map_or_else(Vec::new, |(fields, outline)| (fields.list)(outline).into_fields())
    }

    /// How many components are registered.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Clones the room's state into `snapshot`, reusing its memory.
    pub fn save(&self, room: EntityRef, next_tick: Tick, snapshot: &mut RoomSnapshot) {
        snapshot.next_tick = next_tick;
        snapshot.components.resize_with(self.0.len(), || None);
        for (entry, place) in self.0.iter().zip(&mut snapshot.components) {
            *place = (entry.save)(room, place.take());
        }
    }

    /// Puts the room back into a saved state; what was absent then is removed.
    pub fn restore(&self, room: &mut EntityWorldMut, snapshot: &RoomSnapshot) {
        for (entry, saved) in self.0.iter().zip(&snapshot.components) {
            (entry.restore)(room, saved.as_ref());
        }
    }

    /// Drops the room's state: its match is over.
    pub fn release(&self, room: &mut EntityWorldMut) {
        for entry in &self.0 {
            (entry.release)(room);
        }
    }

    /// Serialises the room's state: for each component a length + 1 (0 = absent), then its bytes.
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

    /// Replaces the room's state by a serialised one.
    ///
    /// # Errors
    /// When the bytes are not a whole state of this registry; the room may then hold parts of both and must be dropped.
    pub fn decode(&self, room: &mut EntityWorldMut, bytes: &[u8]) -> Result<(), CodecError> {
        let mut reader = codec::Reader::new(bytes);
        for entry in &self.0 {
            (entry.decode)(room, take_component(&mut reader)?)?;
        }
        reader.finish()
    }

    /// The components of a serialised state that are the game's, still serialised.
    ///
    /// # Errors
    /// When the bytes end before them.
    pub fn game_part(bytes: &[u8]) -> Result<&[u8], CodecError> {
        let mut reader = codec::Reader::new(bytes);
        for _ in 0..ENGINE_STATES {
            take_component(&mut reader)?;
        }
        Ok(reader.rest())
    }
}

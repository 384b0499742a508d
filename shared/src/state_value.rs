//! Values of authoritative state: how they are hashed for comparison and listed for reports.

use bevy::math::Vec2;

use crate::{
    fields::{FieldList, FieldPath},
    ids::{SLOTS_MAX, Slot},
    input::Input,
    state_hash::StateHasher,
    tick::Tick,
};

/// A value that later ticks depend on. `#[derive(RoomState)]` implements it field by field.
///
/// Equal values must feed equal bytes to the hash, and different values different bytes. List everything that is
/// hashed, so that a desync report can name it.
pub trait StateValue {
    /// Feeds the value to the hash.
    fn state_hash(&self, hasher: &mut StateHasher);

    /// Adds the value to a report, under its path.
    fn list(&self, path: &FieldPath, list: &mut FieldList);

    /// Creates a digest: what is needed to list the value later. The default is a clone.
    ///
    /// Clients keep digests of every tick since they last agreed with the server, so a large value should return
    /// something smaller.
    fn digest(&self) -> Box<dyn Digest>
    where
        Self: Clone + Send + Sync + Sized + 'static,
    {
        Box::new(self.clone())
    }

    /// Path of the value as an element of a list; by default it has its index.
    fn element_path(&self, path: &FieldPath, index: usize) -> FieldPath {
        path.element(index)
    }

    /// Feeds an array of fixed length to the hash.
    fn hash_array(array: &[Self], hasher: &mut StateHasher)
    where
        Self: Sized,
    {
        array.iter().for_each(|value| value.state_hash(hasher));
    }

    /// Adds an array to a report; an array of length [`SLOTS_MAX`] is listed by slot.
    fn list_array(array: &[Self], path: &FieldPath, list: &mut FieldList)
    where
        Self: Sized,
    {
        if array.len() == SLOTS_MAX && path.slot().is_none() {
            return Slot::all().zip(array).for_each(|(slot, value)| value.list(&path.clone().of_slot(slot), list));
        }
        let elements = array.iter().enumerate();
        elements.for_each(|(index, value)| value.list(&value.element_path(path, index), list));
    }
}

/// Digest of a component, for a report.
pub trait Digest: Send + Sync {
    /// Adds its fields to a report.
    fn list_all(&self, list: &mut FieldList);
}

impl<T: StateValue + Send + Sync> Digest for T {
    fn list_all(&self, list: &mut FieldList) {
        StateValue::list(self, &FieldPath::default(), list);
    }
}

macro_rules! number {
    ($($number:ident)*) => {$(
        impl StateValue for $number {
            #[inline]
            fn state_hash(&self, hasher: &mut StateHasher) {
                hasher.$number(*self);
            }
            fn list(&self, path: &FieldPath, list: &mut FieldList) {
                list.add_at(path, self);
            }
        }
    )*};
}
number!(u16 u32 u64 i32 i64 f32 f64);

impl StateValue for u8 {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u8(*self);
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(path, self);
    }
    fn hash_array(array: &[Self], hasher: &mut StateHasher) {
        hasher.bytes(array);
    }
    /// Lists an array of [`SLOTS_MAX`] bytes by slot, unless it belongs to one; other arrays in hexadecimal.
    fn list_array(array: &[Self], path: &FieldPath, list: &mut FieldList) {
        if array.len() == SLOTS_MAX && path.slot().is_none() {
            return Slot::all().zip(array).for_each(|(slot, value)| value.list(&path.clone().of_slot(slot), list));
        }
        let digits: String = array.iter().map(|byte| format!("{byte:02x}")).collect();
        list.add_at(path, format_args!("{digits}"));
    }
}

impl StateValue for bool {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u8(u8::from(*self));
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(path, self);
    }
}

impl StateValue for Tick {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u32(self.0);
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(path, self.0);
    }
}

impl StateValue for Slot {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u8(u8::from(*self));
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(path, u8::from(*self));
    }
}

impl StateValue for Input {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.bytes(&self.0);
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(path, self.0);
    }
}

impl StateValue for Vec2 {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.f32(self.x);
        hasher.f32(self.y);
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(&path.field("x"), self.x);
        list.add_at(&path.field("y"), self.y);
    }
}

impl<T: StateValue> StateValue for Option<T> {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u8(u8::from(self.is_some()));
        self.iter().for_each(|value| value.state_hash(hasher));
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        match self {
            Some(value) => value.list(path, list),
            None => list.add_at(path, format_args!("none")),
        }
    }
}

impl<T: StateValue, const N: usize> StateValue for [T; N] {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        T::hash_array(self, hasher);
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        T::list_array(self, path, list);
    }
}

impl<T: StateValue> StateValue for Vec<T> {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u32(self.len() as u32);
        T::hash_array(self, hasher);
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(&path.field("len"), self.len());
        let elements = self.iter().enumerate();
        elements.for_each(|(index, value)| value.list(&value.element_path(path, index), list));
    }
}

impl StateValue for String {
    #[inline]
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.bytes(self.as_bytes());
    }
    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(path, self);
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        fields::{Field, FieldList},
        ids::{SLOTS_MAX, Slot, SlotMask},
        room_state::{RoomState, StateValue},
        state_hash::StateHasher,
    };

    /// Has every attribute, and values of every shape.
    #[derive(Clone, Default, RoomState)]
    #[room_state(order(mask, lives, items, kind, packed))]
    struct Everything {
        lives: [u32; SLOTS_MAX],
        items: Vec<Item>,
        #[room_state(name = "state")]
        kind: Kind,
        #[room_state(mask)]
        mask: SlotMask,
        packed: [u8; 3],
        #[room_state(skip = "a cache of `lives`")]
        total: u32,
    }

    #[derive(Clone, RoomState)]
    #[room_state(key = id, slot = owner)]
    struct Item {
        id: u32,
        owner: Slot,
        at: Option<f32>,
    }

    #[derive(Clone, Default, RoomState)]
    enum Kind {
        #[default]
        Idle,
        Busy {
            until: u16,
        },
    }

    fn hash(value: &impl StateValue) -> u64 {
        let mut hasher = StateHasher::new();
        value.state_hash(&mut hasher);
        hasher.finish()
    }

    fn listed(value: &Everything) -> Vec<Field> {
        let mut list = FieldList::default();
        value.digest().list_all(&mut list);
        list.into_fields()
    }

    fn example() -> Everything {
        let item = Item { id: 70, owner: Slot::new(3).expect("in range"), at: Some(-0.0) };
        Everything {
            items: vec![item],
            mask: 0b10,
            packed: [1, 2, 255],
            kind: Kind::Busy { until: 9 },
            ..Default::default()
        }
    }

    #[test]
    fn fields_are_fed_in_the_order_that_the_struct_names() {
        let mut by_hand = StateHasher::new();
        by_hand.u16(0b10);
        (0..SLOTS_MAX).for_each(|_| by_hand.u32(0));
        by_hand.u32(1);
        by_hand.u32(70);
        by_hand.u8(3);
        by_hand.u8(1);
        by_hand.f32(-0.0);
        by_hand.u8(1);
        by_hand.u16(9);
        by_hand.bytes(&[1, 2, 255]);
        assert_eq!(hash(&example()), by_hand.finish());
    }

    #[test]
    fn every_field_but_a_skipped_one_changes_the_hash_and_the_list() {
        let changes: [fn(&mut Everything); 6] = [
            |value| value.lives[15] = 1,
            |value| value.items[0].at = Some(0.0),
            |value| value.items.clear(),
            |value| value.kind = Kind::Idle,
            |value| value.mask = 0,
            |value| value.packed[0] = 0,
        ];
        for change in changes {
            let mut changed = example();
            change(&mut changed);
            assert_ne!(hash(&changed), hash(&example()));
            assert_ne!(listed(&changed), listed(&example()));
        }
        let skipped = Everything { total: 7, ..example() };
        assert_ne!(skipped.total, example().total);
        assert_eq!((hash(&skipped), listed(&skipped)), (hash(&example()), listed(&example())));
    }

    #[test]
    fn fields_are_called_by_slot_path_and_key() {
        let fields = listed(&example());
        let value = |slot: Option<u8>, name: &str| {
            let is_it = |field: &&Field| field.slot.map(u8::from) == slot && field.name == name;
            fields.iter().find(is_it).map(|field| field.value.as_str())
        };
        assert_eq!(value(Some(15), "lives"), Some("0"));
        assert_eq!((value(Some(1), "mask"), value(Some(2), "mask")), (Some("true"), Some("false")));
        assert_eq!((value(None, "items.len"), value(Some(3), "items[70].at")), (Some("1"), Some("-0.0")));
        assert_eq!((value(None, "state"), value(None, "state.until")), (Some("Busy"), Some("9")));
        assert_eq!((value(None, "packed"), value(None, "total")), (Some("0102ff"), None));
    }
}

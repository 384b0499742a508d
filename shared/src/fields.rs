//! Fields of a component as text, and their differences, for desync reports.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{Slot, SlotMask},
    text::is_printable,
};

/// Maximum size of a list of fields, in bytes; both ends leave out the fields beyond it.
pub const LIST_BYTES_MAX: usize = 16 * 1024;
/// Maximum number of fields in a list: those with the shortest text.
pub const FIELDS_MAX: usize = LIST_BYTES_MAX / FIELD_OVERHEAD_BYTES;
/// Maximum length of a field's name, in bytes; the rest is cut off.
pub const FIELD_NAME_BYTES_MAX: usize = 32;
/// Maximum length of a field's value, in bytes; the rest is cut off.
pub const FIELD_VALUE_BYTES_MAX: usize = 48;

/// Maximum size of a field beside its text, in bytes.
const FIELD_OVERHEAD_BYTES: usize = 4;

/// One field of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Slot that the field belongs to, if any.
    pub slot: Option<Slot>,
    /// Name, unique in its component and slot.
    pub name: String,
    /// Value as text.
    pub value: String,
}

impl Field {
    /// Maximum size in a message, in bytes.
    pub const fn bytes(&self) -> usize {
        self.name.len() + self.value.len() + FIELD_OVERHEAD_BYTES
    }

    /// Whether the field is within the limits of a [`FieldList`] and printable.
    pub fn is_sane(&self) -> bool {
        let is_text = |text: &str, bytes_max| text.len() <= bytes_max && is_printable(text);
        is_text(&self.name, FIELD_NAME_BYTES_MAX) && is_text(&self.value, FIELD_VALUE_BYTES_MAX)
    }
}

/// Path of a value in its component, as `sparks[7].position.x`, and the slot that it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath {
    slot: Option<Slot>,
    name: String,
}

impl FieldPath {
    /// Path of a field of this value.
    pub fn field(&self, name: &str) -> Self {
        let dot = if self.name.is_empty() { "" } else { "." };
        Self { slot: self.slot, name: format!("{}{dot}{name}", self.name) }
    }

    /// Path of an element of this list, by its index or by a key that the game chose.
    pub fn element(&self, key: impl fmt::Display) -> Self {
        Self { slot: self.slot, name: format!("{}[{key}]", self.name) }
    }

    /// The same path under this slot.
    pub fn of_slot(mut self, slot: impl Into<Option<Slot>>) -> Self {
        self.slot = slot.into();
        self
    }

    /// Slot that the value belongs to, if any.
    pub const fn slot(&self) -> Option<Slot> {
        self.slot
    }
}

/// Fields of a component, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldList {
    fields: Vec<Field>,
    bytes: usize,
}

impl FieldList {
    /// Adds a field. Numbers are formatted so that different values have different texts.
    pub fn add(&mut self, slot: impl Into<Option<Slot>>, name: impl fmt::Display, value: impl fmt::Debug) {
        let (name, value) = (cut(name.to_string(), FIELD_NAME_BYTES_MAX), format!("{value:?}"));
        let field = Field { slot: slot.into(), name, value: cut(value, FIELD_VALUE_BYTES_MAX) };
        self.bytes += field.bytes();
        if self.bytes <= LIST_BYTES_MAX {
            self.fields.push(field);
        }
    }

    /// Adds the value at this path; a value without a name is called `value`.
    pub fn add_at(&mut self, path: &FieldPath, value: impl fmt::Debug) {
        self.add(path.slot, if path.name.is_empty() { "value" } else { &path.name }, value);
    }

    /// Adds one flag for each slot.
    pub fn add_mask(&mut self, path: &FieldPath, mask: SlotMask) {
        Slot::all().for_each(|slot| self.add_at(&path.clone().of_slot(slot), mask & slot.bit() != 0));
    }

    /// The fields, in the order in which they were added.
    pub fn into_fields(self) -> Vec<Field> {
        self.fields
    }
}

fn cut(mut text: String, bytes_max: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

/// A field with different values on server and client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDifference {
    /// Slot that the field belongs to, if any.
    pub slot: Option<Slot>,
    /// Name of the field.
    pub field: String,
    /// Value on the server; `None` if the field does not exist there.
    pub server: Option<String>,
    /// Value on the client; `None` if the field does not exist there.
    pub client: Option<String>,
}

/// Fields that differ, in the server's order, followed by those that only the client has.
pub fn differences(server: &[Field], client: &[Field]) -> Vec<FieldDifference> {
    let key = |field: &Field| (field.slot, field.name.clone());
    let mut others: HashMap<_, &Field> = client.iter().map(|field| (key(field), field)).collect();
    let difference = |field: &Field, server: Option<&Field>, client: Option<&Field>| FieldDifference {
        slot: field.slot,
        field: field.name.clone(),
        server: server.map(|field| field.value.clone()),
        client: client.map(|field| field.value.clone()),
    };
    let mut found = Vec::new();
    for ours in server {
        let theirs = others.remove(&key(ours));
        if theirs.is_none_or(|theirs| theirs.value != ours.value) {
            found.push(difference(ours, Some(ours), theirs));
        }
    }
    let only_theirs = client.iter().filter(|field| others.contains_key(&key(field)));
    found.extend(only_theirs.map(|theirs| difference(theirs, None, Some(theirs))));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(fields: &[(u8, &str, f32)]) -> Vec<Field> {
        let mut list = FieldList::default();
        fields.iter().for_each(|(slot, name, value)| list.add(Slot::new(*slot), name, value));
        list.into_fields()
    }

    #[test]
    fn differing_missing_and_added_fields_are_found_in_order() {
        let server = list(&[(0, "x", 1.0), (1, "x", 0.0), (16, "gems", 3.0)]);
        let client = list(&[(2, "x", 1.5), (1, "x", -0.0), (0, "x", 1.0)]);
        let found = differences(&server, &client);
        let told: Vec<_> =
            found.iter().map(|f| (f.slot.map(u8::from), f.server.as_deref(), f.client.as_deref())).collect();
        let expected = [(Some(1), Some("0.0"), Some("-0.0")), (None, Some("3.0"), None), (Some(2), None, Some("1.5"))];
        assert_eq!(told, expected);
        assert!(differences(&server, &server).is_empty());
    }

    #[test]
    fn a_list_is_bounded_and_what_it_makes_is_sane() {
        let mut list = FieldList::default();
        (0..FIELDS_MAX).for_each(|_| list.add(None, "ö".repeat(99), "\u{1f680}\n".repeat(99)));
        let fields = list.into_fields();
        assert!((LIST_BYTES_MAX - 99..=LIST_BYTES_MAX).contains(&fields.iter().map(Field::bytes).sum()));
        assert!(fields.iter().all(Field::is_sane));
        let field = |name: &str, value: &str| Field { slot: None, name: name.into(), value: value.into() };
        assert!(!field("\u{1b}[2J", "1").is_sane() && !field("x", &"1".repeat(49)).is_sane());
    }
}

//! Hashes of authoritative state, one for each component: 64-bit xxh3 over raw bits in a fixed order. The bytes come
//! from [`StateValue`](crate::room_state::StateValue).

use arrayvec::ArrayVec;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Maximum number of components that engine and game register together.
pub const COMPONENTS_MAX: usize = 24;
/// Maximum length of a component's name, in bytes.
pub const COMPONENT_NAME_BYTES_MAX: usize = 32;

/// A 64-bit xxh3 hasher for numbers and bytes.
pub struct StateHasher(Xxh3);

impl StateHasher {
    /// Creates a hasher without input.
    #[expect(clippy::new_without_default, reason = "an empty hash is a start, not a value")]
    pub fn new() -> Self {
        Self(Xxh3::new())
    }
    /// Feeds one byte.
    pub fn u8(&mut self, value: u8) {
        self.0.update(&[value]);
    }
    /// Feeds two bytes, little-endian.
    pub fn u16(&mut self, value: u16) {
        self.0.update(&value.to_le_bytes());
    }
    /// Feeds four bytes, little-endian.
    pub fn u32(&mut self, value: u32) {
        self.0.update(&value.to_le_bytes());
    }
    /// Feeds eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) {
        self.0.update(&value.to_le_bytes());
    }
    /// Feeds eight bytes, little-endian.
    pub fn i64(&mut self, value: i64) {
        self.0.update(&value.to_le_bytes());
    }
    /// Feeds four bytes, little-endian.
    pub fn i32(&mut self, value: i32) {
        self.0.update(&value.to_le_bytes());
    }
    /// Feeds a float's raw bits: -0.0 and 0.0 differ, as they do for later arithmetic.
    pub fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }
    /// Feeds a float's raw bits.
    pub fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }
    /// Feeds the length of the bytes, then the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.update(bytes);
    }
    /// Hash of everything fed so far.
    pub fn finish(&self) -> u64 {
        self.0.digest()
    }
}

/// Hashes of all registered components after a tick, in registration order; an absent component is `None`.
///
/// Not part of the state: written in `SimSet::Hash` of every tick.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateHashes(pub ArrayVec<Option<u64>, COMPONENTS_MAX>);

impl StateHashes {
    /// Combines all hashes into one, for the whole state.
    pub fn combined(&self) -> u64 {
        let mut bytes = ArrayVec::<u8, { COMPONENTS_MAX * 9 }>::new();
        for hash in &self.0 {
            bytes.push(u8::from(hash.is_some()));
            bytes.extend(hash.unwrap_or(0).to_le_bytes());
        }
        xxh3_64(&bytes)
    }

    /// Index of the first component, in registration order, whose hash differs.
    pub fn first_difference(&self, other: &Self) -> Option<usize> {
        let places = self.0.len().max(other.0.len());
        (0..places).find(|&i| self.0.get(i) != other.0.get(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_not_zero_and_order_matters() {
        let hashes = |list: &[Option<u64>]| StateHashes(list.iter().copied().collect());
        assert_ne!(hashes(&[None]).combined(), hashes(&[Some(0)]).combined());
        assert_ne!(hashes(&[Some(1), Some(2)]).combined(), hashes(&[Some(2), Some(1)]).combined());
        assert_eq!(hashes(&[Some(1), Some(2)]).first_difference(&hashes(&[Some(1), None])), Some(1));
    }
}

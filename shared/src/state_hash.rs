//! Hashes of authoritative state, one for each component: 64-bit xxh3 over raw bits in a fixed order. The bytes come
//! from [`StateValue`](crate::room_state::StateValue).

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::{replay::HASH_TICKS, tick::Tick};

/// Maximum number of components that engine and game register together.
pub const COMPONENTS_MAX: usize = 24;
/// Maximum length of a component's name, in bytes.
pub const COMPONENT_NAME_BYTES_MAX: usize = 32;

/// Number of bytes that [`StateHasher`] collects before it hashes them: what xxh3 handles at once.
const COLLECTED_MAX: usize = 256;

/// A 64-bit xxh3 hasher for numbers and bytes.
///
/// It collects small values first, because feeding xxh3 four bytes at a time costs several times as much.
pub struct StateHasher {
    collected: ArrayVec<u8, COLLECTED_MAX>,
    /// What was collected before; `None` while everything still fits.
    earlier: Option<Xxh3>,
}

impl StateHasher {
    /// Creates a hasher without input.
    #[expect(clippy::new_without_default, reason = "an empty hash is a start, not a value")]
    pub fn new() -> Self {
        Self { collected: ArrayVec::new(), earlier: None }
    }

    /// Feeds the bytes of a number.
    #[inline]
    fn number<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.collected.try_extend_from_slice(&bytes).is_err() {
            self.flush().update(&bytes);
        }
    }

    /// Hashes what is collected. Returns the hash of everything so far.
    fn flush(&mut self) -> &mut Xxh3 {
        let earlier = self.earlier.get_or_insert_with(Xxh3::new);
        earlier.update(&self.collected);
        self.collected.clear();
        earlier
    }

    /// Feeds one byte.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.number([value]);
    }
    /// Feeds two bytes, little-endian.
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.number(value.to_le_bytes());
    }
    /// Feeds four bytes, little-endian.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.number(value.to_le_bytes());
    }
    /// Feeds eight bytes, little-endian.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.number(value.to_le_bytes());
    }
    /// Feeds eight bytes, little-endian.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.number(value.to_le_bytes());
    }
    /// Feeds four bytes, little-endian.
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.number(value.to_le_bytes());
    }
    /// Feeds a float's raw bits: -0.0 and 0.0 differ, as they do for later arithmetic.
    #[inline]
    pub fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }
    /// Feeds a float's raw bits.
    #[inline]
    pub fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }
    /// Feeds the length of the bytes, then the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        if self.collected.try_extend_from_slice(bytes).is_err() {
            self.flush().update(bytes);
        }
    }
    /// Hash of everything fed so far.
    pub fn finish(mut self) -> u64 {
        match self.earlier {
            Some(_) => self.flush().digest(),
            None => xxh3_64(&self.collected),
        }
    }
}

/// Whether server and clients compare their states after this tick: every 15 ticks, at any tick rate. After every second
/// of them, the server's hash is in the frame; after the others, the client reports its own.
pub const fn is_compared(tick: Tick) -> bool {
    const INTERVAL: u32 = HASH_TICKS / 2;
    tick.0 % INTERVAL == INTERVAL - 1
}

/// Hashes of all registered components after a tick, in registration order; an absent component is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn collecting_values_does_not_change_their_hash(parts in proptest::collection::vec((0u8..4, 0u64.., 0usize..600), 0..80)) {
            let (mut hasher, mut bytes) = (StateHasher::new(), Vec::new());
            for (kind, value, length) in parts {
                match kind {
                    0 => {
                        hasher.u8(value as u8);
                        bytes.push(value as u8);
                    }
                    1 => {
                        hasher.u32(value as u32);
                        bytes.extend((value as u32).to_le_bytes());
                    }
                    2 => {
                        hasher.u64(value);
                        bytes.extend(value.to_le_bytes());
                    }
                    _ => {
                        let long = vec![value as u8; length];
                        hasher.bytes(&long);
                        bytes.extend((length as u64).to_le_bytes());
                        bytes.extend(long);
                    }
                }
            }
            prop_assert_eq!(hasher.finish(), xxh3_64(&bytes));
        }
    }

    #[test]
    fn absent_is_not_zero_and_order_matters() {
        let hashes = |list: &[Option<u64>]| StateHashes(list.iter().copied().collect());
        assert_ne!(hashes(&[None]).combined(), hashes(&[Some(0)]).combined());
        assert_ne!(hashes(&[Some(1), Some(2)]).combined(), hashes(&[Some(2), Some(1)]).combined());
        assert_eq!(hashes(&[Some(1), Some(2)]).first_difference(&hashes(&[Some(1), None])), Some(1));
    }
}

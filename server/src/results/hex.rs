//! Wide numbers as hexadecimal strings, for `#[serde(with = "hex")]`, because many JSON readers keep only 53 bits of a
//! number.

use std::borrow::Cow;

use framehouse_shared::ids::{MatchId, PlayerId, RoomId};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// A type with a hexadecimal form.
pub trait Hex: Sized {
    /// The hexadecimal digits.
    fn to_hex(&self) -> String;
    /// Parses the output of [`to_hex`](Self::to_hex). `None` if it is anything else.
    fn from_hex(digits: &str) -> Option<Self>;
}

/// Serialises as a string of hexadecimal digits.
///
/// # Errors
/// Errors of the serializer.
pub fn serialize<T: Hex, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_hex())
}

/// Deserialises from a string of hexadecimal digits.
///
/// # Errors
/// When the string is not the expected digits.
pub fn deserialize<'de, T: Hex, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let digits = Cow::<str>::deserialize(deserializer)?;
    T::from_hex(&digits).ok_or_else(|| D::Error::custom("hexadecimal digits were expected"))
}

/// Seeds and hashes: 16 digits.
impl Hex for u64 {
    fn to_hex(&self) -> String {
        format!("{self:016x}")
    }
    fn from_hex(digits: &str) -> Option<Self> {
        if digits.len() == 16 { number(digits) } else { None }
    }
}

impl Hex for MatchId {
    fn to_hex(&self) -> String {
        self.to_string()
    }
    fn from_hex(digits: &str) -> Option<Self> {
        digits.parse().ok()
    }
}

/// As in the log: no leading zeros.
impl Hex for RoomId {
    fn to_hex(&self) -> String {
        self.to_string()
    }
    fn from_hex(digits: &str) -> Option<Self> {
        number(digits).map(Self)
    }
}

/// As in the log: no leading zeros.
impl Hex for PlayerId {
    fn to_hex(&self) -> String {
        self.to_string()
    }
    fn from_hex(digits: &str) -> Option<Self> {
        number(digits).map(Self)
    }
}

/// Bytes in order, two digits each.
impl Hex for [u8; 16] {
    fn to_hex(&self) -> String {
        MatchId(u128::from_be_bytes(*self)).to_string()
    }
    fn from_hex(digits: &str) -> Option<Self> {
        digits.parse().ok().map(|MatchId(number)| number.to_be_bytes())
    }
}

/// Parses up to 16 digits. `from_str_radix` alone would accept a sign too.
fn number(digits: &str) -> Option<u64> {
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

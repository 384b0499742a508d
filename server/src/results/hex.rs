//! Wide numbers as a string of hexadecimal digits, for `#[serde(with = "hex")]`: many readers keep only 53 bits of a JSON
//! number.

use std::borrow::Cow;

use framehouse_shared::ids::{MatchId, PlayerId, RoomId};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// What has a form in hexadecimal digits.
pub trait Hex: Sized {
    /// The digits.
    fn to_hex(&self) -> String;
    /// Reads what [`to_hex`](Self::to_hex) writes; nothing when it is not that.
    fn from_hex(digits: &str) -> Option<Self>;
}

/// Writes the digits.
///
/// # Errors
/// When the serializer takes none.
pub fn serialize<T: Hex, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_hex())
}

/// Reads the digits.
///
/// # Errors
/// When there is anything else.
pub fn deserialize<'de, T: Hex, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let digits = Cow::<str>::deserialize(deserializer)?;
    T::from_hex(&digits).ok_or_else(|| D::Error::custom("hexadecimal digits were expected"))
}

/// Seeds and hashes: always 16 digits.
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

/// Up to 16 digits, and nothing else: the library takes a sign too.
fn number(digits: &str) -> Option<u64> {
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

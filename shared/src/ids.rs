//! Identifiers. Each has its own type, so that a player's id cannot be used as a room's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Maximum number of seats in a room: the length of every slot array and the width of every slot mask.
pub const SLOTS_MAX: usize = 16;

/// A seat in a room, `0..SLOTS_MAX`. Deserialising refuses larger numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Slot(u8);

impl Slot {
    /// Creates the seat with this number; `None` from [`SLOTS_MAX`] on.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < SLOTS_MAX { Some(Self(number)) } else { None }
    }

    /// All seats that a room can have, in order.
    #[inline]
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SLOTS_MAX as u8).map(Self)
    }

    /// Index of the seat in a slot array.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Bit of the seat in a [`SlotMask`].
    pub const fn bit(self) -> SlotMask {
        1 << self.0
    }
}

impl TryFrom<u8> for Slot {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("slot out of range")
    }
}

impl From<Slot> for u8 {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A set of slots, one bit each.
pub type SlotMask = u16;

/// Slots in a mask, lowest first.
pub fn slots_in(mask: SlotMask) -> impl Iterator<Item = Slot> {
    Slot::all().filter(move |slot| mask & slot.bit() != 0)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:x}", self.0)
            }
        }
    };
}

id! {
    /// Id of a room, unique for the life of a server process.
    RoomId
}
id! {
    /// Id of a player. Seat and score belong to it, and it stays the same when the player reconnects.
    PlayerId
}
id! {
    /// Id of one connection, new for every session: netcode ignores a reconnect under an id that is still connected.
    SessionId
}

/// Id of a match in results and replays: random, so that no two matches share one, on whatever server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
pub struct MatchId(pub u128);

/// Lasting id of a player in results, leaderboards and history: the same in every match. It says nothing about the secret
/// that it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
pub struct AccountId(pub u128);

impl TryFrom<String> for AccountId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.to_string()
    }
}

macro_rules! digits {
    ($name:ident, $wrong:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = &'static str;
            /// Parses the 32 hexadecimal digits that [`Display`](fmt::Display) writes.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let number = is_id.then(|| u128::from_str_radix(text, 16).ok()).flatten();
                number.map(Self).ok_or($wrong)
            }
        }
    };
}

digits!(MatchId, "a match id has 32 hexadecimal digits");
digits!(AccountId, "the id of a player has 32 hexadecimal digits");

/// Code of a room, for people: four characters, or six for a room that is found by its code only, so that nobody finds
/// it by trying. There are no look-alikes among the characters (no 0 O 1 I L).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 4, max_length = 6)]
pub struct RoomCode(
    /// The characters, and zeros behind a short code.
    [u8; Self::CHARS_MAX],
);

impl RoomCode {
    /// Characters that a code consists of.
    pub const ALPHABET: &'static [u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
    /// Number of characters of a short code.
    pub const CHARS: usize = 4;
    /// Number of characters of a long code: one of 887,503,681.
    pub const CHARS_MAX: usize = 6;

    /// Creates a short code from the lowest base-31 digits of a number.
    pub const fn from_number(number: u32) -> Self {
        Self::of_digits(number, Self::CHARS)
    }

    /// Creates a long code from the lowest base-31 digits of a number.
    pub const fn long_from_number(number: u32) -> Self {
        Self::of_digits(number, Self::CHARS_MAX)
    }

    const fn of_digits(mut number: u32, count: usize) -> Self {
        let mut characters = [0; Self::CHARS_MAX];
        let mut index = 0;
        while index < count {
            characters[index] = Self::ALPHABET[(number % 31) as usize];
            number /= 31;
            index += 1;
        }
        Self(characters)
    }

    /// The characters of the code.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|character| *character == 0).unwrap_or(Self::CHARS_MAX);
        std::str::from_utf8(&self.0[..end]).expect("a code holds only characters of its alphabet")
    }

    /// Whether this is a long code.
    pub const fn is_long(&self) -> bool {
        self.0[Self::CHARS] != 0
    }
}

impl FromStr for RoomCode {
    type Err = &'static str;
    /// Parses a code as a person types it: upper or lower case, with spaces around it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_uppercase();
        if ![Self::CHARS, Self::CHARS_MAX].contains(&text.len()) {
            return Err("a room code has four or six characters");
        }
        if !text.bytes().all(|character| Self::ALPHABET.contains(&character)) {
            return Err("a room code has only the characters 2-9 and A-Z without I, L and O");
        }
        let mut characters = [0; Self::CHARS_MAX];
        characters[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(characters))
    }
}

impl TryFrom<String> for RoomCode {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RoomCode> for String {
    fn from(code: RoomCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_in_any_case() {
        let code = RoomCode::from_number(123_456);
        assert_eq!(code.as_str().to_lowercase().parse(), Ok(code));
        for wrong in ["", "K7Q", "K7QXA", "K7QO", "K7QXAB2", "K7\u{e9}X", "K7QX\0\0"] {
            assert!(wrong.parse::<RoomCode>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_long_code_is_another_one_than_the_short_one_it_begins_with() {
        let (short, long) = (RoomCode::from_number(7), RoomCode::long_from_number(7));
        assert_eq!((short.as_str(), long.as_str()), ("9222", "922222"));
        assert_eq!(long.as_str().parse(), Ok(long));
        assert!(short != long && long.is_long() && !short.is_long());
    }

    #[test]
    fn a_slot_is_bounded() {
        assert!(Slot::new(15).is_some());
        assert!(Slot::new(16).is_none());
        assert_eq!(slots_in(0b101).map(u8::from).collect::<Vec<_>>(), [0, 2]);
    }
}

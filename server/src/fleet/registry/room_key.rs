//! Ids of rooms.

use std::{fmt, str::FromStr};

use super::Owner;

/// Id of a room in the fleet: the node that opened it, its life, and a number. It stays the same if another node takes the
/// room over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomKey {
    /// The node that opened the room.
    pub home: Owner,
    /// Number of the room in that life.
    pub number: u64,
}

impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.home, self.number)
    }
}

impl FromStr for RoomKey {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a room of the fleet is NODE:INCARNATION:NUMBER";
        let mut parts = text.split(':');
        let (Some(node), Some(incarnation), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong);
        };
        let incarnation = incarnation.to_owned().try_into().map_err(|_| wrong)?;
        let home = Owner { node: node.to_owned(), incarnation };
        Ok(Self { home, number: number.parse().map_err(|_| wrong)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::registry::Incarnation;

    #[test]
    fn the_id_of_a_room_reads_back() {
        let home = Owner { node: "game-1.eu".to_owned(), incarnation: Incarnation(0xab) };
        let room = RoomKey { home, number: 7 };
        assert_eq!(room.to_string(), "game-1.eu:00000000000000ab:7");
        assert_eq!(room.to_string().parse(), Ok(room));
        for wrong in ["", "a:b", "a:00000000000000ab:", "a:x:1", "a:0:1:2"] {
            assert!(wrong.parse::<RoomKey>().is_err(), "{wrong}");
        }
    }
}

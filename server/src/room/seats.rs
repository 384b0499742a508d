//! Seats: free, kept for a token, or taken.

use bevy::prelude::*;
use framehouse_shared::ids::{SLOTS_MAX, Slot};

/// One seat of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seat {
    /// Anybody may have it.
    #[default]
    Free,
    /// A session that has a token but no connection yet.
    Reserved(Entity),
    /// The session of a player in the room.
    Taken(Entity),
}

/// The seats of a room, by slot.
#[derive(Component, Clone, Debug)]
pub struct Seats {
    seats: Vec<Seat>,
}

impl Seats {
    /// `count` free seats, at most [`SLOTS_MAX`].
    pub fn new(count: u8) -> Self {
        Self { seats: vec![Seat::Free; usize::from(count).min(SLOTS_MAX)] }
    }

    /// How many are free.
    pub fn free(&self) -> usize {
        self.seats.iter().filter(|seat| **seat == Seat::Free).count()
    }

    /// How many are taken by players who are here.
    pub fn taken(&self) -> usize {
        self.seats.iter().filter(|seat| matches!(seat, Seat::Taken(_))).count()
    }

    /// Whether nobody is here and nobody is expected.
    pub fn is_deserted(&self) -> bool {
        self.free() == self.seats.len()
    }

    /// Whether every seat is taken by somebody who is here.
    pub fn is_full(&self) -> bool {
        self.taken() == self.seats.len()
    }

    /// Keeps the first free seat for a session.
    pub fn reserve(&mut self, session: Entity) -> Option<Slot> {
        let place = self.seats.iter().position(|seat| *seat == Seat::Free)?;
        self.seats[place] = Seat::Reserved(session);
        Slot::new(place as u8)
    }

    /// The session's seat becomes taken.
    pub fn take(&mut self, session: Entity) -> Option<Slot> {
        let place = self.place_of(session)?;
        self.seats[place] = Seat::Taken(session);
        Slot::new(place as u8)
    }

    /// The session's seat, reserved or taken, becomes free.
    pub fn release(&mut self, session: Entity) -> Option<Slot> {
        let place = self.place_of(session)?;
        self.seats[place] = Seat::Free;
        Slot::new(place as u8)
    }

    fn place_of(&self, session: Entity) -> Option<usize> {
        self.seats.iter().position(|seat| matches!(seat, Seat::Reserved(s) | Seat::Taken(s) if *s == session))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_reserved_taken_and_released_by_its_own_session() {
        let (a, b) = (Entity::from_raw_u32(1).expect("valid"), Entity::from_raw_u32(2).expect("valid"));
        let mut seats = Seats::new(2);
        assert_eq!(seats.reserve(a), Slot::new(0));
        assert_eq!(seats.reserve(b), Slot::new(1));
        assert_eq!(seats.reserve(a), None);
        assert!(!seats.is_full());
        assert_eq!((seats.take(a), seats.take(b)), (Slot::new(0), Slot::new(1)));
        assert!(seats.is_full());
        assert_eq!(seats.release(a), Slot::new(0));
        assert_eq!(seats.release(a), None);
        assert!(!seats.is_deserted());
        seats.release(b);
        assert!(seats.is_deserted());
    }
}

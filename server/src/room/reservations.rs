//! Seats of a room: free, reserved for a session, or taken by a player.

use bevy::prelude::*;
use framehouse_shared::ids::{SLOTS_MAX, Slot};

/// State of one seat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seat {
    /// Free.
    #[default]
    Free,
    /// Reserved for a session that has a token but has not arrived.
    Reserved(Entity),
    /// Taken by a player, connected or in its grace period.
    Taken(Entity),
}

/// The seats of a room, by slot.
#[derive(Component, Clone, Debug)]
pub struct Reservations {
    seats: Vec<Seat>,
}

impl Reservations {
    /// `count` free seats, at most [`SLOTS_MAX`].
    pub fn new(count: u8) -> Self {
        Self { seats: vec![Seat::Free; usize::from(count).min(SLOTS_MAX)] }
    }

    /// Number of seats.
    pub fn count(&self) -> usize {
        self.seats.len()
    }

    /// The seats in order.
    pub fn iter(&self) -> impl Iterator<Item = Seat> {
        self.seats.iter().copied()
    }

    /// Number of free seats.
    pub fn free(&self) -> usize {
        self.seats.iter().filter(|seat| **seat == Seat::Free).count()
    }

    /// Number of seats taken by players.
    pub fn taken(&self) -> usize {
        self.seats.iter().filter(|seat| matches!(seat, Seat::Taken(_))).count()
    }

    /// Whether a seat is reserved.
    pub(super) fn has_reserved(&self) -> bool {
        self.seats.iter().any(|seat| matches!(seat, Seat::Reserved(_)))
    }

    /// Whether all seats are free.
    pub(super) fn is_deserted(&self) -> bool {
        self.free() == self.seats.len()
    }

    /// Whether all seats are taken by players.
    pub fn is_full(&self) -> bool {
        self.taken() == self.seats.len()
    }

    /// Reserves the first free seat for a session. Returns its slot.
    pub(super) fn reserve(&mut self, session: Entity) -> Option<Slot> {
        let index = self.seats.iter().position(|seat| *seat == Seat::Free)?;
        self.seats[index] = Seat::Reserved(session);
        Slot::new(index as u8)
    }

    /// The slot reserved for a session.
    pub fn reserved(&self, session: Entity) -> Option<Slot> {
        self.slot_of(Seat::Reserved(session))
    }

    /// Gives a seat to a player.
    pub(super) fn take(&mut self, slot: Slot, player: Entity) {
        self.seats[slot.index()] = Seat::Taken(player);
    }

    /// Frees the seat reserved for a session. Returns its slot.
    pub(crate) fn cancel(&mut self, session: Entity) -> Option<Slot> {
        let slot = self.slot_of(Seat::Reserved(session))?;
        self.seats[slot.index()] = Seat::Free;
        Some(slot)
    }

    /// Frees a player's seat. Returns its slot.
    pub(crate) fn release(&mut self, player: Entity) -> Option<Slot> {
        let slot = self.slot_of(Seat::Taken(player))?;
        self.seats[slot.index()] = Seat::Free;
        Some(slot)
    }

    /// Changes the number of seats, at most [`SLOTS_MAX`].
    ///
    /// # Errors
    /// When a seat to be removed is not free. The error is its slot.
    pub fn resize(&mut self, count: u8) -> Result<(), Slot> {
        let count = usize::from(count).min(SLOTS_MAX);
        let in_the_way = (count..self.seats.len()).find(|index| self.seats[*index] != Seat::Free);
        if let Some(slot) = in_the_way.and_then(|index| Slot::new(index as u8)) {
            return Err(slot);
        }
        self.seats.resize(count, Seat::Free);
        Ok(())
    }

    fn slot_of(&self, wanted: Seat) -> Option<Slot> {
        let index = self.seats.iter().position(|seat| *seat == wanted)?;
        Slot::new(index as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(number: u32) -> Entity {
        Entity::from_raw_u32(number).expect("valid")
    }

    #[test]
    fn a_seat_is_reserved_taken_and_released_by_its_own_people() {
        let (a, b, player) = (entity(1), entity(2), entity(3));
        let mut seats = Reservations::new(2);
        assert_eq!(seats.reserve(a), Slot::new(0));
        assert_eq!(seats.reserve(b), Slot::new(1));
        assert_eq!(seats.reserve(a), None);
        let slot = seats.reserved(a).expect("it was reserved");
        seats.take(slot, player);
        assert_eq!((seats.taken(), seats.is_full()), (1, false));
        assert_eq!((seats.cancel(a), seats.release(player)), (None, Slot::new(0)));
        assert_eq!(seats.release(player), None);
        assert!(!seats.is_deserted());
        seats.cancel(b);
        assert!(seats.is_deserted());
    }

    #[test]
    fn seats_in_use_are_not_taken_away() {
        let mut seats = Reservations::new(4);
        seats.reserve(entity(1));
        seats.reserve(entity(2));
        assert_eq!(seats.resize(1), Err(Slot::new(1).expect("in range")));
        assert_eq!((seats.resize(2), seats.count()), (Ok(()), 2));
        assert_eq!((seats.resize(16), seats.free()), (Ok(()), 14));
    }
}

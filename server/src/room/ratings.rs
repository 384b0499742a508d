//! How far a newcomer's rating is from those of a room's players, for quick match.

use bevy::prelude::*;

use super::{
    Player,
    accounts::Accounts,
    reservations::{Reservations, Seat},
};
use crate::net::session::Session;

/// Rating of a player that has none, in hundredths.
const START: i32 = 2500;
/// Size of a step, in hundredths: the better of two players that are a step apart wins two matches of three.
const STEP: u32 = 417;

/// Whole steps between a newcomer and the mean of the room's players. 0 for a newcomer without a rating.
pub(super) fn steps_apart(world: &World, seats: &Reservations, newcomer: Option<i32>) -> u32 {
    let Some(newcomer) = newcomer else { return 0 };
    let (count, sum) = seats
        .iter()
        .filter_map(|seat| rating_in(world, seat))
        .fold((0, 0), |(count, sum), rating| (count + 1, sum + i64::from(rating)));
    let mean = if count == 0 { i64::from(START) } else { sum / count };
    u32::try_from((mean - i64::from(newcomer)).unsigned_abs()).unwrap_or(u32::MAX) / STEP
}

/// Rating of the player in this seat; `None` for a free one.
fn rating_in(world: &World, seat: Seat) -> Option<i32> {
    let account = match seat {
        Seat::Free => return None,
        Seat::Reserved(session) => world.get::<Session>(session)?.account,
        Seat::Taken(player) => world.get::<Player>(player)?.account,
    };
    Some(world.resource::<Accounts>().rating(account).unwrap_or(START))
}

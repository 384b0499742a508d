//! Limits on who may join: time of the tick thread, places of an address, and endpoints that keep some room for returning players.

use std::time::Duration;

use bevy::prelude::*;

use super::directory::JoinError;
use crate::{
    address::AddressKey,
    config::{NetSettings, RoomSettings},
    net::{
        callers::Callers,
        endpoint::{BoxedEndpoint, ClientKind},
        session::{Session, SessionState, Sessions},
    },
    schedule::Now,
    tick_load::TickLoad,
};

use super::guesses::Guesses;

/// A larger network (/24 of IPv4, /48 of IPv6) may have this many times the sessions of one address.
const NETWORK_FACTOR: usize = 16;
/// One in so many connections of an endpoint is kept for players that come back.
const RETURNING_SHARE: usize = 16;

/// Checks that the tick thread has time for more players.
///
/// # Errors
/// When it is busier than the settings allow.
pub(super) fn check_load(world: &World) -> Result<(), JoinError> {
    let expected = world.resource::<TickLoad>().expected_share(world.resource::<Sessions>().count());
    let load_max = world.resource::<RoomSettings>().load_max;
    if expected > load_max && load_max < 1.0 { Err(JoinError::Overloaded) } else { Ok(()) }
}

/// Checks that an address may have one more session.
///
/// # Errors
/// When it has its largest number of sessions, or of tokens that were not used.
pub(super) fn check_address(world: &World, caller: AddressKey) -> Result<(), JoinError> {
    let settings = world.resource::<NetSettings>();
    if !settings.limits(caller) {
        return Ok(());
    }
    let (sessions_max, tokens_max) = (settings.sessions_per_address as usize, settings.tokens_per_address as usize);
    let callers = world.resource::<Callers>();
    if callers.places(caller).count() >= sessions_max || callers.around(caller) >= sessions_max * NETWORK_FACTOR {
        return Err(JoinError::AddressFull { max: settings.sessions_per_address });
    }
    let is_unused = |session: Entity| {
        world.get::<Session>(session).is_some_and(|session| matches!(session.state, SessionState::Reserved { .. }))
    };
    if callers.places(caller).filter(|session| is_unused(*session)).count() >= tokens_max {
        return Err(JoinError::TokensUnused);
    }
    Ok(())
}

/// Checks that an address may try a room code.
///
/// # Errors
/// When it has to wait, because of its wrong codes.
pub(super) fn check_guesses(world: &World, caller: AddressKey) -> Result<(), JoinError> {
    let settings = world.resource::<NetSettings>();
    let free = settings.sessions_per_address;
    let wait = world.resource::<Guesses>().wait(caller, free, world.resource::<Now>().elapsed);
    let is_free = wait == Duration::ZERO || !settings.limits(caller);
    if is_free { Ok(()) } else { Err(JoinError::TooManyCodes { wait_s: wait.as_secs() as u32 + 1 }) }
}

/// The endpoint for this kind of client with the fewest sessions that has room for one more. Reservations count, so that an endpoint never
/// promises more connections than it has.
pub(super) fn least_loaded_endpoint(world: &mut World, kind: ClientKind, is_returning: bool) -> Option<Entity> {
    let free_to_all = |capacity: usize| capacity - if is_returning { 0 } else { capacity / RETURNING_SHARE };
    world
        .query::<(Entity, &BoxedEndpoint)>()
        .iter(world)
        .filter(|(_, endpoint)| endpoint.serves_thin() == kind.is_thin())
        .map(|(entity, endpoint)| (world.resource::<Sessions>().on_endpoint(entity), entity, endpoint.capacity()))
        .filter(|(sessions, _, capacity)| *sessions < free_to_all(*capacity))
        .min()
        .map(|(_, entity, _)| entity)
}

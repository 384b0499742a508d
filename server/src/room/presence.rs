//! Who is here, who is silent, who is lost, and who comes back.
//!
//! A lost connection keeps its player's seat for the grace period. Whoever then comes with the player's secret gets the
//! seat and the score back; a second session of one player takes over from the first in the same way.

use std::collections::HashMap;

use bevy::prelude::*;
use framehouse_shared::protocol::{
    control::{PlayerState, RoomEvent},
    end::EndCode,
};

use super::{
    InRoom, Player, announce,
    inputs::{InputBuffer, SyncState},
    members,
    phase::RoomPhase,
    sessions,
};
use crate::{
    config::RoomSettings,
    net::{outgoing::PeerAddress, secret::ResumeSecret, session::Session, token::TOKEN_SECONDS},
    tick::{Now, TickRate},
};

/// Whether a player's connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It does: this session's.
    Here(Entity),
    /// It does as far as anybody knows, but nothing has come from it for a while.
    Silent(Entity),
    /// It does not; the seat is kept for a while.
    Lost {
        /// The tick of the server in which the seat is free.
        until: u64,
        /// The same if the player is on its way back by then.
        latest: u64,
    },
}

impl Presence {
    /// Whether there is a session.
    pub const fn is_connected(self) -> bool {
        !matches!(self, Self::Lost { .. })
    }

    /// The session, if there is one.
    pub const fn session(self) -> Option<Entity> {
        match self {
            Self::Here(session) | Self::Silent(session) => Some(session),
            Self::Lost { .. } => None,
        }
    }
}

impl Player {
    /// The player's state as others see it.
    pub const fn shown_state(&self) -> PlayerState {
        match self.presence {
            Presence::Here(_) => self.state,
            Presence::Silent(_) | Presence::Lost { .. } => PlayerState::Away,
        }
    }
}

/// Finds the player that a secret belongs to.
#[derive(Resource, Default)]
pub struct ResumeIndex(HashMap<ResumeSecret, Entity>);

impl ResumeIndex {
    /// The player's entity, while it has a seat.
    pub fn find(&self, secret: ResumeSecret) -> Option<Entity> {
        self.0.get(&secret).copied()
    }

    /// How many players have seats.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Notes that a player has a seat.
    pub(super) fn add(&mut self, secret: ResumeSecret, player: Entity) {
        self.0.insert(secret, player);
    }

    /// Notes that a player has none any more.
    pub(super) fn remove(&mut self, secret: ResumeSecret) {
        self.0.remove(&secret);
    }

    /// Forgets everybody of whom `is_gone` says so; returns how many there were.
    pub(crate) fn forget_where(&mut self, is_gone: impl Fn(Entity) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain(|_, player| !is_gone(*player));
        before - self.0.len()
    }
}

/// A player's connection is lost: its seat, slot and score are kept for the grace period, with neutral input.
pub fn lose(world: &mut World, player: Entity) {
    let grace = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().grace);
    let until = world.resource::<Now>().tick + u64::from(grace);
    let latest = until + token_ticks(world);
    set_presence(world, player, Presence::Lost { until, latest });
    world.entity_mut(player).remove::<PeerAddress>().insert((InputBuffer::default(), SyncState::default()));
    // Nobody who is not there is ready.
    let is_ready = world.get::<Player>(player).is_some_and(|data| data.state == PlayerState::Ready);
    if is_ready && let Some(mut data) = world.get_mut::<Player>(player) {
        data.state = PlayerState::Idle;
    }
}

fn token_ticks(world: &World) -> u64 {
    u64::from(world.resource::<TickRate>().ticks_in(TOKEN_SECONDS * 1000))
}

/// A player has a token to come back with: its seat is kept as long as that is good, but only once beyond the grace.
pub(super) fn hold_seat(world: &mut World, player: Entity) {
    let token_end = world.resource::<Now>().tick + token_ticks(world);
    if let Some(mut data) = world.get_mut::<Player>(player)
        && let Presence::Lost { until, latest } = &mut data.presence
    {
        *until = (*until).max(token_end.min(*latest));
    }
}

/// A session comes for a player that has a seat already: it takes over, and a session before it is told so.
pub fn resume(world: &mut World, session_entity: Entity, player: Entity) {
    let Some(address) = world.get::<Session>(session_entity).map(|session| session.address) else { return };
    let (Some(room), Some(old)) = (
        world.get::<InRoom>(player).map(|room| room.0),
        world.get::<Player>(player).map(|data| data.presence.session()),
    ) else {
        return sessions::close(world, session_entity, EndCode::SeatNotKept);
    };
    if let Some(old) = old.filter(|old| *old != session_entity) {
        sessions::dismiss(world, old, EndCode::TakenOver);
    }
    // Before it has an address again: what the welcome says must not come as an event, too.
    world.entity_mut(player).remove::<PeerAddress>();
    set_presence(world, player, Presence::Here(session_entity));
    let snapshot_due = world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match);
    let fresh = (address, InputBuffer::default(), SyncState { snapshot_due, ..default() });
    world.entity_mut(player).insert(fresh);
    sessions::seat(world, session_entity, player);
    members::welcome(world, room, player, address);
}

/// Players from whom nothing has come for a while are shown as away, and no longer once something comes. Runs in
/// `TickSet::Control`.
pub(crate) fn note_silence(world: &mut World) {
    let rate = *world.resource::<TickRate>();
    let now = *world.resource::<Now>();
    if !now.tick.is_multiple_of(u64::from(rate.ticks_in(250))) {
        return;
    }
    let patience = std::time::Duration::from_secs_f64(world.resource::<RoomSettings>().away_after);
    let mut changes: Vec<(Entity, Presence)> = Vec::new();
    for (entity, player) in world.query::<(Entity, &Player)>().iter(world) {
        let Some(session) = player.presence.session() else { continue };
        let Some(heard_at) = world.get::<Session>(session).map(|session| session.heard_at) else { continue };
        let is_silent = now.elapsed.saturating_sub(heard_at) > patience;
        let presence = if is_silent { Presence::Silent(session) } else { Presence::Here(session) };
        if presence != player.presence {
            changes.push((entity, presence));
        }
    }
    changes.sort_by_key(|(entity, _)| *entity);
    for (player, presence) in changes {
        set_presence(world, player, presence);
    }
}

/// Ends the graces that are over: the player leaves its room. Runs in `TickSet::Control`.
pub(crate) fn end_graces(world: &mut World) {
    let tick = world.resource::<Now>().tick;
    let is_over = |player: &Player| matches!(player.presence, Presence::Lost { until, .. } if tick >= until);
    let mut query = world.query::<(Entity, &Player)>();
    let mut over: Vec<Entity> =
        query.iter(world).filter(|(_, player)| is_over(player)).map(|(entity, _)| entity).collect();
    over.sort();
    for player in over {
        members::leave(world, player, EndCode::ConnectionLost);
    }
}

fn set_presence(world: &mut World, player: Entity, presence: Presence) {
    let Some(mut data) = world.get_mut::<Player>(player) else { return };
    let before = data.shown_state();
    data.presence = presence;
    let (slot, state) = (data.slot, data.shown_state());
    if state != before
        && let Some(room) = world.get::<InRoom>(player).map(|room| room.0)
    {
        announce(world, room, RoomEvent::State { slot, state });
    }
}

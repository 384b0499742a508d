//! Presence of players: connected, silent, lost, and reconnecting.
//!
//! A player that loses its connection keeps its seat for the grace period. A session with the player's secret gets seat
//! and score back. A second session of a connected player takes over in the same way.

use std::collections::HashMap;

use bevy::prelude::*;
use framehouse_shared::protocol::{
    end::EndCode,
    messages::{PlayerState, RoomEvent},
};

use super::{
    InRoom, Player, announce,
    inputs::{InputBuffer, SyncState},
    members, note_activity,
    phase::RoomPhase,
    sessions,
    who::{Who, log_line},
};
use crate::{
    config::RoomSettings,
    net::{
        callers::Callers,
        outgoing::PeerAddress,
        secret::ResumeSecret,
        session::{Session, SessionState},
        token::TOKEN_SECONDS,
    },
    schedule::{Now, TickRate},
};

/// State of a player's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Connected with this session.
    Here(Entity),
    /// Connected with this session, but nothing was received for a while.
    Silent(Entity),
    /// Disconnected; the seat is kept for the grace period.
    Lost {
        /// Server tick at which the seat becomes free.
        until: u64,
        /// Latest value of `until`, if the player gets a token to reconnect.
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
    /// The player's state as shown to others.
    pub const fn shown_state(&self) -> PlayerState {
        match self.presence {
            Presence::Here(_) => self.state,
            Presence::Silent(_) | Presence::Lost { .. } => PlayerState::Away,
        }
    }
}

/// Index of players by resume secret.
#[derive(Resource, Default)]
pub struct ResumeIndex(HashMap<ResumeSecret, Entity>);

impl ResumeIndex {
    /// Entity of the player with this secret, while it has a seat.
    pub fn find(&self, secret: ResumeSecret) -> Option<Entity> {
        self.0.get(&secret).copied()
    }

    /// Number of players with a seat.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds a player that has taken its seat.
    pub(super) fn add(&mut self, secret: ResumeSecret, player: Entity) {
        self.0.insert(secret, player);
    }

    /// Removes a player that has left its seat.
    pub(super) fn remove(&mut self, secret: ResumeSecret) {
        self.0.remove(&secret);
    }

    /// Removes all players for which `is_gone` returns true. Returns their number.
    pub(crate) fn forget_where(&mut self, is_gone: impl Fn(Entity) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain(|_, player| !is_gone(*player));
        before - self.0.len()
    }
}

/// Handles a player's lost connection: seat, slot and score are kept for the grace period, its input is neutral.
pub fn lose(world: &mut World, player: Entity) {
    let grace = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().grace_s);
    let until = world.resource::<Now>().tick + u64::from(grace);
    let latest = until + token_ticks(world);
    log_line!(INFO, Who::of_member(world, player), "player disconnected");
    set_presence(world, player, Presence::Lost { until, latest });
    if let Some(caller) = world.get::<Player>(player).map(|player| player.identity.caller()) {
        world.resource_mut::<Callers>().add(caller, player);
    }
    world.entity_mut(player).remove::<PeerAddress>().insert((InputBuffer::default(), SyncState::default()));
    // A disconnected player is not ready.
    let is_ready = world.get::<Player>(player).is_some_and(|data| data.state == PlayerState::Ready);
    if is_ready && let Some(mut data) = world.get_mut::<Player>(player) {
        data.state = PlayerState::Idle;
    }
}

fn token_ticks(world: &World) -> u64 {
    u64::from(world.resource::<TickRate>().ticks_in(TOKEN_SECONDS * 1000))
}

/// Keeps a disconnected player's seat at least until its new token expires, but not later than `latest`.
pub(super) fn hold_seat(world: &mut World, player: Entity) {
    let token_end = world.resource::<Now>().tick + token_ticks(world);
    if let Some(mut data) = world.get_mut::<Player>(player)
        && let Presence::Lost { until, latest } = &mut data.presence
    {
        *until = (*until).max(token_end.min(*latest));
    }
}

/// Notes the session with which a player is about to come back. An earlier one that has not come is over: a player has
/// one token at a time.
pub(super) fn expect_return(world: &mut World, player: Entity, session: Entity) {
    let Some(mut data) = world.get_mut::<Player>(player) else { return };
    let Some(earlier) = data.returning.replace(session) else { return };
    match world.get::<Session>(earlier).map(|session| session.state) {
        Some(SessionState::Reserved { .. }) => sessions::forget(world, earlier),
        Some(SessionState::Greeting { .. }) => sessions::close(world, earlier, EndCode::TakenOver),
        _ => {}
    }
}

/// Gives a player's seat to a new session. An older session of the player is closed.
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
    // Without an address, so that it does not get the events that its Welcome already includes.
    world.entity_mut(player).remove::<PeerAddress>();
    set_presence(world, player, Presence::Here(session_entity));
    if let Some(caller) = world.get::<Player>(player).map(|player| player.identity.caller()) {
        world.resource_mut::<Callers>().remove(caller, player);
    }
    let snapshot_due = world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match);
    let fresh = (address, InputBuffer::default(), SyncState { snapshot_due, ..default() });
    world.entity_mut(player).insert(fresh);
    sessions::seat(world, session_entity, player);
    log_line!(INFO, Who::of_member(world, player), "player resumed");
    note_activity(world, player);
    members::welcome(world, room, player, address);
}

/// Marks players as silent when nothing was received for `away_after_s` seconds, and as present again afterwards. Runs in
/// `TickSet::Control`.
pub(crate) fn note_silence(world: &mut World) {
    let rate = *world.resource::<TickRate>();
    let now = *world.resource::<Now>();
    if !now.tick.is_multiple_of(u64::from(rate.ticks_in(250))) {
        return;
    }
    let patience = std::time::Duration::from_secs_f64(world.resource::<RoomSettings>().away_after_s);
    let mut changes: Vec<(Entity, Presence)> = Vec::new();
    for (entity, player) in world.query::<(Entity, &Player)>().iter(world) {
        let Some(session) = player.presence.session() else { continue };
        let Some(session_data) = world.get::<Session>(session) else { continue };
        // A thin client has nothing to say for long times, and the pings of its socket tell whether it is there.
        let is_silent = !session_data.kind.is_thin() && now.elapsed.saturating_sub(session_data.heard_at) > patience;
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

/// Removes players whose grace period is over. Runs in `TickSet::Control`.
pub(crate) fn end_graces(world: &mut World, players: &mut QueryState<(Entity, &Player)>) {
    let tick = world.resource::<Now>().tick;
    let is_over = |player: &Player| matches!(player.presence, Presence::Lost { until, .. } if tick >= until);
    let mut over: Vec<Entity> =
        players.iter(world).filter(|(_, player)| is_over(player)).map(|(entity, _)| entity).collect();
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
    if state != before {
        log_line!(DEBUG, Who::of_member(world, player), ?state, "player state");
    }
    if state != before
        && let Some(room) = world.get::<InRoom>(player).map(|room| room.0)
    {
        announce(world, room, RoomEvent::State { slot, state });
    }
}

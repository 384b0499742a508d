//! The drain before the server stops: newcomers are refused, no match starts, and rooms without a match close. Running
//! matches go on until their results were shown, or until the time is over.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::{
    ids::RoomId,
    protocol::{end::EndCode, messages::ServerMessage},
};

use super::{InRoom, Room, closing, directory::Directory, phase::RoomPhase};
use crate::{
    net::outgoing::{self, PeerAddress},
    schedule::Now,
};

/// Time for which rooms stay in their lobby when the drain begins, so that their members can read why they close.
const LOBBY_TIME: Duration = Duration::from_secs(5);

/// Whether the server drains, and until when.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Drain(Option<Span>);

#[derive(Clone, Copy, Debug)]
struct Span {
    /// Time since the server's start.
    began: Duration,
    /// Time since the server's start; `None` to wait for all matches.
    until: Option<Duration>,
}

impl Drain {
    /// Whether the drain has begun.
    pub const fn has_begun(&self) -> bool {
        self.0.is_some()
    }

    /// Time until matches that still run are ended, at `now` since the server's start; `None` without a limit.
    pub fn left(&self, now: Duration) -> Option<Duration> {
        Some(self.0?.until?.saturating_sub(now))
    }

    /// Whether rooms in their lobby close.
    pub(super) fn closes_lobbies(&self, now: Duration) -> bool {
        self.0.is_some_and(|span| now >= span.began + LOBBY_TIME)
    }

    fn message(&self, now: Duration) -> ServerMessage {
        ServerMessage::Draining { seconds: self.left(now).map(|left| left.as_secs_f64().ceil() as u32) }
    }
}

/// Begins the drain and tells all members. Matches that still run after `limit` may be ended; `None` means no limit.
pub(crate) fn begin(world: &mut World, limit: Option<Duration>) {
    let now = world.resource::<Now>().elapsed;
    let drain = Drain(Some(Span { began: now, until: limit.map(|limit| now + limit) }));
    world.insert_resource(drain);
    world.resource_mut::<Directory>().refuse_newcomers();
    let members: Vec<PeerAddress> = world.query_filtered::<&PeerAddress, With<InRoom>>().iter(world).copied().collect();
    outgoing::send_to_all(world, &members, &drain.message(now));
    let (matches, limit_s) = (rooms_waited_for(world), limit.map(|limit| limit.as_secs_f64()));
    tracing::info!(matches, limit_s, "draining: a second signal ends the server at once");
}

/// Tells a member that was just welcomed how long the server goes on, if it drains.
pub(super) fn tell(world: &mut World, to: PeerAddress) {
    let (drain, now) = (*world.resource::<Drain>(), world.resource::<Now>().elapsed);
    if drain.has_begun() {
        outgoing::send(world, to, &drain.message(now));
    }
}

/// Number of rooms that a drain waits for: their match is open or runs, or its results are shown.
fn rooms_waited_for(world: &mut World) -> usize {
    let mut phases = world.query::<&RoomPhase>();
    phases.iter(world).filter(|phase| !matches!(phase, RoomPhase::Lobby { .. })).count()
}

/// Whether there is nothing to wait for any more: no match and no results, or the time is over.
pub(crate) fn is_over(world: &mut World) -> bool {
    let left = world.resource::<Drain>().left(world.resource::<Now>().elapsed);
    left.is_some_and(|left| left.is_zero()) || rooms_waited_for(world) == 0
}

/// Closes all rooms without a match at the end of the drain. No effect if there was none.
pub(crate) fn close_rooms_without_match(world: &mut World) {
    if !world.resource::<Drain>().has_begun() {
        return;
    }
    let mut rooms = world.query::<(&Room, Entity, &RoomPhase)>();
    let idle = rooms.iter(world).filter(|(.., phase)| !phase.has_match());
    let mut idle: Vec<(RoomId, Entity)> = idle.map(|(room, entity, _)| (room.id, entity)).collect();
    idle.sort();
    for (_, room) in idle {
        closing::close(world, room, EndCode::Draining);
    }
}

/// Why a session finds its room closed.
pub(super) fn why_room_is_gone(world: &World) -> EndCode {
    if world.resource::<Drain>().has_begun() { EndCode::Draining } else { EndCode::RoomGone }
}

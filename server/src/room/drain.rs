//! The drain: newcomers are refused, no match starts, and rooms without a match close. Running matches go on until their
//! results were shown. Before a stop all members are told, and the time may be limited. A server of a fleet that moves out
//! tells nobody and has no limit: its players find another server at once. It can be called back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

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

/// Whether somebody outside of the tick thread wants this server to be empty, because others take its players. Clones are
/// the same wish.
#[derive(Resource, Clone, Debug, Default)]
pub struct MoveOut {
    is_wanted: Arc<AtomicBool>,
    is_wanted_by_fleet: Arc<AtomicBool>,
    is_in_fleet: Arc<AtomicBool>,
}

impl MoveOut {
    /// Wants the server to be empty, or to take players again, as its manager says. It follows in its next tick.
    pub fn want(&self, is_wanted: bool) {
        self.is_wanted.store(is_wanted, Relaxed);
    }

    /// The same, as the registry of the fleet says. The server takes players if neither wants it to be empty.
    pub fn want_by_fleet(&self, is_wanted: bool) {
        self.is_wanted_by_fleet.store(is_wanted, Relaxed);
    }

    /// Says that there are others also when this server stops.
    pub fn join_fleet(&self) {
        self.is_in_fleet.store(true, Relaxed);
    }
}

/// Whether the server drains, and until when.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Drain {
    stop: Option<Span>,
    is_moving_out: bool,
}

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
        self.stop.is_some() || self.is_moving_out
    }

    /// Whether the server stops when it is empty.
    const fn is_before_stop(&self) -> bool {
        self.stop.is_some()
    }

    /// Time until matches that still run are ended, at `now` since the server's start; `None` without a limit.
    pub fn left(&self, now: Duration) -> Option<Duration> {
        Some(self.stop?.until?.saturating_sub(now))
    }

    /// Whether rooms in their lobby close.
    pub(super) fn closes_lobbies(&self, now: Duration) -> bool {
        self.is_moving_out || self.stop.is_some_and(|span| now >= span.began + LOBBY_TIME)
    }

    /// What members are told when their room closes because of the drain.
    pub(super) const fn end_code(&self) -> EndCode {
        if self.is_moving_out { EndCode::Moved } else { EndCode::Draining }
    }

    fn message(&self, now: Duration) -> ServerMessage {
        ServerMessage::Draining { seconds: self.left(now).map(|left| left.as_secs_f64().ceil() as u32) }
    }
}

/// Begins the drain and tells all members. Matches that still run after `limit` may be ended; `None` means no limit.
pub(crate) fn begin(world: &mut World, limit: Option<Duration>) {
    let now = world.resource::<Now>().elapsed;
    let is_in_fleet = world.resource::<MoveOut>().is_in_fleet.load(Relaxed);
    let mut drain = world.resource_mut::<Drain>();
    drain.is_moving_out |= is_in_fleet;
    drain.stop = Some(Span { began: now, until: limit.map(|limit| now + limit) });
    let drain = *drain;
    world.resource_mut::<Directory>().refuse_newcomers();
    let members: Vec<PeerAddress> = world.query_filtered::<&PeerAddress, With<InRoom>>().iter(world).copied().collect();
    outgoing::send_to_all(world, &members, &drain.message(now));
    let (matches, limit_s) = (rooms_waited_for(world), limit.map(|limit| limit.as_secs_f64()));
    tracing::info!(matches, limit_s, "draining: a second signal ends the server at once");
}

/// Begins to move out, or takes players again, as [`MoveOut`] wants. Runs in `TickSet::Control`, before
/// join requests are answered.
pub(crate) fn follow_move_out(wish: Res<MoveOut>, mut drain: ResMut<Drain>, mut directory: ResMut<Directory>) {
    let is_wanted = wish.is_wanted.load(Relaxed) || wish.is_wanted_by_fleet.load(Relaxed);
    if is_wanted == drain.is_moving_out || drain.is_before_stop() {
        return;
    }
    drain.is_moving_out = is_wanted;
    if is_wanted {
        directory.refuse_newcomers();
        tracing::info!("moving out: nobody new is let in, and rooms close when they have no match");
    } else {
        directory.accept_newcomers();
        tracing::info!("called back: newcomers are let in again");
    }
}

/// Tells a member that was just welcomed how long the server goes on, if it drains.
pub(super) fn tell(world: &mut World, to: PeerAddress) {
    let (drain, now) = (*world.resource::<Drain>(), world.resource::<Now>().elapsed);
    if drain.is_before_stop() {
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
    let drain = *world.resource::<Drain>();
    if !drain.has_begun() {
        return;
    }
    let mut rooms = world.query::<(&Room, Entity, &RoomPhase)>();
    let idle = rooms.iter(world).filter(|(.., phase)| !phase.has_match());
    let mut idle: Vec<(RoomId, Entity)> = idle.map(|(room, entity, _)| (room.id, entity)).collect();
    idle.sort();
    for (_, room) in idle {
        closing::close(world, room, drain.end_code());
    }
}

/// Why a session finds its room closed.
pub(super) fn why_room_is_gone(world: &World) -> EndCode {
    let drain = world.resource::<Drain>();
    if drain.has_begun() { drain.end_code() } else { EndCode::RoomGone }
}

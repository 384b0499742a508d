//! What is over takes effect at once and is freed a little later, so that freeing never disturbs play.
//!
//! | what happens | call | level |
//! |---|---|---|
//! | a match is over | [`cleanup_game_session`] with `completed` | session |
//! | its host ends it, or it never began | [`cleanup_game_session`] without | session |
//! | a member leaves, or its grace is over | [`cleanup_user_session`] | user |
//! | a player gives up | [`reset_user_gameplay_state`] | user |
//! | the last member is gone, the host closes the room, nobody does anything in it, a fault | `cleanup_room_fully` | room |
//!
//! Each call does in its tick what others can see: a left seat is free, a closed room is found by nobody. The memory waits in
//! the [`Schedule`] and is freed within a budget (`run.rs`); `sweep.rs` looks for what was forgotten.

mod run;
pub mod schedule;
mod sweep;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{PlayerId, RoomId},
    protocol::end::EndCode,
    replay::Unfinished,
    sim::SimRoom,
};

pub use run::CleanupClock;
pub use schedule::CleanupStats;

use schedule::{Delays, Kind, Level, Schedule, Task};

use crate::{
    config::{CleanupSettings, RoomSettings},
    counters::Counters,
    net::outgoing::PeerAddress,
    ops::spread::Spread,
    replay,
    room::{
        self, InRoom, Members, Player, Room, Spectator, clock::RoomClock, directory, history::FrameHistory,
        inputs::InputBuffer, phase::RoomPhase, seats::Seats, sessions,
    },
    score::{ScoreBuffer, leaderboard::LeaderboardBuffer},
    tick::{Now, TickRate, TickSet},
};

/// Rooms that close in one tick, at most: each tells its members, so the others wait a tick.
const CLOSINGS_PER_TICK_MAX: usize = 32;

/// Frees what is over.
pub struct CleanupPlugin;

impl Plugin for CleanupPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Cleanup>().init_resource::<CleanupClock>().add_systems(
            FixedUpdate,
            (close_finished_rooms, run::run_due_cleanups, sweep::sweep_orphans).chain().in_set(TickSet::Cleanup),
        );
    }
}

/// The schedule of what is to be freed.
#[derive(Resource, Default)]
pub struct Cleanup {
    schedule: Schedule,
    time_spent: Spread,
}

impl Cleanup {
    /// How the cleanup is doing.
    pub fn stats(&self) -> CleanupStats {
        self.schedule.stats()
    }

    /// How many tasks of each kind were done, by the kind's name.
    pub fn done_by_kind(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [Kind::Score, Kind::State, Kind::Leaderboard].into_iter().map(|kind| (kind.name(), self.schedule.done_of(kind)))
    }

    /// Processor time that ticks have spent with freeing, of those in which anything was freed.
    pub const fn time_spent(&self) -> &Spread {
        &self.time_spent
    }
}

/// The entity of somebody or something that is gone; all that it still has is scheduled to be freed.
#[derive(Component, Debug)]
pub struct Leftover;

/// A member has left its room: it is nobody's member from now on, and its buffers are scheduled.
pub fn cleanup_user_session(world: &mut World, room: Entity, member: Entity) {
    let player = world.get::<Player>(member).map(|player| player.id);
    let player = player.or_else(|| world.get::<Spectator>(member).map(|spectator| spectator.id));
    room::desync::conclude_leaving(world, member);
    world.entity_mut(member).remove::<(Player, Spectator, InRoom, PeerAddress)>().insert(Leftover);
    schedule_user(world, room, member, player);
}

/// A player gives the match up: it stays a member, with fresh buffers; the old ones are scheduled.
pub fn reset_user_gameplay_state(world: &mut World, room: Entity, player: Entity) {
    let id = world.get::<Player>(player).map(|player| player.id);
    let mut entity = world.entity_mut(player);
    let old = (entity.take::<ScoreBuffer>().unwrap_or_default(), entity.take::<InputBuffer>().unwrap_or_default());
    entity.insert((ScoreBuffer::of_match(old.0.match_no()), InputBuffer::default()));
    let leftover = world.spawn((old, Leftover)).id();
    schedule_user(world, room, leftover, id);
}

fn schedule_user(world: &mut World, room: Entity, target: Entity, player: Option<PlayerId>) {
    let scores = world.get::<ScoreBuffer>(target).map_or(0, |scores| scores.frames().count() as u32);
    let inputs = world.get::<InputBuffer>(target).map_or(0, InputBuffer::len);
    for (kind, items) in [(Kind::Score, scores), (Kind::State, inputs)] {
        schedule(world, Task { level: Level::User, kind, player, target, items, ..task_of(world, room) });
    }
}

/// A match is over, with a result if it is `completed`: what it has gathered is scheduled, and the room stays.
pub fn cleanup_game_session(world: &mut World, room: Entity, completed: bool) {
    let scores = room::players(world, room).filter_map(|(player, _)| world.get::<ScoreBuffer>(player));
    let scores = scores.map(|scores| scores.frames().count() as u32).sum();
    let frames = world.get::<FrameHistory>(room).map_or(0, FrameHistory::len);
    let lines = world.get::<LeaderboardBuffer>(room).map_or(0, LeaderboardBuffer::len);
    let task = task_of(world, room);
    tracing::debug!(room = %task.room, match_no = task.match_no, completed, "match scheduled for cleanup");
    for (kind, items) in [(Kind::Score, scores), (Kind::State, frames as u32), (Kind::Leaderboard, lines as u32)] {
        schedule(world, Task { level: Level::Session, kind, items, ..task.clone() });
    }
}

/// A new match begins in the room: nothing that is scheduled for the one before may touch it.
pub fn cancel_for_next_match(world: &mut World, room: Entity) {
    let id = task_of(world, room).room;
    world.resource_mut::<Cleanup>().schedule.cancel_matches(id);
}

/// A room is closed: nobody finds it any more, everybody in it is told why, and what it holds is scheduled.
///
/// Only from [`close_finished_rooms`], which bounds how many rooms close in one tick.
fn cleanup_room_fully(world: &mut World, room: Entity, why: EndCode) {
    if directory::forget_room(world, room).is_none() {
        return;
    }
    replay::finish_match(world, room, replay::Ending::Unfinished(Unfinished::RoomClosed));
    for member in Members::entities(world.get::<Members>(room)).to_vec() {
        let of_player = world.get::<Player>(member).and_then(|player| player.presence.session());
        match of_player.or_else(|| world.get::<Spectator>(member).map(|spectator| spectator.session)) {
            Some(session) => sessions::close(world, session, why),
            None => room::members::leave(world, member, why),
        }
    }
    if let Some(mut sim) = world.get_mut::<SimRoom>(room) {
        sim.stepping = false;
    }
    world.entity_mut(room).remove::<RoomPhase>();
    let frames = world.get::<FrameHistory>(room).map_or(0, FrameHistory::len) as u32;
    let lines = world.get::<LeaderboardBuffer>(room).map_or(0, LeaderboardBuffer::len) as u32;
    for (kind, items) in [(Kind::Leaderboard, lines), (Kind::State, frames)] {
        schedule(world, Task { level: Level::Room, kind, items, ..task_of(world, room) });
    }
}

/// A task for the room itself, to be filled in.
fn task_of(world: &World, room: Entity) -> Task {
    let id = world.get::<SimRoom>(room).map_or(RoomId(0), |room| room.id);
    let match_no = world.get::<RoomClock>(room).map_or(0, |clock| clock.match_no);
    Task { level: Level::Room, kind: Kind::State, room: id, match_no, player: None, target: room, items: 0 }
}

fn schedule(world: &mut World, task: Task) {
    let (settings, rate) = (world.resource::<CleanupSettings>(), *world.resource::<TickRate>());
    let delays = Delays {
        due: rate.ticks_in_seconds(settings.cleanup_delay),
        forced: rate.ticks_in_seconds(settings.force_cleanup_delay),
    };
    let now = world.resource::<Now>().tick;
    world.resource_mut::<Cleanup>().schedule.add(task, now, delays);
}

/// Closes rooms whose hosts want it, that nobody is in or expected in, in which something panicked, or in which nothing
/// happens: so many a tick, the oldest first. Runs in `TickSet::Cleanup`.
fn close_finished_rooms(world: &mut World) {
    let idle = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().idle_timeout);
    let tick = world.resource::<Now>().tick;
    let mut closing: Vec<(RoomId, Entity, EndCode)> = Vec::new();
    let mut rooms = world.query::<(Entity, &Room, &SimRoom, &Seats, &RoomPhase)>();
    for (entity, room, sim, seats, phase) in rooms.iter(world) {
        let is_idle = matches!(phase, RoomPhase::Lobby { .. }) && tick >= room.active_at + u64::from(idle);
        let why = if let Some(why) = room.is_to_close {
            why
        } else if sim.is_faulted() {
            EndCode::RoomFaulted
        } else if seats.is_deserted() {
            EndCode::RoomDeserted
        } else if is_idle {
            EndCode::RoomIdle
        } else {
            continue;
        };
        closing.push((room.id, entity, why));
    }
    closing.sort();
    for (_, room, why) in closing.into_iter().take(CLOSINGS_PER_TICK_MAX) {
        let is_faulted = world.get::<SimRoom>(room).is_some_and(SimRoom::is_faulted);
        world.resource_mut::<Counters>().rooms_faulted += u64::from(is_faulted);
        cleanup_room_fully(world, room, why);
    }
}

//! What is over takes effect at once and is freed a little later, so that freeing never disturbs play.
//!
//! | what happens | asked for by | level |
//! |---|---|---|
//! | a match is over | `cleanup_match` with `completed` | session |
//! | its host ends it, or it never began | `cleanup_match` without | session |
//! | a member leaves, or its grace is over; a player gives up | `CleanupRequest::Member` | user |
//! | the last member is gone, the host closes the room, nobody does anything in it, a fault | `CleanupRequest::Room` | room |
//!
//! Rooms do in their tick what others can see: a left seat is free, a closed room is found by nobody. The memory waits in
//! the schedule (`schedule.rs`) and is freed within a budget (`run.rs`); `sweep.rs` looks for what was forgotten.

mod run;
mod schedule;
mod sweep;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{PlayerId, RoomId},
    sim::SimRoom,
};

pub use run::CleanupClock;
pub use schedule::CleanupStats;

use schedule::{Delays, Kind, Level, Schedule, Task};

use crate::{
    config::CleanupSettings,
    histogram::DurationHistogram,
    room::{
        self,
        cleanup_queue::{CleanupQueue, CleanupRequest},
        clock::RoomClock,
        history::FrameHistory,
        inputs::InputBuffer,
        score::{ScoreBuffer, curves::PastCurves, leaderboard::LeaderboardBuffer},
    },
    tick::{Now, TickRate, TickSet},
};

/// Frees what is over.
pub(crate) struct CleanupPlugin;

impl Plugin for CleanupPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Cleanup>().init_resource::<CleanupClock>().add_systems(
            FixedUpdate,
            (schedule_requests, run::run_due_cleanups, sweep::sweep_orphans)
                .chain()
                .in_set(TickSet::Cleanup)
                .after(room::close_finished_rooms),
        );
    }
}

/// The schedule of what is to be freed.
#[derive(Resource, Default)]
pub struct Cleanup {
    schedule: Schedule,
    time_spent: DurationHistogram,
}

impl Cleanup {
    /// How the cleanup is doing.
    pub fn stats(&self) -> CleanupStats {
        self.schedule.stats()
    }

    /// Processor time that ticks have spent with freeing, of those in which anything was freed.
    pub(crate) const fn time_spent(&self) -> &DurationHistogram {
        &self.time_spent
    }
}

/// The entity of somebody or something that is gone; all that it still has is scheduled to be freed.
#[derive(Component, Debug)]
pub struct PendingCleanup;

/// Schedules what rooms have asked for since the last tick.
fn schedule_requests(world: &mut World) {
    for request in world.resource_mut::<CleanupQueue>().take() {
        match request {
            CleanupRequest::Member { room, target, player } => {
                if let Ok(mut leftover) = world.get_entity_mut(target) {
                    leftover.insert(PendingCleanup);
                    schedule_user(world, room, target, player);
                }
            }
            CleanupRequest::NextMatch { room } => cancel_for_next_match(world, room),
            CleanupRequest::Room { room } => schedule_room(world, room),
        }
    }
}

fn schedule_user(world: &mut World, room: Entity, target: Entity, player: Option<PlayerId>) {
    let scores = world.get::<ScoreBuffer>(target).map_or(0, |scores| scores.points().len() as u32);
    let inputs = world.get::<InputBuffer>(target).map_or(0, InputBuffer::len);
    for (kind, items) in [(Kind::Score, scores), (Kind::State, inputs)] {
        schedule(world, Task { level: Level::User, kind, player, target, items, ..task_of(world, room) });
    }
}

/// A match is over, with a result if it is `completed`: what it has gathered is scheduled, and the room stays.
pub(crate) fn cleanup_match(world: &mut World, room: Entity, completed: bool) {
    let scores = room::players(world, room).filter_map(|(player, _)| world.get::<ScoreBuffer>(player));
    let past = world.get::<PastCurves>(room).map_or(0, PastCurves::len);
    let scores = past as u32 + scores.map(|scores| scores.points().len() as u32).sum::<u32>();
    let frames = world.get::<FrameHistory>(room).map_or(0, FrameHistory::len);
    let lines = world.get::<LeaderboardBuffer>(room).map_or(0, LeaderboardBuffer::len);
    let task = task_of(world, room);
    tracing::debug!(room = %task.room, match_no = task.match_no, completed, "match scheduled for cleanup");
    for (kind, items) in [(Kind::Score, scores), (Kind::State, frames as u32), (Kind::Leaderboard, lines as u32)] {
        schedule(world, Task { level: Level::Match, kind, items, ..task.clone() });
    }
}

fn cancel_for_next_match(world: &mut World, room: Entity) {
    let id = task_of(world, room).room;
    world.resource_mut::<Cleanup>().schedule.cancel_matches(id);
}

fn schedule_room(world: &mut World, room: Entity) {
    let frames = world.get::<FrameHistory>(room).map_or(0, FrameHistory::len) as u32;
    let lines = world.get::<LeaderboardBuffer>(room).map_or(0, LeaderboardBuffer::len) as u32;
    for (kind, items) in [(Kind::Leaderboard, lines), (Kind::State, frames)] {
        schedule(world, Task { level: Level::Room, kind, items, ..task_of(world, room) });
    }
}

/// A task for the room itself, to be filled in.
fn task_of(world: &World, room: Entity) -> Task {
    let id = world.get::<SimRoom>(room).map_or(RoomId(0), |room| room.id);
    let match_no = world.get::<RoomClock>(room).map_or(0, RoomClock::match_no);
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

//! Cleanup: data of left players, finished matches and closed rooms is freed a little later, within a budget per tick.
//!
//! | event | requested by | level |
//! |---|---|---|
//! | a match ends with a result | `cleanup_match` with `completed` | match |
//! | the host ends a match, or it never began | `cleanup_match` without `completed` | match |
//! | a member leaves, its grace period ends, or a player gives up | `CleanupRequest::Member` | user |
//! | a room is deserted, idle, faulted, or closed by its host | `CleanupRequest::Room` | room |
//!
//! Visible effects happen in the same tick, in the room: a left seat is free, a closed room cannot be found. The memory
//! waits in the schedule (`schedule.rs`) and is freed within a budget (`run.rs`). `sweep.rs` searches for orphaned
//! data.

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
        who::{Who, log_line},
    },
    schedule::{Now, TickRate, TickSet},
};

/// Schedules and runs cleanups.
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

/// The cleanup's schedule and statistics.
#[derive(Resource, Default)]
pub struct Cleanup {
    schedule: Schedule,
    time_spent: DurationHistogram,
}

impl Cleanup {
    /// Statistics of the cleanup, for the status page.
    pub fn stats(&self) -> CleanupStats {
        self.schedule.stats()
    }

    /// Completed tasks by owner and kind of data, such as `match_state`.
    pub fn done_by_kind(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.schedule.done_by_kind()
    }

    /// Histogram of the CPU time that ticks spent on freeing; ticks that freed nothing are not counted.
    pub(crate) const fn time_spent(&self) -> &DurationHistogram {
        &self.time_spent
    }
}

/// Marks an entity that is not a member or room any more; its remaining data is scheduled to be freed.
#[derive(Component, Debug)]
#[component(storage = "SparseSet")]
pub struct PendingCleanup;

/// Schedules the requests that rooms have made since the last tick.
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

/// Schedules the data of a finished match. `completed` says whether it has a result. The room stays.
pub(crate) fn cleanup_match(world: &mut World, room: Entity, completed: bool) {
    let scores = room::players(world, room).filter_map(|(player, _)| world.get::<ScoreBuffer>(player));
    let past = world.get::<PastCurves>(room).map_or(0, PastCurves::len);
    let scores = past as u32 + scores.map(|scores| scores.points().len() as u32).sum::<u32>();
    let frames = world.get::<FrameHistory>(room).map_or(0, FrameHistory::len);
    let lines = world.get::<LeaderboardBuffer>(room).map_or(0, LeaderboardBuffer::len);
    let task = task_of(world, room);
    log_line!(DEBUG, Who::of_match(world, room), match_no = task.match_no, completed, "match scheduled for cleanup");
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

/// A task for the room itself. Callers change the fields that differ.
fn task_of(world: &World, room: Entity) -> Task {
    let id = world.get::<SimRoom>(room).map_or(RoomId(0), |room| room.id);
    let match_no = world.get::<RoomClock>(room).map_or(0, RoomClock::match_no);
    Task { level: Level::Room, kind: Kind::State, room: id, match_no, player: None, target: room, items: 0 }
}

fn schedule(world: &mut World, task: Task) {
    let (settings, rate) = (world.resource::<CleanupSettings>(), *world.resource::<TickRate>());
    let delays = Delays {
        due: rate.ticks_in_seconds(settings.cleanup_delay_s),
        forced: rate.ticks_in_seconds(settings.force_cleanup_delay_s),
    };
    let now = world.resource::<Now>().tick;
    world.resource_mut::<Cleanup>().schedule.add(task, now, delays);
}

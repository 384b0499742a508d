//! Runs due cleanup tasks within a budget.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::{guarded::guarded, input::Frame, room_state::RoomStates};

use super::{
    Cleanup, PendingCleanup,
    schedule::{Entry, Kind, Level, Task},
};
use crate::{
    config::CleanupSettings,
    room::{
        Room,
        clock::RoomClock,
        compared::ComparedHashes,
        current_match::CurrentMatch,
        history::FrameHistory,
        inputs::{InputBuffer, Participants},
        phase::RoomPhase,
        players,
        score::{ScoreBuffer, curves::PastCurves, leaderboard::LeaderboardBuffer},
    },
    schedule::Now,
};

/// Maximum number of tasks in one tick, whatever the clock says.
const TASKS_PER_TICK_MAX: usize = 256;
/// Maximum number of forced tasks in one tick after its budget is spent.
const FORCED_PER_TICK_MAX: usize = 16;

/// The clock for the budget: CPU time of the tick thread. With the default clock only the task counts are limited.
#[derive(Resource, Clone, Copy)]
pub struct CleanupClock(pub fn() -> Duration);

impl Default for CleanupClock {
    fn default() -> Self {
        Self(|| Duration::ZERO)
    }
}

/// Runs due tasks until the budget is spent, then a few tasks that are past their forced deadline. Runs in
/// `TickSet::Cleanup`.
pub fn run_due_cleanups(world: &mut World) {
    let now = world.resource::<Now>().tick;
    let budget = Duration::from_micros(u64::from(world.resource::<CleanupSettings>().budget_us));
    let clock = world.resource::<CleanupClock>().0;
    let (start, mut spent, mut forced_left) = (clock(), Duration::ZERO, FORCED_PER_TICK_MAX);
    for _ in 0..TASKS_PER_TICK_MAX {
        let is_over = spent >= budget;
        let schedule = &mut world.resource_mut::<Cleanup>().schedule;
        let entry = if is_over && forced_left > 0 {
            forced_left -= 1;
            schedule.next_forced(now)
        } else if is_over {
            None
        } else {
            schedule.next_due(now)
        };
        let Some(entry) = entry else { break };
        let before = spent;
        run(world, entry, now, || {
            spent = clock().saturating_sub(start);
            spent.saturating_sub(before)
        });
    }
    if spent > Duration::ZERO {
        world.resource_mut::<Cleanup>().time_spent.note(spent);
    }
}

/// Runs one task. A panic stays in it; a later sweep tries the task again.
fn run(world: &mut World, entry: Entry, now: u64, took: impl FnOnce() -> Duration) {
    let freed = guarded(|| free(world, &entry.task));
    let took = took();
    let Task { level, kind, room, match_no, items, .. } = entry.task;
    let (level, kind) = (level.name(), kind.name());
    let schedule = &mut world.resource_mut::<Cleanup>().schedule;
    if let Ok(bytes) = freed {
        schedule.note_done(&entry, now);
        let took_us = took.as_micros() as u64;
        tracing::debug!(%room, match_no, of = level, kind, items, bytes, took_us, "cleanup done");
    } else {
        schedule.note_failed(entry);
        tracing::warn!(%room, match_no, of = level, kind, items, "a cleanup panicked and will be tried again");
    }
}

/// Frees the data of a task and returns its approximate size in bytes. Everything is moved out of the world before it
/// is dropped, so that a panic in a game's `Drop` leaves the world intact.
fn free(world: &mut World, task: &Task) -> usize {
    match (task.level, task.kind) {
        (Level::User, Kind::Score) => free_score_buffer(world, task.target),
        (Level::User, Kind::State) => free_user(world, task.target),
        (Level::User, Kind::Leaderboard) => 0,
        (Level::Match, _) if !is_match_over(world, task) => 0,
        (Level::Match, Kind::Score) => free_scores(world, task),
        (Level::Match, Kind::State) => free_match(world, task.target),
        (Level::Match | Level::Room, Kind::Leaderboard) => free_leaderboard(world, task.target),
        (Level::Room, Kind::Score) => 0,
        (Level::Room, Kind::State) => free_room(world, task.target),
    }
}

/// Whether the task's match is still the room's newest one, and over. The schedule cancels tasks of older matches; this
/// is a second check.
fn is_match_over(world: &World, task: &Task) -> bool {
    let is_same = world.get::<RoomClock>(task.target).is_some_and(|clock| clock.match_no() == task.match_no);
    is_same && !world.get::<RoomPhase>(task.target).is_some_and(RoomPhase::has_match)
}

fn free_score_buffer(world: &mut World, owner: Entity) -> usize {
    let Ok(mut owner) = world.get_entity_mut(owner) else { return 0 };
    owner.take::<ScoreBuffer>().map_or(0, |buffer| buffer.bytes())
}

fn free_user(world: &mut World, leftover: Entity) -> usize {
    let Ok(mut entity) = world.get_entity_mut(leftover) else { return 0 };
    let bytes = entity.take::<InputBuffer>().map_or(0, |buffer| buffer.bytes());
    if entity.contains::<PendingCleanup>() {
        entity.despawn();
    }
    bytes
}

fn free_scores(world: &mut World, task: &Task) -> usize {
    let of_room: Vec<Entity> = players(world, task.target).map(|(player, _)| player).collect();
    let of_match =
        |scores: &mut ScoreBuffer| if scores.match_no() == task.match_no { scores.take().bytes() } else { 0 };
    let present: usize =
        of_room.into_iter().filter_map(|player| Some(of_match(&mut *world.get_mut::<ScoreBuffer>(player)?))).sum();
    let past = world.get_mut::<PastCurves>(task.target).map(|mut past| std::mem::take(&mut *past));
    present + past.map_or(0, |past| past.bytes())
}

fn free_match(world: &mut World, room: Entity) -> usize {
    let Some(mut history) = world.get_mut::<FrameHistory>(room) else { return 0 };
    let old = std::mem::take(&mut *history);
    let bytes = old.bytes();
    drop(old);
    world.entity_mut(room).remove::<(Frame, ComparedHashes, CurrentMatch)>().insert(Participants::default());
    world.resource_scope(|world, states: Mut<RoomStates>| states.release(&mut world.entity_mut(room)));
    bytes
}

fn free_leaderboard(world: &mut World, room: Entity) -> usize {
    let Ok(mut room) = world.get_entity_mut(room) else { return 0 };
    room.take::<LeaderboardBuffer>().map_or(0, |buffer| buffer.bytes())
}

fn free_room(world: &mut World, room: Entity) -> usize {
    let is_closed = world.get_entity(room).is_ok_and(|room| !room.contains::<Room>());
    if !is_closed {
        return 0;
    }
    let bytes = free_match(world, room);
    world.despawn(room);
    bytes
}

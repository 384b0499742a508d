//! Periodic search for orphaned data. Every orphan comes from a bug elsewhere; orphans are counted for the status page.

use bevy::prelude::*;
use framehouse_shared::{protocol::end::EndCode, sim::SimRoom};

use super::{Cleanup, PendingCleanup, schedule, schedule_user, task_of};
use crate::{
    config::CleanupSettings,
    net::session::{Session, SessionState},
    room::{
        Player, Room, Spectator,
        inputs::{InputBuffer, SyncState},
        members,
        presence::ResumeIndex,
        reservations::{Reservations, Seat},
        score::ScoreBuffer,
        sessions,
    },
    schedule::{Now, TickRate},
};

/// Seconds after a token's expiry until it is certainly unusable.
const TOKEN_LEEWAY_SECONDS: f64 = 1.0;

/// Finds and frees orphans, and schedules failed cleanups again. Runs in `TickSet::Cleanup`.
pub fn sweep_orphans(world: &mut World) {
    let interval = world.resource::<TickRate>().ticks_in_seconds(world.resource::<CleanupSettings>().sweep_interval_s);
    let now = world.resource::<Now>().tick;
    if !now.is_multiple_of(u64::from(interval)) {
        return;
    }
    let given_up = world.resource_mut::<Cleanup>().schedule.retry_failed(now);
    if given_up > 0 {
        tracing::error!(given_up, "cleanups failed repeatedly: their memory stays in use until the next start");
    }
    let found = [
        ("buffers without a player", sweep_buffers(world)),
        ("seats without a session", sweep_seats(world)),
        ("closed rooms without a cleanup", sweep_rooms(world)),
        ("tokens past use", sweep_tokens(world, now)),
        ("secrets without a player", sweep_secrets(world)),
    ];
    for (what, count) in found.into_iter().filter(|(_, count)| *count > 0) {
        tracing::warn!(what, count, "the sweep found orphaned data");
        world.resource_mut::<Cleanup>().schedule.note_orphans(count as u64);
    }
}

type AnyBuffer = Or<(With<ScoreBuffer>, With<InputBuffer>, With<SyncState>, With<PendingCleanup>)>;
type Owned = Or<(With<Player>, With<Spectator>)>;

fn sweep_buffers(world: &mut World) -> usize {
    let mut owned = world.resource::<Cleanup>().schedule.targets();
    owned.extend(world.query_filtered::<Entity, Owned>().iter(world));
    let mut orphans: Vec<Entity> = world.query_filtered::<Entity, AnyBuffer>().iter(world).collect();
    orphans.retain(|entity| !owned.contains(entity));
    orphans.sort();
    for orphan in &orphans {
        world.entity_mut(*orphan).insert(PendingCleanup);
        schedule_user(world, *orphan, *orphan, None);
    }
    orphans.len()
}

fn sweep_seats(world: &mut World) -> usize {
    let mut rooms: Vec<(Entity, Reservations)> = world
        .query_filtered::<(Entity, &Reservations), With<Room>>()
        .iter(world)
        .map(|(e, s)| (e, s.clone()))
        .collect();
    rooms.sort_by_key(|(room, _)| *room);
    let mut found = 0;
    for (room, seats) in rooms {
        for seat in seats.iter() {
            if !is_orphan(world, seat) {
                continue;
            }
            found += 1;
            match seat {
                Seat::Taken(player) if world.get::<Player>(player).is_some() => {
                    members::leave(world, player, EndCode::ConnectionLost);
                }
                Seat::Taken(player) => {
                    if let Some(mut seats) = world.get_mut::<Reservations>(room) {
                        seats.release(player);
                    }
                }
                Seat::Reserved(session) => {
                    if let Some(mut seats) = world.get_mut::<Reservations>(room) {
                        seats.cancel(session);
                    }
                }
                Seat::Free => {}
            }
        }
    }
    found
}

fn is_orphan(world: &World, seat: Seat) -> bool {
    match seat {
        Seat::Free => false,
        Seat::Reserved(session) => world.get::<Session>(session).is_none(),
        Seat::Taken(player) => world
            .get::<Player>(player)
            .is_none_or(|player| player.presence().session().is_some_and(|s| world.get::<Session>(s).is_none())),
    }
}

fn sweep_rooms(world: &mut World) -> usize {
    let known = world.resource::<Cleanup>().schedule.targets();
    let mut forgotten: Vec<Entity> =
        world.query_filtered::<Entity, (With<SimRoom>, Without<Room>)>().iter(world).collect();
    forgotten.retain(|room| !known.contains(room));
    forgotten.sort();
    for room in &forgotten {
        let task = task_of(world, *room);
        schedule(world, task);
    }
    forgotten.len()
}

fn sweep_tokens(world: &mut World, now: u64) -> usize {
    let leeway = u64::from(world.resource::<TickRate>().ticks_in_seconds(TOKEN_LEEWAY_SECONDS));
    let is_past = |session: &Session| {
        matches!(session.state, SessionState::Reserved { until } | SessionState::Greeting { until }
            if now > until + leeway)
    };
    let past: Vec<Entity> =
        world.query::<(Entity, &Session)>().iter(world).filter(|(_, s)| is_past(s)).map(|(e, _)| e).collect();
    for session in &past {
        sessions::close(world, *session, EndCode::TookTooLong);
    }
    past.len()
}

fn sweep_secrets(world: &mut World) -> usize {
    world.resource_scope(|world, mut resume_index: Mut<ResumeIndex>| {
        resume_index.forget_where(|player| world.get::<Player>(player).is_none())
    })
}

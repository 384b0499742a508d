//! Cleanup: the memory of finished matches, players and rooms is freed in time, within its budget, and despite panics.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use bevy::prelude::*;
use framehouse_harness::{check, world::World};
use framehouse_server::{
    cleanup::{Cleanup, CleanupClock, CleanupStats, PendingCleanup},
    config::{CleanupSettings, RoomSettings},
    net::session::Session,
    room::{Player, directory::JoinTarget, history::FrameHistory, score::ScoreBuffer},
};
use framehouse_shared::{
    game::Game,
    protocol::{end::EndCode, messages::HostCommand},
    room_state::{AddRoomState, RoomState},
    sim::{MatchSetup, SimTickCount},
};
use framehouse_tiny::{MatchSeconds, TinyPlugin};
use serde::{Deserialize, Serialize};

use crate::TINY_MATCH_TICKS;

fn stats(world: &World) -> CleanupStats {
    world.server.world().resource::<Cleanup>().stats()
}

fn short_matches(seed: u64, rooms: RoomSettings) -> World {
    let mut world = World::with_rooms(TinyPlugin, seed, rooms).with_thin_clients();
    world.server.world_mut().insert_resource(MatchSeconds(3.0));
    world.with_players(2)
}

#[test]
fn a_match_that_is_over_is_freed_after_five_seconds_and_its_room_stays() {
    let rooms = RoomSettings { countdown_s: 0.5, results_s: 60.0, ..default() };
    let mut world = short_matches(80, rooms);
    let over = |world: &World| world.clients[0].client.results().is_some();
    assert!(world.step_until(300, over));
    let room = world.rooms()[0].1;
    let held = |world: &World| {
        let room = world.server.world().entity(room);
        (room.get::<FrameHistory>().map_or(0, FrameHistory::len), room.contains::<SimTickCount>())
    };
    let scheduled = stats(&world);
    assert_eq!((scheduled.rooms_with_pending_cleanup, scheduled.done), (1, 0));
    // 90 frames, two players with a score frame every sixth tick, and two lines.
    assert_eq!(scheduled.pending_packets, 90 + 2 * 15 + 2);
    world.step_ticks(140);
    assert_eq!(held(&world), (90, true), "not yet");
    world.step_ticks(20);
    assert_eq!(held(&world), (0, false));
    let freed = stats(&world);
    assert_eq!((freed.done, freed.active_cleanup_tasks, freed.pending_packets, freed.failed), (3, 0, 0, 0));
    let ecs = world.server.world_mut();
    assert!(ecs.query::<&ScoreBuffer>().iter(ecs).all(|scores| scores.points().is_empty()));
    assert_eq!(world.rooms().len(), 1);
}

#[test]
fn a_rematch_is_never_touched_by_the_cleanup_of_the_match_before() {
    let rooms = RoomSettings { countdown_s: 0.5, results_s: 0.1, ..default() };
    let mut world = short_matches(81, rooms);
    // The room is full, so matches follow each other, each before the cleanup of the previous one is due.
    world.step_ticks(150 * 8);
    let stats = stats(&world);
    assert!(stats.cancelled >= 3 * 6, "{stats:?}");
    assert_eq!((stats.failed, stats.orphans), (0, 0));
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
    check::no_room_faulted(&world.server);
}

#[test]
fn who_leaves_or_gives_up_leaves_buffers_that_are_freed_after_five_seconds() {
    let mut world = World::new(TinyPlugin, 82).with_players(4);
    world.step_to_playing();
    world.step_ticks(60);
    world.clients[1].client.give_up();
    world.clients[2].client.leave();
    world.step_ticks(5);
    let leftovers = |world: &mut World| {
        let ecs = world.server.world_mut();
        ecs.query::<&PendingCleanup>().iter(ecs).count()
    };
    assert_eq!((leftovers(&mut world), stats(&world).active_cleanup_tasks), (2, 3), "a room and two players");
    world.step_ticks(150);
    assert_eq!((leftovers(&mut world), stats(&world).active_cleanup_tasks, stats(&world).done), (0, 0, 4));
}

#[test]
fn a_closed_room_is_found_by_nobody_at_once_and_freed_later() {
    let mut world = World::new(TinyPlugin, 83).with_players(1);
    world.step_to_playing();
    let code = world.clients[0].room;
    world.clients[0].client.order(HostCommand::Close);
    world.step_ticks(3);
    assert!(world.join(JoinTarget::Code(code)).is_err());
    assert_eq!((world.rooms().len(), stats(&world).rooms_with_pending_cleanup), (0, 1));
    world.step_ticks(160);
    check::nothing_is_left(&mut world.server);
}

#[test]
fn a_room_in_which_nothing_happens_is_closed() {
    let rooms = RoomSettings { idle_timeout_s: 10.0, ..default() };
    let mut world = World::with_rooms(TinyPlugin, 84, rooms);
    world.join(JoinTarget::Create { size: 2, private: false, practice: false, economy: None }).expect("a room");
    world.step_ticks(280);
    world.clients[0].client.chat("still here");
    world.step_ticks(280);
    assert_eq!(world.clients[0].client.end(), None);
    world.step_ticks(40);
    assert_eq!(world.told(0), Some(EndCode::RoomIdle));
}

/// A processor-time clock for the cleanup: every task takes 150 us.
static SLOW_CLOCK_US: AtomicU64 = AtomicU64::new(0);

#[test]
fn a_tick_spends_no_more_than_its_budget_until_the_deadline_forces_it() {
    let mut world = World::new(TinyPlugin, 85).with_thin_clients();
    let settings = CleanupSettings { cleanup_delay_s: 1.0, force_cleanup_delay_s: 2.0, ..default() };
    world.server.world_mut().insert_resource(settings);
    let clock = || Duration::from_micros(SLOW_CLOCK_US.fetch_add(150, Ordering::Relaxed));
    world.server.world_mut().insert_resource(CleanupClock(clock));
    for _ in 0..60 {
        world = world.with_players_in_another_room(2);
    }
    world.server.say_goodbye();
    // 60 rooms with two tasks each, their matches with three, 120 players with two. Two tasks use up the budget of a tick.
    world.step_ticks(35);
    let early = stats(&world);
    assert!((4..=16).contains(&early.done) && early.forced == 0, "{early:?}");
    world.step_ticks(24);
    let before = stats(&world);
    assert!(before.done <= 2 * 31 && before.forced == 0, "{before:?}");
    world.step_ticks(60);
    let after = stats(&world);
    assert_eq!((after.done, after.active_cleanup_tasks), (540, 0), "{after:?}");
    assert!(after.forced > 200, "{after:?}");
}

/// Whether dropping a [`Sticky`] panics.
static IS_STICKY: AtomicBool = AtomicBool::new(false);

/// Part of a game's state whose own `drop` fails.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize, RoomState)]
struct Sticky;

impl Drop for Sticky {
    fn drop(&mut self) {
        assert!(!IS_STICKY.load(Ordering::Relaxed), "a test wants this cleanup to fail");
    }
}

#[derive(Clone)]
struct StickyPlugin;

impl Game for StickyPlugin {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
        app.add_room_state::<Sticky>("sticky");
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
        room.insert(Sticky);
    }
}

#[test]
fn a_cleanup_that_fails_stays_alone_and_is_tried_again() {
    let rooms = RoomSettings { countdown_s: 0.5, results_s: 60.0, ..default() };
    let mut world = World::with_rooms(StickyPlugin, 86, rooms).with_thin_clients();
    let settings = CleanupSettings { sweep_interval_s: 10.0, ..default() };
    world.server.world_mut().insert_resource(settings);
    world.server.world_mut().insert_resource(MatchSeconds(3.0));
    world = world.with_players(2);
    assert!(world.step_until(300, |world| world.clients[0].client.results().is_some()));
    world.clients.iter_mut().for_each(|client| client.client.leave());
    IS_STICKY.store(true, Ordering::Relaxed);
    world.step_ticks(160);
    IS_STICKY.store(false, Ordering::Relaxed);
    let failed = stats(&world);
    assert!(failed.failed >= 1 && failed.abandoned == 0, "{failed:?}");
    world.step_ticks(310);
    check::nothing_is_left(&mut world.server);
    assert_eq!(stats(&world).failed, failed.failed, "the second time it worked");
}

#[test]
fn the_sweep_finds_what_nobody_owns_and_counts_it() {
    let mut world = World::new(TinyPlugin, 87).with_players(4);
    let settings =
        CleanupSettings { sweep_interval_s: 1.0, cleanup_delay_s: 0.5, force_cleanup_delay_s: 3.0, ..default() };
    world.server.world_mut().insert_resource(settings);
    world.step_to_playing();
    let ecs = world.server.world_mut();
    // Buffers without an owner, and a player whose session vanished.
    ecs.spawn(ScoreBuffer::default());
    let player = ecs.query::<(&Player, &ScoreBuffer)>().iter(ecs).next().expect("four players").0;
    let session = player.presence().session().expect("it is connected");
    ecs.query::<&Session>().get(ecs, session).expect("it is there");
    framehouse_server::room::sessions::forget(ecs, session);
    world.step_unchecked(35);
    let found = stats(&world);
    assert_eq!(found.orphans, 2, "{found:?}");
    world.step_ticks(60);
    let ecs = world.server.world_mut();
    assert_eq!(ecs.query::<&Player>().iter(ecs).count(), 3);
    assert_eq!(ecs.query::<&PendingCleanup>().iter(ecs).count(), 0);
    world.step_ticks(TINY_MATCH_TICKS);
    check::no_room_faulted(&world.server);
}

/// Closing a room sends a message to every member, so many closings are spread over ticks. Meanwhile nobody can join.
#[test]
fn rooms_that_all_close_at_once_close_some_a_tick() {
    const ROOMS: usize = 100;
    let mut world = World::new(TinyPlugin, 90).with_thin_clients();
    for _ in 0..ROOMS {
        world
            .join(JoinTarget::Create { size: 2, private: false, practice: false, economy: None })
            .expect("an empty server has room");
    }
    world.step_ticks(30);
    let code = world.clients[ROOMS - 1].room;
    world.clients.iter_mut().for_each(|client| client.client.order(HostCommand::Close));
    let mut open = vec![world.rooms().len()];
    while open.last() != Some(&0) {
        world.step_ticks(1);
        open.push(world.rooms().len());
        if open.last() == Some(&(ROOMS - 32)) {
            assert!(world.join(JoinTarget::Code(code)).is_err(), "the last room is about to close");
        }
        assert!(open.len() < 20, "{open:?}");
    }
    let closed: Vec<usize> = open.windows(2).map(|pair| pair[0] - pair[1]).filter(|closed| *closed > 0).collect();
    assert_eq!(closed, [32, 32, 32, 4]);
    world.step_ticks(30);
    assert!((0..ROOMS).all(|client| world.told(client) == Some(EndCode::RoomClosed)));
    world.step_ticks(200);
    check::nothing_is_left(&mut world.server);
}

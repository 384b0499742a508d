//! What is kept: dates by a clock that is set, results that name replays, and what a replay proves.

use std::{fs, path::PathBuf, time::Duration};

use framehouse_harness::{live::wait_until, world::World};
use framehouse_server::{
    config::ReplaySettings,
    counters::Counters,
    replay::{Replays, writer::ReplayWriter},
    results::{FILE_NAME, MatchResult, ResultStore},
    room::current_match::CurrentMatch,
    schedule::Now,
};
use framehouse_shared::{protocol::messages::Phase, replay::ServerKey};
use framehouse_tiny::TinyPlugin;
use framehouse_tools::replays::Folder;

const DAY: Duration = Duration::from_secs(86_400);

/// Sets the clock of the server's machine.
fn set_clock(world: &mut World, set: impl Fn(Duration) -> Duration) {
    let now = *world.server.world().resource::<Now>();
    world.server.note_wall_clock(set(now.unix()), now.elapsed);
}

#[test]
fn a_clock_that_is_set_moves_dates_and_nothing_else() {
    let mut world = World::new(TinyPlugin, 31).with_link("delay=30").with_players(2);
    world.step_to_playing();
    let date = |world: &mut World| {
        let room = world.rooms()[0].1;
        world.server.world().get::<CurrentMatch>(room).expect("a match").started_unix()
    };
    let before = date(&mut world);
    for set in [|unix: Duration| unix + 40 * DAY, |unix: Duration| unix - 80 * DAY] {
        set_clock(&mut world, set);
        world.step_ticks(90);
        assert!(world.clients.iter().all(|client| matches!(client.client.phase(), Some(Phase::Playing { .. }))));
    }
    assert_eq!(date(&mut world), before, "the match began when it began");
    let mut world = world.with_players_in_another_room(2);
    world.step_to_playing();
    let room = world.rooms()[1].1;
    let after = world.server.world().get::<CurrentMatch>(room).expect("a match").started_unix();
    let expected = before.saturating_sub((40 * DAY).as_secs());
    assert!((expected..expected + 60).contains(&after), "{after} is not soon after {expected}");
}

#[test]
fn a_clock_that_is_read_a_moment_late_is_not_set() {
    let mut world = World::new(TinyPlugin, 32);
    world.step_ticks(30);
    let before = world.server.world().resource::<Now>().unix_base;
    set_clock(&mut world, |unix| unix + Duration::from_millis(900));
    set_clock(&mut world, |unix| unix - Duration::from_millis(900));
    assert_eq!(world.server.world().resource::<Now>().unix_base, before);
    set_clock(&mut world, |_| Duration::ZERO);
    assert_eq!(world.server.world().resource::<Now>().unix_base, Duration::ZERO, "a clock in 1970 is one too");
}

/// A world that keeps results and replays in this folder, at the end of a match.
fn after_a_match(folder: &Folder, seed: u64, during: impl FnOnce(&mut World)) -> (World, ReplayWriter) {
    let mut world = World::new(TinyPlugin, seed);
    let key = ServerKey::from_secret([7; 32]);
    let settings = ReplaySettings::default();
    let writer = ReplayWriter::start(folder.path().join("replays"), &settings, key).expect("a folder of ours");
    world.server.record_replays(writer.queue());
    world.server.keep_results(ResultStore::open(folder.path()).expect("a folder of ours"));
    let mut world = world.with_players(2);
    world.step_to_playing();
    during(&mut world);
    let is_over = |world: &World| world.server.world().resource::<Counters>().matches_finished == 1;
    assert!(world.step_until(3000, is_over));
    (world, writer)
}

/// Steps the world until there is a result, and returns it.
fn result(world: &mut World, folder: &Folder) -> MatchResult {
    let read = || fs::read_to_string(folder.path().join(FILE_NAME)).ok()?.split_once('\n').map(|it| it.0.to_owned());
    wait_until("the result is written", || {
        world.step_ticks(1);
        read().is_some()
    });
    serde_json::from_str(&read().expect("it was there just now")).expect("a result")
}

#[test]
fn a_result_names_a_replay_that_is_on_the_disk() {
    let folder = Folder::new("named");
    let (mut world, writer) = after_a_match(&folder, 33, |_| {});
    wait_until("the replay is written", || world.server.world().resource::<Replays>().stats().written == 1);
    let result = result(&mut world, &folder);
    let name = result.replay.expect("it is written");
    assert!(folder.path().join("replays").join(name).is_file());
    assert_eq!(result.replay_unwritten, None);
    drop(world);
    assert!(writer.close(Duration::from_secs(60)));
}

#[test]
fn a_result_says_of_a_lost_replay_that_it_may_be_missing() {
    let folder = Folder::new("unnamed");
    let replays: PathBuf = folder.path().join("replays");
    // Without the folder nothing can be written.
    let (mut world, writer) = after_a_match(&folder, 34, |_| fs::remove_dir_all(&replays).expect("a folder of ours"));
    let result = result(&mut world, &folder);
    assert_eq!(result.replay, None);
    let name = result.replay_unwritten.expect("it was recorded");
    assert!(!replays.join(name).exists());
    let stats = world.server.world().resource::<Replays>().stats();
    assert!(stats.failing && stats.written == 0, "{stats:?}");
    drop(world);
    assert!(writer.close(Duration::from_secs(60)));
}

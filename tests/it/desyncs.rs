//! Desyncs: a client's state is corrupted on purpose. The server finds, names, corrects and reports it, and no other player
//! notices.

mod claims;
mod over_udp;

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use bevy::prelude::*;
use framehouse_arena::{ArenaPlugin, bodies::Bodies};
use framehouse_client::client::Notice;
use framehouse_harness::{check, world::World};
use framehouse_server::{
    config::{ReplaySettings, RoomSettings},
    counters::Counters,
    replay::{Replays, writer::ReplayWriter},
};
use framehouse_shared::{
    game::{Game, GameHandle},
    ids::Slot,
    protocol::end::EndCode,
    replay::ServerKey,
    sim::SimTickCount,
    state_hash::is_compared,
    tick::Tick,
};
use framehouse_tiny::{Presses, TinyPlugin};
use framehouse_tools::replays::{Folder, files_in};
use serde_json::{Value, json};

/// The client whose state is corrupted.
const VICTIM: usize = 2;

/// A match of four players over 100 ms, recorded into this folder.
fn playing(game: impl Game + Clone, folder: &Folder) -> (World, ReplayWriter) {
    playing_in_mode(false, game, folder)
}

/// A match like [`playing`], in economy mode or not.
fn playing_in_mode(economy: bool, game: impl Game + Clone, folder: &Folder) -> (World, ReplayWriter) {
    let rooms = RoomSettings { results_s: 1.0, countdown_s: 1.0, economy, ..Default::default() };
    let mut world = World::with_rooms(game, 11, rooms).with_link("delay=50");
    let writer =
        ReplayWriter::start(folder.path().to_owned(), &ReplaySettings::default(), ServerKey::from_secret([7; 32]))
            .expect("a folder");
    world.server.record_replays(writer.queue());
    let mut world = world.with_players(4);
    world.step_to_playing();
    world.step_ticks(60);
    (world, writer)
}

/// Runs a tick, and waits until the replay thread has done what the tick gave it: it does not live in virtual time.
fn step(world: &mut World) {
    world.step_ticks(1);
    let end = Instant::now() + Duration::from_secs(60);
    while world.server.world().resource::<Replays>().0.as_ref().is_some_and(|queue| queue.stats().waiting > 0) {
        assert!(Instant::now() < end, "the replay thread does not end");
        thread::yield_now();
    }
}

fn close(world: World, writer: ReplayWriter) {
    drop(world);
    assert!(writer.close(Duration::from_secs(60)), "everything is written");
}

fn next_confirmed(world: &World) -> Tick {
    world.clients[VICTIM].client.prediction().expect("not thin").next_confirmed()
}

/// The last confirmed tick after which states are compared.
fn last_compared(world: &World) -> Tick {
    (0..next_confirmed(world).0).rev().map(Tick).find(|tick| is_compared(*tick)).expect("one in fifteen")
}

/// The first tick from now on with this remainder modulo 30, at least some ticks ahead.
fn tick_ahead(world: &World, place: u32) -> Tick {
    (next_confirmed(world).0 + 10..).map(Tick).find(|tick| tick.0 % 30 == place).expect("one in thirty")
}

fn slot_of(world: &World, client: usize) -> Slot {
    world.clients[client].client.slot().expect("a player")
}

/// The only report in the folder, and its file's name.
fn only_report(folder: &Path) -> (String, Value) {
    let reports = reports(folder);
    assert_eq!(reports.len(), 1, "{reports:?}");
    reports.into_iter().next().expect("one")
}

fn reports(folder: &Path) -> Vec<(String, Value)> {
    let files = files_in(folder).into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "json"));
    let read = |file: std::path::PathBuf| {
        let name = file.file_name().expect("a file").to_string_lossy().into_owned();
        (name, serde_json::from_slice(&fs::read(&file).expect("readable")).expect("JSON"))
    };
    files.map(read).collect()
}

/// The times of the victim's events, in virtual time.
#[derive(Debug, Default)]
struct Course {
    corrupted: Option<Duration>,
    noticed: Option<Duration>,
    named: Option<(Duration, Tick, String)>,
    mended: Option<Duration>,
    /// The victim predicts beyond the server's newest tick again.
    plays_on: Option<Duration>,
}

/// Corrupts the victim's state at this tick, runs the world for three seconds, and gives `look` the server's state after
/// the tick.
fn follow(world: &mut World, tick: Tick, mut look: impl FnMut(&World, Entity)) -> Course {
    let (room, mut course) = (world.rooms()[0].1, Course::default());
    for _ in 0..120 {
        step(world);
        let now = world.now();
        let server_tick = world.server.world().get::<SimTickCount>(room).expect("a match").0;
        if server_tick == tick.plus(1) {
            look(world, room);
        }
        if next_confirmed(world) > tick {
            course.corrupted.get_or_insert(now);
        }
        let notices: Vec<Notice> = world.clients[VICTIM].client.drain_notices().collect();
        for notice in notices {
            match notice {
                Notice::Desync { component: None, .. } => drop(course.noticed.get_or_insert(now)),
                Notice::Desync { tick, component: Some(component), field: None } => {
                    course.named.get_or_insert((now, tick, component));
                }
                Notice::Resynced => drop(course.mended.get_or_insert(now)),
                _ => {}
            }
        }
        let shown = world.clients[VICTIM].client.simulation().expect("a match").next_tick();
        if course.mended.is_some() && shown > server_tick {
            course.plays_on.get_or_insert(now);
        }
    }
    course
}

fn nobody_else_noticed(world: &World) {
    for (place, client) in world.clients.iter().enumerate().filter(|(place, _)| *place != VICTIM) {
        let stats = client.client.stats();
        assert_eq!(
            (stats.desyncs, stats.resyncs, stats.replaced_inputs, stats.errors.count()),
            (0, 0, 0, 0),
            "{place}"
        );
        assert!(client.client.ended().is_none());
    }
    check::no_room_faulted(&world.server);
}

/// At every distance from the next comparison.
#[test]
fn a_corrupted_field_is_named_within_a_second_and_written_down_with_both_values() {
    for (place, economy) in [(0, false), (7, false), (15, false), (29, false), (7, true), (16, true)] {
        let folder = Folder::new(&format!("desync-{place}-{economy}"));
        let (mut world, writer) = playing_in_mode(economy, ArenaPlugin, &folder);
        let (tick, slot) = (tick_ahead(&world, place), slot_of(&world, VICTIM));
        let is_corrupt = move |room: &mut EntityWorldMut| {
            room.get_mut::<Bodies>().expect("crafts").craft_mut(slot).expect("its craft").shield_until.0 += 77;
        };
        world.clients[VICTIM].client.corrupt(tick, is_corrupt);
        let mut right = None;
        let course = follow(&mut world, tick, |world, room| {
            let bodies = world.server.world().get::<Bodies>(room).expect("crafts");
            right = Some(bodies.craft(slot).expect("its craft").shield_until.0);
        });
        let right = right.expect("the server went through this tick");
        let corrupted = course.corrupted.expect("it was corrupted");
        let (named, named_tick, component) = course.named.clone().expect("it was named");
        assert_eq!((named_tick, component.as_str()), (tick, "bodies"));
        assert!(named - corrupted <= Duration::from_secs(1), "{course:?}");
        let noticed = course.noticed.expect("it was noticed");
        let plays_on = course.plays_on.expect("it plays on");
        assert!(plays_on.saturating_sub(noticed) <= Duration::from_millis(500), "{course:?}");
        let stats = world.clients[VICTIM].client.stats();
        assert_eq!((stats.desyncs, stats.resyncs), (1, 1), "mended once, and it stays so");
        assert_eq!(world.server.world().resource::<Counters>().desyncs_named, 1);
        nobody_else_noticed(&world);
        let name = world.clients[VICTIM].client.name_of(slot).expect("a name").to_owned();
        let code = world.room_code();
        close(world, writer);
        let (file, report) = only_report(folder.path());
        let match_id = report["match_id"].as_str().expect("an id");
        assert!(folder.path().join(format!("{match_id}.fhr")).exists(), "it lies beside the replay");
        assert_eq!(file, format!("{match_id}.desync-{slot}-{tick}.json"));
        let right_and_wrong = json!([{
            "slot": u8::from(slot), "field": "shield_until",
            "server": right.to_string(), "client": (right + 77).to_string(),
        }]);
        assert_eq!(report["differences"], right_and_wrong, "{report}");
        let facts =
            json!([report["component"], report["first_bad_tick"], report["slot"], report["name"], report["room"]]);
        assert_eq!(facts, json!(["bodies", tick.0, u8::from(slot), name, code.as_str()]));
        assert_eq!((&report["replay_agrees"], &report["note"]), (&json!(true), &Value::Null));
        let differing = |pair: &&Value| pair["server"] != pair["client"];
        let hashes = report["hashes"].as_array().expect("hashes");
        let differing: Vec<&Value> = hashes.iter().filter(differing).map(|pair| &pair["component"]).collect();
        assert_eq!(differing, ["bodies"], "{hashes:?}");
        assert!(report["detected"]["tick"].as_u64() >= Some(tick.0.into()), "{report}");
        assert_eq!(report["protocol"], format!("{:016x}", GameHandle::new(ArenaPlugin).protocol_hash()));
        assert!(report["link"]["margin_ticks"].is_number(), "{report}");
    }
}

#[test]
fn a_craft_that_moves_wrongly_is_told_by_its_velocity() {
    let folder = Folder::new("desync-velocity");
    let (mut world, writer) = playing(ArenaPlugin, &folder);
    let (tick, slot) = (tick_ahead(&world, 3), slot_of(&world, VICTIM));
    world.clients[VICTIM].client.corrupt(tick, move |room| {
        let mut bodies = room.get_mut::<Bodies>().expect("crafts");
        let velocity = bodies.velocity(slot).expect("its craft");
        bodies.set_velocity(slot, velocity + Vec2::new(0.0, 40.0));
    });
    let mut right = None;
    follow(&mut world, tick, |world, room| {
        right = world.server.world().get::<Bodies>(room).and_then(|bodies| bodies.velocity(slot));
    });
    close(world, writer);
    let (_, report) = only_report(folder.path());
    let differences = report["differences"].as_array().expect("a list");
    assert!(differences.iter().all(|difference| difference["slot"] == u8::from(slot)), "{report}");
    let velocity = differences.iter().find(|difference| difference["field"] == "velocity.y").expect("it moved");
    assert_eq!(velocity["server"], format!("{:?}", right.expect("the server went through this tick").y));
    assert_ne!(velocity["server"], velocity["client"]);
}

#[test]
fn a_field_of_a_game_that_says_nothing_about_reports_is_named() {
    let folder = Folder::new("desync-tiny");
    let (mut world, writer) = playing(TinyPlugin, &folder);
    let tick = tick_ahead(&world, 20);
    world.clients[VICTIM].client.corrupt(tick, |room| room.get_mut::<Presses>().expect("a state").luck ^= 1);
    let (_, named_tick, component) = follow(&mut world, tick, |_, _| {}).named.expect("it was named");
    assert_eq!((named_tick, component.as_str()), (tick, "presses"));
    assert_eq!(world.server.world().resource::<Counters>().invalid_messages, 0, "its list is no offence");
    nobody_else_noticed(&world);
    close(world, writer);
    let (_, report) = only_report(folder.path());
    assert_eq!((&report["component"], &report["first_bad_tick"]), (&json!("presses"), &json!(tick.0)));
    assert_eq!((&report["differences"][0]["field"], &report["replay_agrees"]), (&json!("luck"), &json!(true)));
}

/// The server's own state is corrupted; running the recording again shows it.
#[test]
fn a_server_that_went_wrong_itself_is_told_by_its_report() {
    let folder = Folder::new("desync-server");
    let (mut world, writer) = playing(TinyPlugin, &folder);
    let room = world.rooms()[0].1;
    world.server.world_mut().get_mut::<Presses>(room).expect("a state").luck ^= 1;
    (0..120).for_each(|_| step(&mut world));
    close(world, writer);
    let reports = reports(folder.path());
    assert_eq!(reports.len(), 4, "everybody differs from it");
    assert!(reports.iter().all(|(_, report)| report["replay_agrees"] == json!(false)), "{reports:?}");
}

#[test]
fn three_within_a_minute_end_with_a_sentence_that_names_the_report() {
    let folder = Folder::new("desync-thrice");
    let (mut world, writer) = playing(ArenaPlugin, &folder);
    let slot = slot_of(&world, VICTIM);
    for round in 0..3 {
        assert!(world.clients[VICTIM].client.ended().is_none(), "round {round}");
        let tick = tick_ahead(&world, 10);
        world.clients[VICTIM].client.corrupt(tick, move |room| {
            room.get_mut::<Bodies>().expect("crafts").craft_mut(slot).expect("its craft").dash_ready.0 += 1000;
        });
        (0..100).for_each(|_| step(&mut world));
    }
    assert_eq!(world.told(VICTIM), Some(EndCode::Desynced));
    let reason = world.clients[VICTIM].client.ended().expect("it had to go").to_owned();
    assert_eq!(world.server.world().resource::<Counters>().desyncs_sent_away, 1);
    assert_eq!(world.departures(0), [EndCode::Desynced]);
    nobody_else_noticed(&world);
    close(world, writer);
    let reports = reports(folder.path());
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().any(|(name, _)| reason.contains(name)), "{reason}");
    assert!(reason.contains("three times") && reason.contains("bodies"), "{reason}");
}

//! Reload of rules: new matches use the new rules, running ones keep theirs.

use std::{ffi::OsStr, fs, path::Path, time::Duration};

use bevy::prelude::Entity;
use framehouse_arena::{ArenaPlugin, rules::Rules};
use framehouse_client::rooms::list_maps;
use framehouse_harness::{live::wait_until, world::World};
use framehouse_server::{
    config::{ReplaySettings, RoomSettings},
    ops::reload::{Change, ChangeQueue},
    replay::{
        folder,
        verify::{Verified, verify},
        writer::ReplayWriter,
    },
    room::{current_match::CurrentMatch, directory::JoinTarget},
};
use framehouse_shared::{
    match_end::MatchEnd,
    protocol::messages::{HostCommand, RoomOptions},
    replay::{Replay, ServerKey},
    sim::{GameFile, GameFileError},
};
use framehouse_tools::short_matches::short_matches;
use framehouse_tools::{
    load::process::{Scratch, ServerProcess},
    replays::Folder,
};

/// A value of the rules, and a word that is not a value.
const GOOD: &str = "drag: 4.2,";
const BROKEN: &str = "drag: fast,";

/// The arena with matches of this length, on maps of these names.
fn rules(ticks: u32, maps: &[&str]) -> Vec<GameFile> {
    let mut files = short_matches(ticks);
    let basin = files.pop().expect("a map").text;
    let map = |name: &&str| GameFile { path: format!("maps/{name}.ron"), text: basin.replace("basin", name) };
    files.extend(maps.iter().map(map));
    files
}

fn broken(mut files: Vec<GameFile>) -> Vec<GameFile> {
    assert!(files[0].text.contains(GOOD), "the rules are others: change this test, too");
    files[0].text = files[0].text.replace(GOOD, BROKEN);
    files
}

/// The line of the broken value, from 1.
fn broken_line(files: &[GameFile]) -> usize {
    files[0].text.lines().position(|line| line.contains(BROKEN)).expect("it was put in") + 1
}

/// The map and the length of the room's match.
fn played(world: &World, room: Entity) -> (String, u32) {
    let map = world.server.world().get::<CurrentMatch>(room).expect("a match is set").setup().map.clone();
    let rules = world.server.world().get::<Rules>(room).expect("a match is set");
    assert_eq!(rules.map.name, map);
    (map, rules.numbers.match_time)
}

/// Plays until the results of the room's match with this number are shown.
fn play_to_results(world: &mut World, match_no: u32) {
    let is_over = |world: &World| world.clients[0].client.results().is_some_and(|results| results.match_no == match_no);
    assert!(world.step_until(900, is_over), "match {match_no} came to no end");
}

#[test]
fn a_running_match_keeps_its_rules_and_the_next_one_takes_the_new() {
    let folder = Folder::new("reload");
    let writer =
        ReplayWriter::start(folder.path().to_owned(), &ReplaySettings::default(), ServerKey::from_secret([7; 32]));
    let (writer, mut world) = (writer.expect("a folder"), World::new(ArenaPlugin, 300));
    world.server.record_replays(writer.queue());
    assert_eq!(world.server.reload_rules(&rules(450, &["basin"])), Ok(()));
    let mut world = world.with_players(2);
    world.step_to_playing();
    world.step_ticks(60);
    assert_eq!(world.server.reload_rules(&rules(300, &["bowl", "dish"])), Ok(()));
    // A client that joins now gets the rules of the running match.
    let (code, room) = world.rooms()[0];
    world.join(JoinTarget::Watch(code)).expect("a place to watch from");
    play_to_results(&mut world, 1);
    assert_eq!(played(&world, room), ("basin".to_owned(), 450));
    play_to_results(&mut world, 2);
    assert_eq!(played(&world, room), ("dish".to_owned(), 300));
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
    drop(world);
    assert!(writer.close(Duration::from_secs(60)), "everything is written");
    let mut replays: Vec<(String, Verified)> = folder.files().iter().map(|file| verified(file)).collect();
    replays.sort_by(|(map, _), (other, _)| map.cmp(other));
    let finished = |ticks| Verified { ticks, ending: MatchEnd::TimeUp };
    assert_eq!(replays, [("basin".to_owned(), finished(450)), ("dish".to_owned(), finished(300))]);
}

fn verified(file: &Path) -> (String, Verified) {
    let bytes = folder::read(file).expect("a readable file");
    let map = Replay::read(&bytes).expect("a replay").header().map.clone();
    (map, verify(ArenaPlugin, &bytes).expect("it comes out the same"))
}

#[test]
fn files_that_are_refused_change_nothing() {
    let mut world = World::new(ArenaPlugin, 301);
    assert_eq!(world.server.reload_rules(&rules(450, &["basin"])), Ok(()));
    let files = broken(rules(300, &["bowl"]));
    let refused = world.server.reload_rules(&files).expect_err("no number");
    let GameFileError::Syntax { path, line, .. } = &refused else { panic!("{refused}") };
    assert_eq!((path.as_str(), *line), ("rules.ron", broken_line(&files)));
    assert_eq!((world.server.rules_check())(&files), Err(refused));
    let mut world = world.with_players(2);
    world.step_to_playing();
    let room = world.rooms()[0].1;
    assert_eq!(played(&world, room), ("basin".to_owned(), 450));
}

#[test]
fn a_room_whose_map_is_gone_is_told_and_goes_through_the_maps_in_turn() {
    let mut world = World::new(ArenaPlugin, 302);
    world.join(JoinTarget::Create { size: 3, private: false, practice: false, economy: None }).expect("a room");
    world.join(JoinTarget::Quick).expect("a seat");
    let maps = |world: &World| -> Vec<Option<String>> {
        world.clients.iter().filter_map(|client| Some(client.client.options()?.map.clone())).collect()
    };
    assert!(world.step_until(60, |world| maps(world).len() == 2), "both are in the room");
    let chosen = RoomOptions { seats: 3, private: false, economy: false, map: Some("crossing".to_owned()) };
    let host = world.clients.iter_mut().find(|client| client.client.is_host()).expect("one of the two is the host");
    host.client.order(HostCommand::Configure(chosen));
    world.step_ticks(15);
    assert_eq!(maps(&world), vec![Some("crossing".to_owned()); 2]);
    assert_eq!(world.server.reload_rules(&rules(300, &["bowl"])), Ok(()));
    world.step_ticks(20);
    assert_eq!(maps(&world), [None, None]);
    assert_eq!(world.server.status_board().page().maps, ["bowl"]);
    world.all_ready();
    world.step_to_playing();
    let room = world.rooms()[0].1;
    assert_eq!(played(&world, room), ("bowl".to_owned(), 300));
}

#[test]
fn ten_reloads_a_second_for_a_minute_disturb_no_match() {
    let (changes, queue) = ChangeQueue::new();
    let mut world = World::new(ArenaPlugin, 303);
    assert_eq!(world.server.reload_rules(&rules(3000, &["basin"])), Ok(()));
    world.server.set_change_queue(queue);
    let mut world = world.with_players(2);
    world.step_to_playing();
    let room = world.rooms()[0].1;
    for number in 0..600 {
        let files = Some(rules(300, if number % 2 == 0 { &["bowl"] } else { &["dish"] }));
        let rooms = RoomSettings { spectators_max: number as u8, ..Default::default() };
        let (cleanup, net, callers) = Default::default();
        changes.try_send(Change { files, rooms, cleanup, net, callers }).expect("the one before was taken");
        world.step_ticks(3);
    }
    assert_eq!(played(&world, room), ("basin".to_owned(), 3000), "the match keeps its rules");
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
    assert_eq!(world.server.world().resource::<RoomSettings>().spectators_max, 599_u32 as u8);
    assert_eq!(world.server.status_board().page().maps, ["dish"]);
}

fn write(folder: &Path, files: &[GameFile]) {
    fs::create_dir_all(folder.join("maps")).expect("a folder of ours");
    files.iter().for_each(|file| fs::write(folder.join(&file.path), &file.text).expect("a folder of ours"));
}

fn start(folder: &Path, arguments: &[&OsStr]) -> ServerProcess {
    let program = Path::new(env!("CARGO_BIN_EXE_arena_server"));
    ServerProcess::start_program(program, folder, "", arguments).expect("a server")
}

#[test]
fn a_hang_up_reloads_the_folder_or_refuses_all_of_it() {
    let scratch = Scratch::new("reload").expect("a folder");
    let game = scratch.path().join("game");
    write(&game, &rules(300, &["basin"]));
    let mut server = start(scratch.path(), &[OsStr::new("--game-dir"), game.as_os_str()]);
    let has_maps = |server: &ServerProcess, maps: &[&str]| list_maps(server.url()).expect("an answer") == maps;
    wait_until("the map is listed", || has_maps(&server, &["basin"]));
    write(&game, &rules(300, &["bowl"]));
    server.hang_up().expect("it runs");
    wait_until("the new map is listed", || has_maps(&server, &["basin", "bowl"]));
    let files = broken(rules(300, &["cup"]));
    write(&game, &files);
    server.hang_up().expect("it runs");
    let place = format!("{}:{}:", game.join("rules.ron").display(), broken_line(&files));
    wait_until("the refusal is logged", || server.log_lines().iter().any(|line| line.contains(&place)));
    assert!(server.is_running() && has_maps(&server, &["basin", "bowl"]), "{}", server.log());
    server.stop().expect("a good end");
}

#[test]
fn a_hang_up_without_a_change_is_logged_and_ends_nothing() {
    let scratch = Scratch::new("reload-nothing").expect("a folder");
    let mut server = start(scratch.path(), &[]);
    server.hang_up().expect("it runs");
    let logged = |line: &String| line.contains("SIGHUP: nothing has changed");
    wait_until("it is logged", || server.log_lines().iter().any(logged));
    assert!(server.is_running());
    server.stop().expect("a good end");
}

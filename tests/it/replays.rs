//! Replays: every match leaves one, and clients can fetch it.

use std::{fs, time::Duration};

use framehouse_arena::{ArenaPlugin, emote::Emote};
use framehouse_client::playback::Playback;
use framehouse_harness::world::World;
use framehouse_server::{
    config::ReplaySettings,
    ops::{
        backend::LocalBackend,
        http::{self, HttpOptions},
        status::StatusBoard,
    },
    replay::{
        Replays, folder,
        verify::{Verified, verify},
        writer::ReplayWriter,
    },
    room::directory::JoinTarget,
};
use framehouse_shared::{
    match_end::MatchEnd,
    protocol::messages::HostCommand,
    replay::{Replay, ServerKey, canned_replay},
    simulation::Simulation,
    tick::Tick,
};
use framehouse_tiny::TinyPlugin;
use framehouse_tools::replays::Folder;

use crate::{TINY_MATCH_TICKS, websocket::no_sockets};

/// A server that records into this folder.
fn recording(mut world: World, folder: &Folder) -> (World, ReplayWriter) {
    let writer =
        ReplayWriter::start(folder.path().to_owned(), &ReplaySettings::default(), ServerKey::from_secret([7; 32]))
            .expect("a folder");
    world.server.record_replays(writer.queue());
    (world, writer)
}

fn close(world: World, writer: ReplayWriter) {
    drop(world);
    assert!(writer.close(Duration::from_secs(60)), "everything is written");
}

/// The only file of the folder.
fn only_replay(folder: &Folder) -> Vec<u8> {
    let files = folder.files();
    assert_eq!(files.len(), 1, "{files:?}");
    folder::read(&files[0]).expect("a readable file")
}

#[test]
fn a_played_match_leaves_a_replay_that_verifies() {
    let folder = Folder::new("played");
    let (world, writer) = recording(World::new(TinyPlugin, 1).with_link("delay=30,loss=0.02"), &folder);
    let mut world = world.with_players(4);
    world.step_to_playing();
    world.step_ticks(TINY_MATCH_TICKS + 15);
    let results = world.clients[0].client.results().expect("the match is over").clone();
    close(world, writer);
    let bytes = only_replay(&folder);
    assert_eq!(verify(TinyPlugin, &bytes), Ok(Verified { ticks: TINY_MATCH_TICKS, ending: MatchEnd::TimeUp }));
    let ranking = Replay::read(&bytes).expect("a replay").trailer.ranking.expect("a ranking");
    let recorded = ranking.into_iter().map(|place| (place.slot, place.name, place.score));
    let told = results.ranking.into_iter().map(|entry| (entry.slot, entry.name, entry.score));
    assert!(recorded.eq(told), "the clients were told the recorded ranking");
}

#[test]
fn emotes_are_recorded_and_shown_again() {
    let folder = Folder::new("emotes");
    let (world, writer) = recording(World::new(ArenaPlugin, 3).with_link("delay=30,loss=0.02"), &folder);
    let mut world = world.with_players(2);
    world.step_to_playing();
    for emote in Emote::ALL {
        world.step_ticks(40);
        assert!(world.clients[1].client.send_command(&emote.to_command()));
    }
    world.step_ticks(40);
    let slot = world.clients[1].client.slot().expect("a seat");
    let seen: Vec<Tick> = world.clients[0].client.commands().map(|(tick, _)| tick).collect();
    world.server.say_goodbye();
    close(world, writer);
    let bytes = only_replay(&folder);
    assert_eq!(verify(ArenaPlugin, &bytes).map(|it| it.ending), Ok(MatchEnd::ServerStopped));
    let mut playback = Playback::open(Simulation::new(ArenaPlugin), &bytes).expect("of this release");
    let emotes_at = |playback: &Playback| {
        playback.timeline().commands().map(|(tick, it)| (tick, Emote::of(it))).collect::<Vec<_>>()
    };
    let last = *seen.last().expect("the other player saw the last one");
    playback.timeline_mut().seek(f64::from(last.0));
    playback.timeline_mut().advance(0.0);
    let shown = emotes_at(&playback);
    assert_eq!(shown.last(), Some(&(last, Some(Emote::Heart))));
    assert_eq!(shown.first().map(|(_, emote)| *emote), Some(Some(Emote::Anger)), "two lie in the last two seconds");
    assert!(playback.timeline().commands().all(|(_, command)| command.slot == slot));
    playback.timeline_mut().seek(f64::from(last.0) - 1.0);
    assert!(!emotes_at(&playback).iter().any(|(tick, _)| *tick == last), "not before it was shown");
}

#[test]
fn joins_and_leaves_in_a_running_match_are_in_its_replay() {
    let folder = Folder::new("joins");
    let mut world = World::new(ArenaPlugin, 2).with_link("delay=30,loss=0.02");
    world.join(JoinTarget::Create { size: 3, private: false, practice: false, economy: None }).expect("a room");
    world.join(JoinTarget::Quick).expect("a seat");
    let (mut world, writer) = recording(world, &folder);
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(200);
    let late = world.join(JoinTarget::Quick).expect("a free seat");
    world.step_ticks(200);
    world.clients[late].client.leave();
    world.step_ticks(200);
    world.server.say_goodbye();
    close(world, writer);
    let bytes = only_replay(&folder);
    let verified = verify(ArenaPlugin, &bytes).expect("it comes out the same");
    assert_eq!(verified.ending, MatchEnd::ServerStopped);
    let replay = Replay::read(&bytes).expect("a replay");
    let joined = replay.beginning.iter_ticks().flat_map(|tick| tick.expect("a good tick").joined);
    let names: Vec<String> = joined.map(|(_, name)| name).collect();
    assert_eq!(names, ["player 0", "player 1", "player 2"]);
}

#[test]
fn a_match_that_everyone_left_is_kept_unfinished() {
    let folder = Folder::new("left");
    let (world, writer) = recording(World::new(TinyPlugin, 3), &folder);
    let mut world = world.with_players(2);
    world.step_to_playing();
    world.step_ticks(100);
    world.clients.iter_mut().for_each(|client| client.client.leave());
    world.step_ticks(30);
    close(world, writer);
    let verified = verify(TinyPlugin, &only_replay(&folder)).expect("it comes out the same");
    assert_eq!(verified.ending, MatchEnd::EverybodyLeft);
    assert!(verified.ticks >= 100);
}

#[test]
fn a_match_that_never_began_leaves_nothing() {
    let folder = Folder::new("countdown");
    let (world, writer) = recording(World::new(TinyPlugin, 4), &folder);
    let mut world = world.with_players(2);
    world.step_ticks(10);
    world.clients[0].client.leave();
    world.step_ticks(60);
    close(world, writer);
    assert_eq!(folder.files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_room_that_is_gone_ends_its_replay() {
    let folder = Folder::new("gone");
    let (world, writer) = recording(World::new(TinyPlugin, 5), &folder);
    let mut world = world.with_players(2);
    world.step_to_playing();
    world.step_ticks(50);
    close(world, writer);
    let verified = verify(TinyPlugin, &only_replay(&folder)).expect("it comes out the same");
    assert_eq!(verified.ending, MatchEnd::RoomClosed);
}

#[test]
fn a_room_that_its_host_closes_ends_its_replay_with_the_ranking_and_the_last_hashes() {
    let folder = Folder::new("closed");
    let (world, writer) = recording(World::new(TinyPlugin, 9), &folder);
    let mut world = world.with_players(2);
    world.step_to_playing();
    world.step_ticks(50);
    // Nobody else has a say any more.
    world.clients[1].client.leave();
    world.step_ticks(5);
    world.clients[0].client.order(HostCommand::Close);
    world.step_ticks(10);
    assert_eq!(world.rooms().len(), 0);
    close(world, writer);
    let bytes = only_replay(&folder);
    let verified = verify(TinyPlugin, &bytes).expect("it comes out the same");
    assert_eq!(verified.ending, MatchEnd::RoomClosed);
    let trailer = Replay::read(&bytes).expect("a replay").trailer;
    assert_eq!((trailer.ranking.map(|places| places.len()), trailer.hashes.is_some()), (Some(2), true));
}

#[test]
fn many_rooms_leave_a_replay_for_every_match() {
    let folder = Folder::new("many");
    let (mut world, writer) = recording(World::new(TinyPlugin, 6), &folder);
    for _ in 0..12 {
        world = world.with_players_in_another_room(2);
    }
    world.step_ticks(2 * (TINY_MATCH_TICKS + 90));
    world.server.say_goodbye();
    let stats = world.server.world().resource::<Replays>().stats();
    assert_eq!((stats.given_up, stats.failed), (0, 0));
    close(world, writer);
    assert!(folder.files().len() >= 24, "two matches a room");
    for file in folder.files() {
        let bytes = folder::read(&file).expect("a readable file");
        verify(TinyPlugin, &bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn replays_are_fetched_over_http_by_the_id_of_their_match() {
    let folder = Folder::new("http");
    let bytes = canned_replay(ArenaPlugin, 14, 4, 3600);
    fs::write(folder::whole_path(folder.path(), Replay::read(&bytes).expect("a replay").header().match_id), &bytes)
        .expect("a file");
    fs::write(folder.path().join("secret"), "s").expect("a file");
    let listener = http::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let url = format!("http://{}/v1/replays", listener.local_addr().expect("bound"));
    let (backend, _joins) = LocalBackend::new(StatusBoard::default(), folder.path().to_owned(), no_sockets());
    http::serve(listener, backend, HttpOptions::default()).expect("a thread");
    let get = |name: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.get(format!("{url}/{name}")).call().expect("an answer")
    };
    let id = format!("{:032x}", 14);
    let mut answer = get(&id);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert_eq!(answer.headers()["content-disposition"], format!("attachment; filename=\"{id}.fhr\""));
    assert_eq!(answer.body_mut().read_to_vec().expect("a body"), bytes);
    for name in [&format!("{:032x}", 15), "secret", "..%2Fsecret", "%2e%2e", &format!("{id}.fhr")] {
        let mut answer = get(name);
        assert_eq!(answer.status(), 404, "{name}");
        let error: serde_json::Value = answer.body_mut().read_json().expect("JSON");
        assert_eq!(error["error"]["code"], "no_such_replay", "{name}");
    }
}

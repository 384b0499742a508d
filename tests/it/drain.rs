//! The drain before a server stops: running matches end normally, everybody is told, and nobody new comes in.

mod programs;

use std::time::Duration;

use framehouse_harness::world::World;
use framehouse_server::{
    config::{ReplaySettings, RoomSettings},
    counters::Counters,
    replay::{
        folder,
        verify::{Verified, verify},
        writer::ReplayWriter,
    },
    results::{MatchResult, ResultStore},
    room::directory::{Directory, JoinError, JoinTarget},
};
use framehouse_shared::{
    match_end::MatchEnd,
    protocol::{
        end::EndCode,
        messages::{HostCommand, Phase},
    },
    replay::ServerKey,
};
use framehouse_tiny::TinyPlugin;
use framehouse_tools::replays::{Folder, files_in};

use crate::TINY_MATCH_TICKS;

const LIMIT: Option<Duration> = Some(Duration::from_secs(150));
const CREATE: JoinTarget = JoinTarget::Create { size: 3, private: false, practice: false, economy: None };

/// A server that keeps results and replays in a folder.
struct Kept {
    folder: Folder,
    writer: ReplayWriter,
}

impl Kept {
    fn by(world: &mut World, name: &str) -> Self {
        let folder = Folder::new(name);
        let key = ServerKey::from_secret([7; 32]);
        let writer = ReplayWriter::start(folder.path().join("replays"), &ReplaySettings::default(), key);
        let writer = writer.expect("a folder of ours");
        world.server.record_replays(writer.queue());
        world.server.keep_results(ResultStore::open(folder.path()).expect("a folder of ours"));
        Self { folder, writer }
    }

    /// The results and the ends of the replays of a server that has stopped.
    fn written(self, mut world: World) -> (Vec<MatchResult>, Vec<Verified>) {
        assert_eq!(world.server.close_results(Duration::from_secs(60)), 0);
        drop(world);
        assert!(self.writer.close(Duration::from_secs(60)), "everything is written");
        let lines = std::fs::read_to_string(self.folder.path().join("results.jsonl")).unwrap_or_default();
        let results = lines.lines().map(|line| serde_json::from_str(line).expect("a result")).collect();
        let verified = |file: &std::path::PathBuf| {
            verify(TinyPlugin, &folder::read(file).expect("a readable file")).expect("a replay that holds")
        };
        (results, files_in(&self.folder.path().join("replays")).iter().map(verified).collect())
    }
}

/// Seconds until the restart, as a client's window counts them; nothing if the client was not told.
fn seconds_told(world: &World, client: usize) -> Option<Option<u64>> {
    let draining = world.clients[client].client.draining()?;
    Some(draining.until.map(|until| until.saturating_sub(world.now()).as_secs()))
}

fn drain(world: &mut World, limit: Option<Duration>) {
    world.server.begin_drain(limit);
    world.step_ticks(3);
}

/// Runs the world until the server has drained, for at most this many seconds. Returns whether it has.
fn step_to_drained(world: &mut World, seconds_max: f64) -> bool {
    (0..world.ticks(seconds_max)).any(|_| {
        world.step_ticks(1);
        world.server.is_drained()
    })
}

fn is_playing(world: &World, client: usize) -> bool {
    matches!(world.clients[client].client.phase(), Some(Phase::Playing { .. }))
}

#[test]
fn four_matches_end_with_results_and_replays_and_their_players_are_told() {
    let mut world = World::new(TinyPlugin, 301).with_link("delay=30,loss=0.02");
    let kept = Kept::by(&mut world, "drained");
    for _ in 0..4 {
        world = world.with_players_in_another_room(2);
    }
    world.step_to_playing();
    world.step_ticks(TINY_MATCH_TICKS / 2);
    drain(&mut world, LIMIT);
    assert!(!world.server.is_drained());
    world.step_ticks(30);
    assert!((0..8).all(|client| matches!(seconds_told(&world, client), Some(Some(147..=150)))));
    assert!(step_to_drained(&mut world, 30.0), "the matches and their results are over");
    world.step_ticks(10);
    for client in 0..8 {
        assert!(world.clients[client].client.results().is_some_and(|results| results.ranking.len() == 2));
        assert_eq!(world.told(client), Some(EndCode::Draining));
    }
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
    world.server.say_goodbye();
    let (results, replays) = kept.written(world);
    assert_eq!(results.len(), 4);
    let whole = Verified { ticks: TINY_MATCH_TICKS, ending: MatchEnd::TimeUp };
    assert_eq!(replays, [whole; 4]);
}

#[test]
fn newcomers_are_refused_and_a_lost_player_comes_back_into_the_match() {
    let mut world = World::new(TinyPlugin, 302);
    world.join(CREATE).expect("a room");
    world.join(JoinTarget::Quick).expect("a seat");
    let code = world.room_code();
    world.all_ready();
    world.step_to_playing();
    assert!(world.server.world().resource::<Directory>().is_accepting());
    let secret = world.clients[1].resume;
    world.clients[1].is_asleep = true;
    let address = world.clients[1].address;
    world.network.set_cut(address, true);
    drain(&mut world, LIMIT);
    assert!(!world.server.world().resource::<Directory>().is_accepting());
    for target in [JoinTarget::Quick, CREATE, JoinTarget::Code(code), JoinTarget::Watch(code)] {
        assert_eq!(world.join(target), Err(JoinError::Stopping));
    }
    assert_eq!(JoinError::Stopping.code(), "draining");
    world.step_ticks(60);
    let back = world.join(JoinTarget::Resume(secret)).expect("its seat");
    world.step_ticks(60);
    assert!(is_playing(&world, back));
    assert!(matches!(seconds_told(&world, back), Some(Some(142..=147))), "{:?}", seconds_told(&world, back));
    let status = world.server.status_board().page();
    let left = status.status.draining.as_ref().and_then(|draining| draining.seconds_left).expect("a limit");
    assert!((142.0..147.0).contains(&left), "{left}");
    assert!(step_to_drained(&mut world, 30.0));
    assert_eq!(world.server.world().resource::<Counters>().matches_finished, 1);
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
}

#[test]
fn lobbies_close_soon_and_results_are_shown_to_their_end() {
    let rooms = RoomSettings { results_s: 8.0, countdown_s: 1.0, lobby_s: 0.0, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 303, rooms).with_players(2);
    world.step_to_playing();
    // This room is in its lobby, one player of three; a spectator watches the match.
    let waiting = world.join(CREATE).expect("a room");
    let code = world.rooms()[0].0;
    let spectator = world.join(JoinTarget::Watch(code)).expect("a place");
    world.step_ticks(TINY_MATCH_TICKS - 30);
    drain(&mut world, LIMIT);
    assert!([0, waiting, spectator].into_iter().all(|client| seconds_told(&world, client).is_some()));
    // A match could start here otherwise.
    world.clients[waiting].client.order(HostCommand::Start);
    world.clients[waiting].client.set_ready(true);
    world.step_ticks(100);
    assert!(matches!(world.clients[waiting].client.phase(), Some(Phase::Lobby { .. })));
    assert!(world.clients[waiting].client.end().is_none(), "it has time to read");
    world.step_ticks(60);
    assert_eq!(world.told(waiting), Some(EndCode::Draining));
    assert!(matches!(world.clients[0].client.phase(), Some(Phase::Results { .. })));
    world.step_ticks(80);
    assert!((0..2).all(|client| world.clients[client].client.end().is_none()), "the results are still shown");
    assert!(!world.server.is_drained());
    assert!(step_to_drained(&mut world, 4.0));
    world.step_ticks(10);
    assert!([0, 1, spectator].into_iter().all(|client| world.told(client) == Some(EndCode::Draining)));
    assert!(world.rooms().is_empty());
}

#[test]
fn a_full_room_of_ready_players_starts_no_match_in_a_drain() {
    let mut world = World::new(TinyPlugin, 304);
    world.join(CREATE).expect("a room");
    world.join(JoinTarget::Quick).expect("a seat");
    world.step_ticks(10);
    world.server.begin_drain(None);
    world.all_ready();
    world.step_ticks(100);
    assert!(matches!(world.clients[0].client.phase(), Some(Phase::Lobby { .. })));
}

#[test]
fn at_the_limit_what_still_runs_ends_without_a_result_and_nothing_running_is_no_wait() {
    let mut world = World::new(TinyPlugin, 305);
    let kept = Kept::by(&mut world, "drain-limit");
    let mut world = world.with_players(2);
    world.step_to_playing();
    let waiting = world.join(CREATE).expect("a room");
    world.step_ticks(30);
    drain(&mut world, Some(Duration::from_secs(2)));
    assert!(step_to_drained(&mut world, 2.0), "the time is over");
    assert!(is_playing(&world, 0));
    world.server.say_goodbye();
    world.step_ticks(30);
    assert!((0..2).all(|client| world.told(client) == Some(EndCode::ServerStopping)));
    assert_eq!(world.told(waiting), Some(EndCode::Draining), "no match of its was cut off");
    assert_eq!(world.join(JoinTarget::Resume(world.clients[0].resume)), Err(JoinError::Stopping));
    assert_eq!(world.server.sessions(), 0);
    let (results, replays) = kept.written(world);
    assert!(results.is_empty());
    assert!(matches!(replays[..], [Verified { ending: MatchEnd::ServerStopped, .. }]), "{replays:?}");

    let mut world = World::new(TinyPlugin, 306);
    world.join(CREATE).expect("a room");
    world.step_ticks(30);
    world.server.begin_drain(LIMIT);
    assert!(world.server.is_drained(), "a lobby is not waited for");
}

#[test]
fn until_empty_waits_for_every_match_but_not_for_players_who_are_gone_for_good() {
    let rooms = RoomSettings { results_s: 1.0, countdown_s: 1.0, grace_s: 3.0, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 307, rooms).with_players(2).with_players_in_another_room(2);
    world.step_to_playing();
    drain(&mut world, None);
    assert_eq!(seconds_told(&world, 0), Some(None), "there is no countdown");
    let addresses: Vec<_> = world.clients[..2].iter().map(|client| client.address).collect();
    for (client, address) in addresses.into_iter().enumerate() {
        world.clients[client].is_asleep = true;
        world.network.set_cut(address, true);
    }
    assert!(step_to_drained(&mut world, 60.0));
    assert_eq!(world.server.world().resource::<Counters>().matches_finished, 2);
    assert!((2..4).all(|client| world.clients[client].client.results().is_some()));
    world.step_ticks(10);
    assert_eq!(world.told(2), Some(EndCode::Draining));
}

#[test]
fn a_server_that_moves_out_sends_idle_rooms_away_at_once_and_can_be_called_back() {
    let mut world = World::new(TinyPlugin, 308).with_players(2);
    world.step_to_playing();
    let waiting = world.join(CREATE).expect("a room");
    world.step_ticks(10);
    let move_out = world.server.move_out();
    move_out.want(true);
    world.step_ticks(5);
    assert_eq!((world.told(waiting), seconds_told(&world, 0)), (Some(EndCode::Moved), None));
    assert!(is_playing(&world, 0), "a match goes on, and nobody in it is told");
    assert_eq!(world.join(CREATE), Err(JoinError::Stopping));
    move_out.want(false);
    world.step_ticks(2);
    let again = world.join(CREATE).expect("newcomers are let in again");
    world.step_ticks(30);
    assert_eq!(world.told(again), None);
    move_out.want(true);
    let is_over = |world: &World| (0..2).all(|client| world.told(client) == Some(EndCode::Moved));
    let over = (0..world.ticks(60.0)).any(|_| {
        world.step_ticks(1);
        is_over(&world)
    });
    assert!(over && (0..2).all(|client| world.clients[client].client.results().is_some()), "after the results");
    assert_eq!(world.server.world().resource::<Counters>().matches_finished, 1);
}

#[test]
fn a_server_takes_players_if_neither_its_manager_nor_the_fleet_wants_it_empty() {
    let mut world = World::new(TinyPlugin, 310);
    let move_out = world.server.move_out();
    let mut takes_players = |by_manager, by_fleet| {
        move_out.want(by_manager);
        move_out.want_by_fleet(by_fleet);
        world.step_ticks(5);
        world.join(CREATE).is_ok()
    };
    let wishes = [(true, true), (false, true), (true, false), (false, false)];
    assert_eq!(wishes.map(|(manager, fleet)| takes_players(manager, fleet)), [false, false, false, true]);
}

#[test]
fn a_server_of_a_fleet_that_stops_sends_its_players_to_the_others() {
    let mut world = World::new(TinyPlugin, 309);
    let waiting = world.join(CREATE).expect("a room");
    world.step_ticks(10);
    world.server.move_out().join_fleet();
    drain(&mut world, LIMIT);
    world.step_ticks(5);
    assert_eq!(world.told(waiting), Some(EndCode::Moved));
    world.server.move_out().want(false);
    world.step_ticks(5);
    assert!(world.join(CREATE).is_err(), "it stops");
}

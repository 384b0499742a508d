//! Score curves: every member in the results gets the server's whole curves. Score rates: impossible gains are counted.

use std::{fs, path::PathBuf};

use crate::TINY_MATCH_TICKS;
use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_harness::{live::wait_until, world::World};
use framehouse_server::{
    config::RoomSettings,
    counters::Counters,
    results::{FILE_NAME, MatchResult, ResultStore},
    room::{directory::JoinTarget, phase::RoomPhase},
};
use framehouse_shared::{
    game::Game,
    ids::{SLOTS_MAX, Slot},
    input::Frame,
    score::Scoreboard,
    sim::{MatchSetup, Rooms, SimSet, SimTick},
    tick::Tick,
};
use framehouse_tiny::{MatchSeconds, TinyPlugin};

/// A folder for the server's results, deleted after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("framehouse-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder takes files");
        Self(folder)
    }

    fn wait_for_result(&self) -> MatchResult {
        let first_line = || fs::read_to_string(self.0.join(FILE_NAME)).ok()?.split_once('\n').map(|it| it.0.to_owned());
        wait_until("the result is written", || first_line().is_some());
        serde_json::from_str(&first_line().expect("it was there just now")).expect("a result")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

type Curves = [Vec<(Tick, i64)>; SLOTS_MAX];

fn curves_of(world: &World, client: usize) -> Curves {
    world.clients[client].client.results().expect("the results are shown").curves.clone()
}

/// Score curves of the results that the server shows.
fn shown(world: &mut World) -> Curves {
    let room = world.rooms()[0].1;
    let Some(RoomPhase::Results { curves, .. }) = world.server.world().get(room) else {
        panic!("no results are shown")
    };
    let mut all = Curves::default();
    curves.iter().for_each(|(slot, curve)| all[slot.index()] = curve.points().collect());
    all
}

/// A match of `ticks` ticks in a room of four seats with three players. Clients simulate only a match of the usual
/// length.
fn three_of_four(seed: u64, ticks: u32, folder: &Folder) -> World {
    let rooms = RoomSettings { results_s: 60.0, countdown_s: 0.5, ..default() };
    let mut world = World::with_rooms(TinyPlugin, seed, rooms).with_steps_per_tick(1);
    if ticks != TINY_MATCH_TICKS {
        world = world.with_thin_clients();
    }
    world.server.world_mut().insert_resource(MatchSeconds(f64::from(ticks) / 30.0));
    let store = ResultStore::open(&folder.0).expect("a folder of ours");
    world.server.world_mut().insert_resource(store);
    world
        .join(JoinTarget::Create { size: 4, private: false, practice: false, economy: None })
        .expect("an empty server has room");
    let code = world.room_code();
    for _ in 0..2 {
        world.join(JoinTarget::Code(code)).expect("a free seat");
    }
    world.step_ticks(30);
    world.all_ready();
    world.step_to_playing();
    world
}

#[test]
fn every_member_in_the_results_gets_the_servers_curves() {
    let folder = Folder::new("curves");
    let mut world = three_of_four(700, TINY_MATCH_TICKS, &folder);
    let code = world.room_code();
    world.step_ticks(300);
    world.clients[2].client.leave();
    world.step_ticks(60);
    let late = world.join(JoinTarget::Code(code)).expect("a free seat");
    let is_over = |world: &World| world.clients[0].client.results().is_some();
    assert!(world.step_until(900, is_over));
    world.step_ticks(30);
    let back = world.join(JoinTarget::Resume(world.clients[1].resume)).expect("its seat");
    let newcomer = world.join(JoinTarget::Code(code)).expect("a free seat");
    let spectator = world.join(JoinTarget::Watch(code)).expect("room for a spectator");
    world.step_ticks(60);
    let shown = shown(&mut world);
    let ranking = world.clients[0].client.results().expect("the match is over").ranking.clone();
    assert!(ranking.len() >= 3 && ranking[0].score.points > 100);
    for client in [0, late, back, newcomer, spectator] {
        assert_eq!(curves_of(&world, client), shown, "client {client}");
        assert_eq!(
            world.clients[client].client.results().expect("the results are shown").ranking,
            ranking,
            "client {client}"
        );
    }
    for entry in &ranking {
        let curve = &shown[entry.slot.index()];
        assert!(curve.len() > 20, "{curve:?}");
        assert_eq!(curve.last(), Some(&(Tick(TINY_MATCH_TICKS - 1), entry.score.points)));
    }
    let result = folder.wait_for_result();
    assert_eq!(result.players.len(), 4, "the player that left is listed, too");
    for player in &result.players {
        assert!((10..=50).contains(&player.curve.len()), "{:?}", player.curve);
        assert_eq!(player.curve.last().map(|(_, points)| *points), Some(player.points));
        assert!(player.curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "the count of presses never falls");
    }
    let starts: Vec<Tick> = result.players.iter().map(|player| player.curve[0].0).collect();
    assert_eq!(starts.iter().filter(|start| **start < Tick(30)).count(), 3, "{starts:?}");
    assert_eq!(starts.iter().filter(|start| **start > Tick(330)).count(), 1, "one player joined late: {starts:?}");
    let is_same = |curve: &Vec<(Tick, i64)>| result.players.iter().any(|player| player.curve == *curve);
    assert!(shown.iter().filter(|curve| !curve.is_empty()).all(is_same), "the file has the curves that are shown");
    let is_told =
        |world: &World, client: usize| world.clients[client].client.stats().results_saved.contains(&result.match_id);
    assert!(world.step_until(600, |world| is_told(world, 0)));
    // Whoever comes back after that can save the replay, too.
    let back = world.join(JoinTarget::Resume(world.clients[back].resume)).expect("its seat");
    world.step_ticks(60);
    assert!(is_told(&world, back));
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
}

#[test]
fn a_curve_of_a_long_match_is_bounded_and_spans_it() {
    const TICKS: u32 = 6000;
    let folder = Folder::new("long-curve");
    let mut world = three_of_four(701, TICKS, &folder);
    // One player gives up: its points do not change any more.
    world.step_ticks(3000);
    world.clients[2].client.give_up();
    let is_over = |world: &World| world.clients[0].client.results().is_some();
    assert!(world.step_until(TICKS, is_over));
    let result = folder.wait_for_result();
    assert_eq!(result.players.len(), 3);
    for player in &result.players {
        let curve = &player.curve;
        assert!((25..=50).contains(&curve.len()), "{} points", curve.len());
        assert!(curve[0].0 < Tick(30) && curve[curve.len() - 1] == (Tick(TICKS - 1), player.points), "{curve:?}");
    }
    let steady = &result.players.iter().find(|player| player.slot == Slot::new(0).expect("in range"));
    let curve = &steady.expect("the first seat").curve;
    let widest = curve.windows(2).map(|pair| pair[1].0.since(pair[0].0)).max();
    assert!(widest <= Some(TICKS / 20), "{widest:?}");
    let line = serde_json::to_string(&result).expect("JSON").len();
    assert!(line < 4000, "{line} bytes for three players");
}

fn exceeded(world: &World) -> u64 {
    world.server.world().resource::<Counters>().score_rate_exceeded
}

#[test]
fn honest_bots_never_gain_more_than_the_rules_allow() {
    let mut world = World::new(ArenaPlugin, 702).with_steps_per_tick(1).with_players(4);
    world.step_to_playing();
    world.step_ticks(1800);
    let best = world.clients[0].client.leaderboard().expect("every two seconds").entries[0].points;
    assert!(best > 20, "the bots take gems: {best}");
    assert_eq!(exceeded(&world), 0);
}

/// The tiny game with a fault: the player in slot 0 gains thousands of points from the third to the fifth second.
#[derive(Clone)]
struct Jumping;

impl Game for Jumping {
    fn id(&self) -> &'static str {
        "jumping"
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
        app.add_systems(SimTick, jump.in_set(SimSet::End));
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
    }

    fn points_per_second_max(&self, _: EntityRef) -> Option<i64> {
        Some(30)
    }
}

fn jump(mut rooms: Rooms<(&Frame, &mut Scoreboard)>) {
    rooms.for_each_room(|(frame, mut scores)| {
        let jumps = i64::from(frame.tick.0.clamp(60, 149) - 60) / 10;
        let points = scores.slots[0].points;
        scores.slots[0].points = points + 1000 * jumps;
    });
}

#[test]
fn impossible_gains_are_counted_once_a_second_and_the_player_plays_on() {
    let mut world = World::new(Jumping, 703).with_thin_clients().with_players(2);
    world.step_to_playing();
    world.step_ticks(240);
    assert_eq!(exceeded(&world), 3);
    assert!(world.clients.iter().all(|client| client.client.end().is_none()));
}

//! Phases: joining, leaving, losing the connection and the host's orders in each phase of a room.

use bevy::prelude::*;
use framehouse_client::client::Notice;
use framehouse_harness::{check, world::World};
use framehouse_server::{
    config::RoomSettings,
    room::{Player, by_slot, directory::JoinTarget},
};
use framehouse_shared::{
    game::{Game, GameHandle},
    ids::Slot,
    input::Input,
    protocol::{
        end::EndCode,
        messages::{HostCommand, Phase, PlayerState},
    },
    sim::MatchSetup,
};
use framehouse_tiny::TinyPlugin;

use crate::TINY_MATCH_TICKS;

const PHASES: [&str; 5] = ["lobby", "loading", "countdown", "playing", "results"];

fn phase_name(world: &World, client: usize) -> &'static str {
    match world.clients[client].client.phase() {
        None => "none",
        Some(Phase::Lobby { .. }) => "lobby",
        Some(Phase::Loading { .. }) => "loading",
        Some(Phase::Countdown { .. }) => "countdown",
        Some(Phase::Playing { .. }) => "playing",
        Some(Phase::Results { .. }) => "results",
    }
}

/// A room of four seats with three players in this phase. The first player is the host. The phase lasts for some seconds.
fn world_in(phase: &str) -> World {
    let rooms = RoomSettings { countdown_s: 5.0, results_s: 5.0, grace_s: 20.0, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 40, rooms);
    world.join(JoinTarget::Create { size: 4, private: false, practice: false, economy: None }).expect("a room");
    let code = world.clients[0].room;
    for _ in 1..3 {
        // They join one after the other: the first one becomes host, and the longest member follows it.
        world.step_ticks(20);
        world.join(JoinTarget::Code(code)).expect("a seat");
    }
    world.step_ticks(20);
    if phase == "lobby" {
        return world;
    }
    // A client that never reports that it has loaded keeps the room loading.
    world.clients[2].is_asleep = phase == "loading";
    world.clients[0].client.order(HostCommand::Start);
    let ticks_max = 300 + TINY_MATCH_TICKS;
    assert!(world.step_until(ticks_max, |world| phase_name(world, 0) == phase), "the room came to {phase}");
    world.step_ticks(5);
    world
}

fn refusals(world: &mut World, client: usize) -> Vec<String> {
    let notices = world.clients[client].client.drain_notices();
    notices.filter_map(|notice| if let Notice::Refused(reason) = notice { Some(reason) } else { None }).collect()
}

/// Player states by slot, as a client sees them.
fn states(world: &World, client: usize) -> Vec<Option<PlayerState>> {
    let members = world.clients[client].client.members().expect("it is in a room");
    members[..4].iter().map(|member| member.as_ref().map(|member| member.state)).collect()
}

fn host(world: &World, client: usize) -> u8 {
    world.clients[client].client.host().map_or(u8::MAX, u8::from)
}

fn slot(number: u8) -> Slot {
    Slot::new(number).expect("in range")
}

#[test]
fn a_player_may_leave_in_every_phase_and_the_others_stay_in_it() {
    for phase in PHASES {
        let mut world = world_in(phase);
        world.clients[1].client.leave();
        world.step_ticks(10);
        assert_eq!((phase_name(&world, 0), states(&world, 0)[1]), (phase, None));
        assert!(world.clients[1].client.end().is_some_and(|end| !end.is_lost), "it left on purpose");
        assert_eq!(world.departures(0), [EndCode::Left]);
    }
}

#[test]
fn a_connection_may_be_lost_in_every_phase_and_its_player_comes_back_into_it() {
    for phase in PHASES {
        let mut world = world_in(phase);
        let before = states(&world, 0)[1];
        let address = world.clients[1].address;
        world.network.set_cut(address, true);
        world.step_ticks(75);
        assert_eq!(states(&world, 0)[1], Some(PlayerState::Away), "{phase}");
        assert_eq!(phase_name(&world, 0), phase);
        let back = world.join(JoinTarget::Resume(world.clients[1].resume)).expect("its seat is kept");
        world.step_ticks(15);
        assert_eq!((states(&world, 0)[1], phase_name(&world, back)), (before, phase));
        assert_eq!(world.clients[back].client.slot(), Some(slot(1)));
        assert_eq!(world.clients[back].client.player(), world.clients[1].client.player());
        world.step_ticks(60);
        assert_eq!((world.desyncs(), world.errors()), (0, vec![]), "{phase}");
    }
}

#[test]
fn a_match_can_be_given_up_only_while_it_runs() {
    for phase in PHASES {
        let mut world = world_in(phase);
        world.clients[1].client.give_up();
        world.step_ticks(10);
        let has_given_up = states(&world, 0)[1] == Some(PlayerState::Aborted);
        assert_eq!(has_given_up, phase == "playing", "{phase}");
        assert_eq!(refusals(&mut world, 1).is_empty(), has_given_up, "{phase}");
        assert_eq!(phase_name(&world, 0), phase);
    }
}

#[test]
fn whoever_gave_up_is_out_of_the_match_and_in_the_next_one() {
    let mut world = world_in("playing");
    world.clients[1].client.give_up();
    world.step_ticks(30);
    assert_eq!(world.clients[1].client.end(), None);
    assert!(world.step_until(TINY_MATCH_TICKS + 600, |world| phase_name(world, 0) == "lobby"));
    assert_eq!(states(&world, 0)[..3], [Some(PlayerState::Idle); 3]);
    world.clients[0].client.order(HostCommand::Start);
    assert!(world.step_until(300, |world| phase_name(world, 0) == "playing"));
    assert_eq!(states(&world, 0)[..3], [Some(PlayerState::Playing); 3]);
    assert_eq!(world.desyncs(), 0);
}

#[test]
fn a_match_that_everybody_gives_up_is_over() {
    let mut world = world_in("playing");
    world.clients.iter_mut().for_each(|client| client.client.give_up());
    world.step_ticks(10);
    assert_eq!(phase_name(&world, 0), "results");
    assert_eq!(world.clients[0].client.results().expect("a ranking").ranking.len(), 3);
}

#[test]
fn the_host_may_send_somebody_away_in_every_phase() {
    for phase in PHASES {
        let mut world = world_in(phase);
        world.clients[0].client.order(HostCommand::Kick(slot(1)));
        world.step_ticks(10);
        assert_eq!((phase_name(&world, 0), states(&world, 0)[1]), (phase, None));
        assert_eq!(world.told(1), Some(EndCode::Kicked));
        assert_eq!(world.departures(0), [EndCode::Kicked]);
        let secret = world.clients[1].resume;
        assert!(world.join(JoinTarget::Resume(secret)).is_err(), "a seat that was taken away is not given back");
    }
}

#[test]
fn nobody_but_the_host_may_do_what_hosts_do() {
    let mut world = world_in("lobby");
    for order in [HostCommand::Start, HostCommand::Kick(slot(0)), HostCommand::HandOver(slot(1)), HostCommand::Close] {
        world.clients[1].client.order(order);
        world.step_ticks(5);
        assert_eq!(refusals(&mut world, 1), ["only the host can do that"]);
    }
    assert_eq!((host(&world, 1), states(&world, 0).iter().flatten().count()), (0, 3));
}

#[test]
fn the_host_may_end_a_match_that_is_set_or_runs_if_most_agree_and_it_has_no_result() {
    for phase in PHASES {
        let mut world = world_in(phase);
        let finished = world.server.world().resource::<framehouse_server::counters::Counters>().matches_finished;
        world.clients[0].client.order(HostCommand::Abort);
        world.step_ticks(10);
        world.clients[1].client.vote(true);
        world.step_ticks(10);
        let can_be_ended = !matches!(phase, "lobby" | "results");
        assert_eq!(phase_name(&world, 1), if can_be_ended { "lobby" } else { phase });
        assert_eq!(refusals(&mut world, 0).is_empty(), can_be_ended, "{phase}");
        if let (true, Some(Phase::Lobby { reason })) = (can_be_ended, world.clients[1].client.phase()) {
            assert!(reason.as_ref().is_some_and(|reason| reason.contains("host")), "{reason:?}");
        }
        let counters = world.server.world().resource::<framehouse_server::counters::Counters>();
        assert_eq!(counters.matches_finished, finished, "{phase}");
    }
}

#[test]
fn a_host_who_leaves_is_followed_by_the_longest_member_in_every_phase() {
    for phase in PHASES {
        let mut world = world_in(phase);
        world.clients[0].client.leave();
        world.step_ticks(10);
        assert_eq!((phase_name(&world, 1), host(&world, 1)), (phase, 1));
        world.clients[1].client.order(HostCommand::HandOver(slot(2)));
        world.step_ticks(10);
        // In the loading room the third client is asleep and receives nothing.
        assert_eq!(host(&world, 1), 2, "{phase}");
    }
}

#[test]
fn a_host_whose_connection_is_lost_stays_host_until_its_grace_is_over() {
    let mut world = world_in("lobby");
    let address = world.clients[0].address;
    world.network.set_cut(address, true);
    world.step_ticks(320);
    assert_eq!((host(&world, 1), states(&world, 1)[0]), (0, Some(PlayerState::Away)));
    world.step_ticks(620);
    assert_eq!((host(&world, 1), states(&world, 1)[0]), (1, None));
}

#[test]
fn who_does_not_load_in_time_is_left_out_and_comes_in_late() {
    let mut world = world_in("loading");
    assert!(world.step_until(320, |world| phase_name(world, 0) == "countdown"));
    assert!(world.step_until(200, |world| phase_name(world, 0) == "playing"));
    // After this time it is shown as away, and the match goes on without it.
    assert_eq!(states(&world, 0)[..2], [Some(PlayerState::Playing); 2]);
    let room = world.rooms()[0].1;
    let third = by_slot(world.server.world(), room)[2];
    assert!(!world.server.world().get::<Player>(third).expect("its seat is kept").takes_part());
    let back = world.join(JoinTarget::Resume(world.clients[2].resume)).expect("its seat is kept");
    world.step_ticks(60);
    assert_eq!(states(&world, 0)[2], Some(PlayerState::Playing));
    assert_eq!(phase_name(&world, back), "playing");
    world.step_ticks(300);
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
}

#[test]
fn a_match_that_too_few_load_does_not_start() {
    let mut world = world_in("loading");
    world.clients[1].client.leave();
    assert!(world.step_until(320, |world| phase_name(world, 0) == "lobby"));
    let Some(Phase::Lobby { reason: Some(reason) }) = world.clients[0].client.phase() else { panic!("a reason") };
    assert!(reason.contains("too few"), "{reason}");
}

#[test]
fn a_room_that_starts_and_ends_matches_all_the_time_has_to_wait() {
    let mut world = world_in("lobby");
    let mut sets = 0;
    for _ in 0..300 {
        let before = phase_name(&world, 0);
        world.clients[0].client.order(if before == "lobby" { HostCommand::Start } else { HostCommand::Abort });
        world.step_ticks(1);
        sets += u32::from(before == "lobby" && phase_name(&world, 0) != "lobby");
    }
    assert!((2..=5).contains(&sets), "{sets} matches were set within ten seconds");
}

/// The tiny game, which panics when a match opens.
struct Unopened;

impl Game for Unopened {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
    }

    fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {
        panic!("a test wants this match not to open");
    }

    fn missing_input(&self, last: Input) -> Input {
        TinyPlugin.missing_input(last)
    }
}

#[test]
fn a_game_that_panics_while_a_match_is_set_loses_that_room_only() {
    let mut world = World::new(TinyPlugin, 41).with_players_in_another_room(2).with_players_in_another_room(2);
    world.step_to_playing();
    let game = world.server.world().resource::<GameHandle>().clone();
    world.server.world_mut().insert_resource(GameHandle::new(Unopened));
    world.clients[0].client.leave();
    world.clients[1].client.leave();
    world.step_ticks(10);
    let third =
        world.join(JoinTarget::Create { size: 1, private: true, practice: true, economy: None }).expect("a room");
    world.step_ticks(60);
    assert_eq!(world.told(third), Some(EndCode::RoomFaulted));
    world.server.world_mut().insert_resource(game);
    assert_eq!(phase_name(&world, 2), "playing");
    world.step_ticks(60);
    assert_eq!((phase_name(&world, 3), world.desyncs()), ("playing", 0));
}

#[test]
fn a_room_that_its_host_closes_tells_everybody_and_whoever_is_about_to_come() {
    let mut world = world_in("lobby");
    let code = world.clients[0].room;
    let watcher = world.join(JoinTarget::Watch(code)).expect("a place to watch");
    world.step_ticks(10);
    assert_eq!(world.clients[0].client.spectators(), 1);
    world.clients[0].client.order(HostCommand::Close);
    // Its seat is reserved before the room closes, and it connects only afterwards.
    world.set_link("delay=100".parse().expect("a good description"));
    let late = world.join(JoinTarget::Code(code)).expect("a seat");
    world.step_ticks(30);
    for client in [0, 1, 2, watcher] {
        assert_eq!(world.told(client), Some(EndCode::RoomClosed));
    }
    assert_eq!(world.told(late), Some(EndCode::RoomGone));
    world.step_ticks(400);
    check::nothing_is_left(&mut world.server);
}

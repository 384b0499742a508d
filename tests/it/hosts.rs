//! Hosts: what they may do to others, and what happens when they do nothing.

use std::net::{IpAddr, Ipv4Addr};

use framehouse_harness::world::World;
use framehouse_server::{
    config::RoomSettings,
    counters::Counters,
    room::{
        connected,
        directory::{JoinError, JoinTarget},
    },
};
use framehouse_shared::{
    ids::Slot,
    protocol::{
        end::EndCode,
        messages::{HostCommand, Phase},
    },
};
use framehouse_tiny::TinyPlugin;

fn address(number: u8) -> IpAddr {
    Ipv4Addr::new(198, 51, 100, number).into()
}

/// A lobby of these addresses in a room of eight seats. The first one is the host.
fn lobby_of(seed: u64, callers: &[IpAddr]) -> World {
    let rooms = RoomSettings { countdown_s: 0.5, abort_vote_s: 5.0, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, seed, rooms);
    for (index, caller) in callers.iter().enumerate() {
        let create = JoinTarget::Create { size: 8, private: false, practice: false, economy: None };
        let target = if index == 0 { create } else { JoinTarget::Code(world.clients[0].room) };
        world.join_as_caller(target, *caller).expect("a seat");
        world.step_ticks(10);
    }
    world
}

fn match_of(seed: u64, players: u8) -> World {
    let callers: Vec<IpAddr> = (1..=players).map(address).collect();
    let mut world = lobby_of(seed, &callers);
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(30);
    world
}

fn order(world: &mut World, client: usize, order: HostCommand) {
    world.clients[client].client.order(order);
    world.step_ticks(10);
}

fn vote(world: &mut World, client: usize, agrees: bool) {
    world.clients[client].client.vote(agrees);
    world.step_ticks(10);
}

fn slot(number: u8) -> Slot {
    Slot::new(number).expect("in range")
}

fn is_playing(world: &World) -> bool {
    matches!(world.clients[0].client.phase(), Some(Phase::Playing { .. }))
}

fn is_in_lobby(world: &World) -> bool {
    matches!(world.clients[0].client.phase(), Some(Phase::Lobby { .. }))
}

fn results(world: &World) -> u64 {
    world.server.world().resource::<Counters>().matches_finished
}

fn host(world: &World, client: usize) -> Option<u8> {
    world.clients[client].client.host().map(u8::from)
}

#[test]
fn a_running_match_ends_only_when_most_players_agree() {
    let mut world = match_of(120, 4);
    order(&mut world, 0, HostCommand::Abort);
    for client in 0..4 {
        let (vote, _) = world.clients[client].client.abort_vote().expect("everybody sees the vote");
        assert_eq!((vote.agreed, vote.refused, vote.needed), (1, 0, 3));
        assert_eq!(world.clients[client].client.is_asked(), client != 0);
    }
    vote(&mut world, 1, true);
    vote(&mut world, 2, false);
    assert!(is_playing(&world), "two of four are not most of them");
    vote(&mut world, 2, true);
    assert!(is_in_lobby(&world) && world.clients[3].client.abort_vote().is_none());
    assert_eq!((results(&world), world.errors()), (0, vec![]), "it has no result");
}

#[test]
fn a_match_whose_players_refuse_runs_on_to_its_result_and_the_host_has_to_wait() {
    let mut world = match_of(121, 2);
    order(&mut world, 0, HostCommand::Abort);
    vote(&mut world, 1, false);
    assert!(is_playing(&world) && world.clients[1].client.abort_vote().is_none());
    order(&mut world, 0, HostCommand::Abort);
    assert_eq!(world.clients[1].client.abort_vote(), None, "it has asked a moment ago");
    world.step_ticks(300);
    order(&mut world, 0, HostCommand::Abort);
    assert!(world.clients[1].client.is_asked(), "now it may ask again");
    // Nobody answers.
    world.step_ticks(150);
    assert!(is_playing(&world) && world.clients[1].client.abort_vote().is_none());
    assert!(world.step_until(1200, |world| results(world) == 1));
}

#[test]
fn who_watches_has_no_say_and_who_has_left_is_not_waited_for() {
    let mut world = match_of(122, 3);
    let code = world.clients[0].room;
    let watcher = world.join(JoinTarget::Watch(code)).expect("a place");
    world.step_ticks(10);
    order(&mut world, 0, HostCommand::Abort);
    vote(&mut world, watcher, true);
    assert!(is_playing(&world), "a spectator has no vote");
    world.clients[2].client.leave();
    world.step_ticks(10);
    let (vote_left, _) = world.clients[1].client.abort_vote().expect("still open");
    assert_eq!((vote_left.voters, vote_left.needed), (0b011, 2), "everybody sees that one is gone");
    vote(&mut world, 1, true);
    assert!(is_in_lobby(&world), "two of two");
    let mut world = match_of(123, 2);
    world.clients[1].client.leave();
    world.step_ticks(10);
    order(&mut world, 0, HostCommand::Abort);
    assert!(is_in_lobby(&world), "nobody else is there to be asked");
}

#[test]
fn a_host_cannot_end_a_match_while_its_rival_is_disconnected() {
    let mut world = match_of(132, 2);
    let room = world.rooms()[0].1;
    let (rival, secret) = (world.clients[1].address, world.clients[1].resume);
    world.network.set_cut(rival, true);
    assert!(world.step_until(world.ticks(12.0), |world| connected(world.server.world(), room) == 1));
    order(&mut world, 0, HostCommand::Close);
    order(&mut world, 0, HostCommand::Abort);
    assert!(is_playing(&world), "the rival's seat is kept, and it has not agreed");
    let rival = world.join(JoinTarget::Resume(secret)).expect("its seat");
    world.step_ticks(30);
    let (open, _) = world.clients[rival].client.abort_vote().expect("still open");
    assert!((open.agreed, open.needed) == (0b01, 2) && world.clients[rival].client.is_asked());
    vote(&mut world, rival, true);
    assert!(is_in_lobby(&world), "both agree");
}

#[test]
fn who_comes_during_a_match_has_no_say_in_ending_it() {
    let mut world = match_of(133, 4);
    for rival in 1..4 {
        order(&mut world, 0, HostCommand::Kick(slot(rival)));
    }
    let code = world.clients[0].room;
    let friends: Vec<usize> =
        (10..14).map(|caller| world.join_as_caller(JoinTarget::Code(code), address(caller)).expect("a seat")).collect();
    world.step_ticks(30);
    order(&mut world, 0, HostCommand::Abort);
    for friend in &friends {
        assert!(!world.clients[*friend].client.is_asked());
        vote(&mut world, *friend, true);
    }
    assert!(is_playing(&world), "four friends do not outvote three rivals");
    // A friend is the host now, and was not asked itself.
    order(&mut world, 0, HostCommand::HandOver(slot(1)));
    for command in [HostCommand::Close, HostCommand::Abort] {
        order(&mut world, friends[0], command);
        assert!(is_playing(&world));
    }
    assert!(world.step_until(1200, |world| results(world) == 1), "the match has its result");
}

#[test]
fn a_friend_who_becomes_host_cannot_end_the_match_of_the_one_who_plays_on() {
    let mut world = match_of(134, 2);
    let code = world.clients[0].room;
    let friend = world.join_as_caller(JoinTarget::Code(code), address(10)).expect("a seat");
    world.step_ticks(30);
    order(&mut world, 0, HostCommand::HandOver(slot(2)));
    world.clients[0].client.leave();
    world.step_ticks(10);
    let is_playing = |world: &World| matches!(world.clients[1].client.phase(), Some(Phase::Playing { .. }));
    order(&mut world, friend, HostCommand::Close);
    order(&mut world, friend, HostCommand::Abort);
    assert!(is_playing(&world) && world.clients[1].client.is_asked());
    vote(&mut world, 1, false);
    assert!(is_playing(&world));
    assert!(world.step_until(1200, |world| results(world) == 1), "the match has its result");
}

#[test]
fn players_that_the_host_sends_away_do_not_make_it_a_majority() {
    let mut world = match_of(124, 3);
    order(&mut world, 0, HostCommand::Kick(slot(1)));
    order(&mut world, 0, HostCommand::Kick(slot(2)));
    order(&mut world, 0, HostCommand::Abort);
    order(&mut world, 0, HostCommand::Close);
    assert!(is_playing(&world), "two who were sent away have not agreed");
    assert!(world.step_until(1200, |world| results(world) == 1), "the match has its result");
    world.step_ticks(5);
    let ranking = world.clients[0].client.results().expect("a ranking").ranking.len();
    assert_eq!(ranking, 3, "with everybody who played");
}

#[test]
fn a_room_cannot_be_closed_during_a_match_of_several_players() {
    let mut world = match_of(125, 2);
    order(&mut world, 0, HostCommand::Close);
    assert!(is_playing(&world));
    assert!(world.step_until(1200, is_in_lobby));
    order(&mut world, 0, HostCommand::Close);
    assert_eq!((world.told(1), results(&world)), (Some(EndCode::RoomClosed), 1));
}

#[test]
fn who_is_sent_away_does_not_come_back_under_another_name() {
    let mut world = lobby_of(126, &[address(1), address(2), address(3)]);
    let code = world.clients[0].room;
    let secret = world.clients[1].resume;
    order(&mut world, 0, HostCommand::Kick(slot(1)));
    assert_eq!(world.told(1), Some(EndCode::Kicked));
    world.set_name("somebody else".to_owned());
    for target in [JoinTarget::Code(code), JoinTarget::Watch(code)] {
        assert_eq!(world.join_as_caller(target, address(2)), Err(JoinError::SentAway(code)));
    }
    assert_eq!(world.join_as_caller(JoinTarget::Resume(secret), address(2)), Err(JoinError::NoSuchSeat));
    let other = world.join_as_caller(JoinTarget::Quick, address(2)).expect("another room");
    assert_ne!(world.clients[other].room, code);
    assert!(world.join_as_caller(JoinTarget::Code(code), address(4)).is_ok(), "others may come");
    // The next host does not change that.
    order(&mut world, 0, HostCommand::HandOver(slot(2)));
    assert_eq!(world.join_as_caller(JoinTarget::Code(code), address(2)), Err(JoinError::SentAway(code)));
}

#[test]
fn at_a_shared_address_only_the_name_is_sent_away() {
    for caller in [address(1), Ipv4Addr::LOCALHOST.into()] {
        let mut world = lobby_of(127, &[caller; 3]);
        let code = world.clients[0].room;
        order(&mut world, 0, HostCommand::Kick(slot(1)));
        world.set_name("Player 1".to_owned());
        assert_eq!(world.join_as_caller(JoinTarget::Code(code), caller), Err(JoinError::SentAway(code)));
        world.set_name("player 9".to_owned());
        assert!(world.join_as_caller(JoinTarget::Code(code), caller).is_ok());
    }
}

#[test]
fn who_was_sent_away_and_had_another_seat_reserved_does_not_get_it() {
    let mut world = lobby_of(128, &[address(1), address(2)]);
    let code = world.clients[0].room;
    world.set_link("delay=300".parse().expect("a good description"));
    let second = world.join_as_caller(JoinTarget::Code(code), address(2)).expect("a seat is free");
    order(&mut world, 0, HostCommand::Kick(slot(1)));
    world.step_ticks(90);
    assert_eq!(world.told(second), Some(EndCode::Kicked));
    assert_eq!(world.clients[0].client.members().expect("in a room").iter().flatten().count(), 1);
}

#[test]
fn a_host_that_does_nothing_while_others_are_ready_loses_its_role() {
    let mut world = lobby_of(129, &[address(1), address(2), address(3), address(4)]);
    world.step_ticks(world.ticks(90.0));
    assert_eq!(host(&world, 1), Some(0), "nobody waits for it");
    world.clients[2].client.set_ready(true);
    world.step_ticks(world.ticks(50.0));
    world.clients[0].client.chat("one moment");
    world.step_ticks(world.ticks(50.0));
    assert_eq!(host(&world, 1), Some(0), "it has done something");
    world.step_ticks(world.ticks(15.0));
    assert_eq!(host(&world, 1), Some(2), "the one that is ready is the host now");
    assert!(is_in_lobby(&world));
}

#[test]
fn a_host_that_is_ready_itself_stays_host() {
    let mut world = lobby_of(130, &[address(1), address(2), address(3), address(4)]);
    [0, 1].into_iter().for_each(|client| world.clients[client].client.set_ready(true));
    world.step_ticks(world.ticks(90.0));
    assert_eq!(host(&world, 1), Some(0));
    assert!(is_in_lobby(&world), "two of four are not most of them");
}

#[test]
fn a_ready_majority_starts_the_match_after_a_countdown_that_everybody_sees() {
    let mut world = lobby_of(131, &[address(1), address(2), address(3)]);
    let is_counting = |world: &World| (0..3).map(|c| world.clients[c].client.starts_at().is_some()).collect::<Vec<_>>();
    [1, 2].into_iter().for_each(|client| world.clients[client].client.set_ready(true));
    world.step_ticks(10);
    assert_eq!(is_counting(&world), [true; 3]);
    world.clients[2].client.set_ready(false);
    world.step_ticks(10);
    assert_eq!(is_counting(&world), [false; 3], "it is withdrawn");
    world.step_ticks(world.ticks(25.0));
    assert!(is_in_lobby(&world));
    world.clients[2].client.set_ready(true);
    world.step_ticks(10);
    let code = world.clients[0].room;
    let late = world.join_as_caller(JoinTarget::Watch(code), address(9)).expect("a place");
    world.step_ticks(10);
    assert!(world.clients[late].client.starts_at().is_some(), "also who comes later");
    world.step_ticks(world.ticks(18.0));
    assert!(is_in_lobby(&world));
    assert!(world.step_until(world.ticks(5.0), is_playing));
    assert_eq!(is_counting(&world), [false; 3]);
    assert_eq!(world.errors(), Vec::<String>::new());
}

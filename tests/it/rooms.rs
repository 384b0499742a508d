//! Joining and leaving rooms: quick match, codes, full rooms, reservations.

use framehouse_harness::{check, world::World};
use framehouse_server::{
    config::RoomSettings,
    counters::Counters,
    room::{
        Members,
        directory::{JoinError, JoinTarget, LocalHello},
    },
};
use framehouse_shared::{
    api::PlayerSecret,
    ids::RoomCode,
    protocol::{
        end::EndCode,
        messages::{Hello, Phase, PlayerState},
    },
};
use framehouse_tiny::TinyPlugin;

const CREATE: JoinTarget = JoinTarget::Create { size: 2, private: false, practice: false, economy: None };

#[test]
fn an_unknown_code_and_a_full_room_are_refused() {
    let mut world = World::new(TinyPlugin, 1).with_players(2);
    let code = world.room_code();
    assert_eq!(world.join(JoinTarget::Code(code)), Err(JoinError::RoomFull(code)));
    let other = (0..).map(RoomCode::from_number).find(|other| *other != code).expect("there are others");
    assert_eq!(world.join(JoinTarget::Code(other)), Err(JoinError::NoSuchRoom(other)));
}

#[test]
fn quick_match_fills_rooms_and_leaves_private_ones_alone() {
    let mut world = World::new(TinyPlugin, 2);
    world.join(JoinTarget::Create { size: 4, private: true, practice: false, economy: None }).expect("a room");
    for _ in 0..5 {
        world.join(JoinTarget::Quick).expect("a seat");
    }
    world.step_ticks(60);
    let sizes: Vec<usize> = world
        .rooms()
        .iter()
        .map(|(_, room)| Members::entities(world.server.world().get::<Members>(*room)).len())
        .collect();
    assert_eq!(sizes, [1, 4, 1]);
}

#[test]
fn quick_match_prefers_near_ratings_among_open_rooms() {
    let mut world = World::new(TinyPlugin, 13);
    let secret = PlayerSecret::from_random;
    let create = JoinTarget::Create { size: 4, private: false, practice: false, economy: None };
    let mut quick = |target: &JoinTarget, player, rating| {
        let index = world.join_rated(target.clone(), secret(player), rating).expect("a seat");
        world.clients[index].room
    };
    let beginners = quick(&create, 1, 1500);
    assert_eq!(quick(&JoinTarget::Quick, 2, 4000), beginners, "there is no other room");
    let experts = quick(&create, 3, 3600);
    assert_ne!(experts, beginners);
    // The mean of the first room is 27.50, and it is the fuller one.
    assert_eq!(quick(&JoinTarget::Quick, 4, 3500), experts);
    assert_eq!(quick(&JoinTarget::Quick, 5, 2600), beginners);
    assert_eq!(quick(&JoinTarget::Quick, 6, 9000), experts, "the nearest, as far as it is");
    let index = world.join(JoinTarget::Quick).expect("a seat");
    assert_eq!(world.clients[index].room, beginners, "a player without a rating goes to the first of the fullest");
}

#[test]
fn a_reservation_nobody_uses_ends_and_the_empty_room_goes() {
    let mut world = World::new(TinyPlugin, 3).with_link("loss=1");
    world.join(CREATE).expect("a room");
    assert_eq!(world.rooms().len(), 1);
    world.step_ticks(140);
    assert_eq!(world.rooms().len(), 1, "the seat is kept for five seconds");
    world.step_ticks(20);
    assert_eq!(world.rooms().len(), 0);
    assert_eq!(world.server.sessions(), 0);
}

#[test]
fn everyone_who_leaves_is_gone_and_so_is_the_room() {
    let mut world = World::new(TinyPlugin, 4).with_players(4);
    world.step_to_playing();
    world.step_ticks(30);
    for index in 0..4 {
        world.clients[index].client.leave();
        world.step_ticks(10);
        assert_eq!(world.clients.iter().filter(|client| client.client.ended().is_none()).count(), 3 - index);
    }
    world.step_ticks(60);
    assert_eq!((world.rooms().len(), world.server.sessions()), (0, 0));
    assert_eq!(world.errors(), Vec::<String>::new());
    check::no_room_faulted(&world.server);
}

#[test]
fn everyone_leaving_at_once_ends_the_match_and_the_room() {
    let mut world = World::new(TinyPlugin, 9).with_players(4);
    world.step_to_playing();
    world.step_ticks(30);
    world.clients.iter_mut().for_each(|client| client.client.leave());
    world.step_ticks(60);
    assert_eq!((world.rooms().len(), world.server.sessions()), (0, 0));
    assert_eq!(world.server.world().resource::<Counters>().matches_finished, 1);
    check::no_room_faulted(&world.server);
}

#[test]
fn a_lost_connection_keeps_its_seat_for_the_grace_period_and_no_longer() {
    let rooms = RoomSettings { countdown_s: 1.0, grace_s: 5.0, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 5, rooms).with_players(2);
    world.step_to_playing();
    let address = world.clients[1].address;
    world.network.set_cut(address, true);
    let states = |world: &World| -> Vec<PlayerState> {
        world.clients[0].client.members().expect("in the room").iter().flatten().map(|member| member.state).collect()
    };
    world.step_ticks(75);
    assert_eq!(states(&world), [PlayerState::Playing, PlayerState::Away], "silent for two seconds");
    world.step_ticks(285);
    assert!(world.clients[1].client.end().is_some_and(|end| end.is_lost), "the client knows");
    assert_eq!(states(&world), [PlayerState::Playing, PlayerState::Away], "the seat is kept");
    let code = world.room_code();
    assert_eq!(world.join(JoinTarget::Code(code)), Err(JoinError::RoomFull(code)));
    world.step_ticks(150);
    assert_eq!(states(&world), [PlayerState::Playing]);
    assert_eq!(world.departures(0), [EndCode::ConnectionLost]);
    assert!(world.join(JoinTarget::Code(code)).is_ok());
    assert_eq!(world.join(JoinTarget::Resume(world.clients[1].resume)), Err(JoinError::NoSuchSeat));
}

#[test]
fn too_few_players_before_the_first_tick_lead_back_to_the_lobby() {
    let mut world = World::new(TinyPlugin, 6).with_players(2);
    let counting = |world: &World| matches!(world.clients[0].client.phase(), Some(Phase::Countdown { .. }));
    assert!(world.step_until(60, counting));
    world.clients[1].client.leave();
    world.step_ticks(15);
    let phase = world.clients[0].client.phase().expect("still in the room");
    assert!(matches!(phase, Phase::Lobby { reason: Some(reason) } if reason.contains("too few")), "{phase:?}");
}

#[test]
fn a_client_of_another_version_is_told_so() {
    let mut world = World::new(TinyPlugin, 7);
    let hello = Hello { protocol: 1, ..world.server.world().resource::<LocalHello>().0.clone() };
    let index = world.join_as(CREATE, hello).expect("a seat");
    world.step_ticks(60);
    let reason = world.clients[index].client.ended().expect("it was refused").to_owned();
    assert!(reason.contains("protocol") && reason.contains("update"), "{reason}");
    assert_eq!(world.told(index), Some(EndCode::VersionDiffers));
    world.step_ticks(120);
    assert_eq!((world.rooms().len(), world.server.sessions()), (0, 0));
}

#[test]
fn a_stopping_server_tells_everybody_and_lets_nobody_in() {
    let mut world = World::new(TinyPlugin, 8).with_players(2);
    world.step_to_playing();
    world.server.say_goodbye();
    world.step_ticks(30);
    assert_eq!(
        world.server.world().resource::<Counters>().matches_finished,
        0,
        "a match that is cut off has no result"
    );
    assert!((0..2).all(|client| world.told(client) == Some(EndCode::ServerStopping)));
    assert_eq!(world.server.sessions(), 0);
    assert_eq!(world.join(JoinTarget::Quick), Err(JoinError::Stopping));
}

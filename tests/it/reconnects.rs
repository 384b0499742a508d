//! Reconnects: with the own secret, with a second session, and with another player's secret.

use framehouse_harness::world::{LOOPBACK, World};
use framehouse_server::{
    config::RoomSettings,
    net::{endpoint::ClientKind, secret::ResumeSecret},
    room::{
        directory::{JoinError, JoinRequest, JoinTarget},
        score::ScoreBuffer,
    },
};
use framehouse_shared::protocol::{
    end::EndCode,
    messages::{Phase, PlayerState},
};
use framehouse_tiny::TinyPlugin;

fn points(world: &World, client: usize, slot: usize) -> i64 {
    let board = world.clients[client].client.leaderboard().expect("a leaderboard every two seconds");
    board.entries.iter().find(|entry| u8::from(entry.slot) as usize == slot).map_or(0, |entry| entry.points)
}

#[test]
fn a_lost_player_gets_its_seat_and_its_score_back_in_a_running_match() {
    for economy in [false, true] {
        a_lost_player_comes_back(economy);
    }
}

fn a_lost_player_comes_back(economy: bool) {
    let rooms = RoomSettings { results_s: 1.0, countdown_s: 1.0, economy, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 60, rooms).with_link("delay=50,jitter=5").with_players(2);
    world.step_to_playing();
    world.step_ticks(200);
    let before = points(&world, 0, 1);
    assert!(before > 5, "the bot pressed: {before}");
    world.clients[1].is_asleep = true;
    let address = world.clients[1].address;
    world.network.set_cut(address, true);
    world.step_ticks(320);
    let while_away = points(&world, 0, 1);
    let back = world.join(JoinTarget::Resume(world.clients[1].resume)).expect("its seat is kept");
    world.step_ticks(120);
    assert!(points(&world, 0, 1) >= while_away && while_away >= before);
    assert_eq!(
        world.clients[back].client.name_of(world.clients[back].client.slot().expect("a seat")),
        Some("player 1")
    );
    world.step_ticks(150);
    assert!(points(&world, back, 1) > while_away, "it plays on");
    let room = world.rooms()[0].1;
    assert!(world.confirmed_lag_of(back, room) < 20);
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
}

#[test]
fn a_second_session_of_a_player_takes_over_and_the_first_is_told_why() {
    let mut world = World::new(TinyPlugin, 61).with_players(2);
    world.step_to_playing();
    let second = world.join(JoinTarget::Resume(world.clients[1].resume)).expect("it is the same player");
    world.step_ticks(60);
    assert_eq!(world.told(1), Some(EndCode::TakenOver));
    assert!(matches!(world.clients[second].client.phase(), Some(Phase::Playing { .. })));
    let members = world.clients[0].client.members().expect("in the room");
    assert_eq!(members.iter().flatten().count(), 2);
    assert!(members.iter().flatten().all(|member| member.state == PlayerState::Playing));
    assert_eq!(world.clients[0].client.stats().event_gaps, 0);
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
}

#[test]
fn a_wrong_secret_gets_no_seat() {
    let mut world = World::new(TinyPlugin, 62).with_players(2);
    world.step_to_playing();
    assert_eq!(world.join(JoinTarget::Resume(ResumeSecret::random())), Err(JoinError::NoSuchSeat));
    let secret = world.clients[1].resume;
    world.clients[1].client.leave();
    world.step_ticks(10);
    assert_eq!(world.join(JoinTarget::Resume(secret)), Err(JoinError::NoSuchSeat), "who left has no seat");
}

#[test]
fn spectators_see_everything_and_count_for_nothing() {
    let mut world = World::new(TinyPlugin, 63).with_link("delay=30,loss=0.02").with_players(2);
    let code = world.clients[0].room;
    let watchers: Vec<usize> = (0..8).map(|_| world.join(JoinTarget::Watch(code)).expect("a place")).collect();
    world.step_ticks(60);
    assert_eq!(world.join(JoinTarget::Watch(code)), Err(JoinError::SpectatorsFull(code)));
    world.step_to_playing();
    world.step_ticks(300);
    let room = world.rooms()[0].1;
    for watcher in &watchers {
        assert_eq!(world.clients[*watcher].client.slot(), None);
        assert!(world.confirmed_lag_of(*watcher, room) < 20, "a spectator follows the match");
        assert!(world.clients[*watcher].client.leaderboard().is_some());
    }
    assert_eq!(world.clients[0].client.members().expect("in the room").iter().flatten().count(), 2);
    assert_eq!(world.clients[0].client.spectators(), 8);
    world.clients[0].client.leave();
    world.clients[1].client.leave();
    world.step_ticks(30);
    assert!(watchers.iter().all(|watcher| world.told(*watcher) == Some(EndCode::RoomDeserted)));
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]));
}

#[test]
fn who_comes_late_sees_the_leaderboard_at_once() {
    let mut world = World::new(TinyPlugin, 64).with_players(2);
    world.step_to_playing();
    world.step_ticks(75);
    let code = world.clients[0].room;
    let watcher = world.join(JoinTarget::Watch(code)).expect("a place");
    world.step_ticks(10);
    assert!(world.clients[watcher].client.leaderboard().is_some());
}

#[test]
fn giving_up_empties_the_score_buffer_at_once() {
    let mut world = World::new(TinyPlugin, 65).with_players(2);
    world.step_to_playing();
    world.step_ticks(100);
    let kept = |world: &mut World| -> Vec<usize> {
        let ecs = world.server.world_mut();
        let mut query = ecs.query::<(&framehouse_server::room::Player, &ScoreBuffer)>();
        let mut kept: Vec<_> = query.iter(ecs).map(|(player, scores)| (player.slot(), scores.points().len())).collect();
        kept.sort();
        kept.into_iter().map(|(_, count)| count).collect()
    };
    assert!(kept(&mut world).iter().all(|count| *count > 10));
    world.clients[1].client.give_up();
    world.step_ticks(4);
    assert_eq!(kept(&mut world)[1], 0);
}

#[test]
fn no_more_people_watch_than_may_however_fast_they_come() {
    let mut world = World::new(TinyPlugin, 66).with_players(2);
    let code = world.clients[0].room;
    let tokens = (0..20).filter(|_| world.join(JoinTarget::Watch(code)).is_ok()).count();
    assert_eq!(tokens, 8);
    world.step_ticks(60);
    assert_eq!(world.clients[0].client.spectators(), 8);
}

#[test]
fn who_is_on_the_way_back_finds_its_seat_although_the_grace_is_over_meanwhile() {
    let rooms = RoomSettings { grace_s: 5.0, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 67, rooms).with_players(2);
    let address = world.clients[1].address;
    world.network.set_cut(address, true);
    let is_lost = |world: &World| world.clients[1].client.end().is_some();
    assert!(world.step_until(400, is_lost));
    world.step_ticks(130);
    world.set_link("delay=400".parse().expect("a good description"));
    let back = world.join(JoinTarget::Resume(world.clients[1].resume)).expect("its seat is kept");
    world.step_ticks(90);
    assert!(world.clients[back].client.slot().is_some(), "{:?}", world.clients[back].client.end());
    // Requests alone do not keep a seat for ever.
    let address = world.clients[back].address;
    world.network.set_cut(address, true);
    world.step_ticks(360);
    for _ in 0..30 {
        let target = JoinTarget::Resume(world.clients[1].resume);
        let _ = world.server.join(&JoinRequest {
            name: "player 1".into(),
            target,
            secret: None,
            rating: None,
            hello: None,
            caller: LOOPBACK,
            kind: ClientKind::Simulating,
        });
        world.step_ticks(30);
    }
    assert_eq!(world.clients[0].client.members().expect("in the room").iter().flatten().count(), 1);
}

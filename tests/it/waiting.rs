//! Rooms that wait for inputs: `strict_timeout_s` and `hard_tolerance_ticks`.

use framehouse_harness::world::World;
use framehouse_server::{
    config::RoomSettings,
    room::{clock::RoomClock, directory::JoinTarget},
};
use framehouse_tiny::TinyPlugin;

fn next_tick(world: &mut World) -> u32 {
    let room = world.rooms()[0].1;
    world.server.world().get::<RoomClock>(room).expect("a room has a clock").next_tick().0
}

fn world(rooms: RoomSettings) -> World {
    let rooms = RoomSettings { countdown_s: 1.0, ..rooms };
    let mut world = World::with_rooms(TinyPlugin, 1, rooms).with_link("delay=20").with_players(2);
    world.step_to_playing();
    world.step_ticks(60);
    world
}

#[test]
fn a_strict_room_commits_no_partial_frame_before_its_time_out() {
    let mut world = world(RoomSettings { strict_timeout_s: 2.0, ..Default::default() });
    let address = world.clients[1].address;
    world.network.set_cut(address, true);
    world.step_ticks(10);
    let stopped_at = next_tick(&mut world);
    world.step_ticks(40);
    assert_eq!(next_tick(&mut world), stopped_at, "the room waits for the silent player");
    world.step_ticks(30);
    let after = next_tick(&mut world);
    assert!(after > stopped_at, "after two seconds it goes on");
    world.step_ticks(30);
    assert_eq!(next_tick(&mut world), after + 30, "and waits for the silent player no more");
    world.network.set_cut(address, false);
    world.step_ticks(120);
    assert_eq!(world.desyncs(), 0);
    assert!(world.confirmed_lag().into_iter().all(|lag| lag < 20));
}

#[test]
fn a_player_who_never_plays_holds_a_strict_room_up_once() {
    let mut world = World::with_rooms(
        TinyPlugin,
        3,
        RoomSettings { strict_timeout_s: 1.0, countdown_s: 1.0, ..Default::default() },
    )
    .with_players(2);
    let address = world.clients[1].address;
    world.network.set_cut(address, true);
    world.step_ticks(100);
    assert!(next_tick(&mut world) > 30, "the room is at tick {}", next_tick(&mut world));
}

#[test]
fn a_tolerant_room_waits_two_ticks_and_an_ordinary_one_does_not() {
    for (hard_tolerance_ticks, lost) in [(0, 0), (2, 2)] {
        let mut world = world(RoomSettings { hard_tolerance_ticks, ..Default::default() });
        let address = world.clients[1].address;
        let before = next_tick(&mut world);
        world.network.set_cut(address, true);
        world.step_ticks(60);
        assert_eq!(next_tick(&mut world), before + 60 - lost, "tolerance {hard_tolerance_ticks}");
    }
}

#[test]
fn a_strict_room_of_players_who_are_all_there_never_loses_an_input() {
    for economy in [false, true] {
        no_input_is_lost(economy);
    }
}

fn no_input_is_lost(economy: bool) {
    let rooms = RoomSettings { strict_timeout_s: 5.0, economy, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 2, rooms).with_link("spread=150,loss=0.05");
    world.join(JoinTarget::Create { size: 2, private: false, practice: false, economy: None }).expect("a room");
    let code = world.room_code();
    world.join(JoinTarget::Code(code)).expect("a seat");
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(400);
    for client in &world.clients {
        assert_eq!(client.client.stats().replaced_inputs, 0);
    }
    assert_eq!(world.desyncs(), 0);
}

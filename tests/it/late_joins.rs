//! Late joins into a running match of sixteen players, over a round trip of 100 ms.

use framehouse_arena::ArenaPlugin;
use framehouse_harness::world::World;
use framehouse_server::{config::RoomSettings, room::directory::JoinTarget};
use framehouse_shared::tick::Tick;

/// Fifteen of sixteen seats play.
fn fifteen(economy: bool) -> World {
    let rooms = RoomSettings { results_s: 1.0, countdown_s: 1.0, economy, ..Default::default() };
    let mut world = World::with_rooms(ArenaPlugin, 31, rooms).with_link("delay=50");
    world
        .join(JoinTarget::Create { size: 16, private: false, practice: false, economy: None })
        .expect("an empty server has room");
    let code = world.room_code();
    for _ in 1..15 {
        world.join(JoinTarget::Code(code)).expect("a free seat");
    }
    world.all_ready();
    world.step_to_playing();
    world.step_ticks(200);
    world
}

fn next_confirmed(world: &World, client: usize) -> Option<Tick> {
    world.clients[client].client.prediction().map(|prediction| prediction.next_confirmed())
}

#[test]
fn the_sixteenth_player_confirms_a_tick_within_a_second() {
    for (economy, lag_max) in [(false, 6), (true, 7)] {
        the_sixteenth_player_comes(economy, lag_max);
    }
}

fn the_sixteenth_player_comes(economy: bool, lag_max: u32) {
    let mut world = fifteen(economy);
    let late = world.join(JoinTarget::Quick).expect("the last seat is free");
    let (mut first, mut confirmed_after) = (None, None);
    for tick in 1..=60 {
        world.step_ticks(1);
        let confirmed = next_confirmed(&world, late);
        first = first.or(confirmed);
        confirmed_after = confirmed_after.or(confirmed.filter(|_| confirmed > first).map(|_| tick));
    }
    assert!(confirmed_after.is_some_and(|ticks| ticks <= 30), "after {confirmed_after:?} ticks");
    world.step_ticks(90);
    assert!(world.confirmed_lag().into_iter().all(|lag| lag <= lag_max), "{:?}", world.confirmed_lag());
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn nobody_else_gets_a_frame_later_because_of_it() {
    // The ticks that the fifteen have confirmed after each tick, with and without the sixteenth player.
    let course = |joins: bool| {
        let mut world = fifteen(false);
        if joins {
            world.join(JoinTarget::Quick).expect("the last seat is free");
        }
        let mut after_tick = |_| {
            world.step_ticks(1);
            (0..15).map(|client| next_confirmed(&world, client)).collect::<Vec<_>>()
        };
        (0..90).map(&mut after_tick).collect::<Vec<_>>()
    };
    let alone = course(false);
    assert_eq!(course(true), alone);
    assert!(alone.windows(2).all(|pair| pair[0] < pair[1]), "everybody confirms in every tick");
}

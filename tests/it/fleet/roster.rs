//! What a server of a fleet tells about its seats, in virtual time.

use framehouse_harness::world::World;
use framehouse_server::room::{
    codes::CodePool,
    directory::JoinTarget,
    roster::{Evictions, RosterBoard},
};
use framehouse_shared::{api::PlayerSecret, ids::RoomCode};
use framehouse_tiny::TinyPlugin;

#[test]
fn a_player_who_is_not_heard_is_away_before_the_connection_is_lost() {
    let mut world = World::new(TinyPlugin, 170);
    let (codes, roster, (_evicted, evictions)) = (CodePool::default(), RosterBoard::default(), Evictions::queue());
    codes.add((0..8).map(RoomCode::from_number));
    world.server.join_fleet(codes, roster.clone(), evictions);
    let ada = world.join_with_secret(JoinTarget::Quick, PlayerSecret::from_random(0xada)).expect("a seat");
    world.step_ticks(60);
    let seats = || roster.newest().seats.iter().map(|seat| seat.is_here).collect::<Vec<_>>();
    assert_eq!(seats(), [true]);
    let address = world.clients[ada].address;
    world.network.set_cut(address, true);
    // More than `away_after_s`, and less than `connection_timeout_s`.
    let ticks = world.ticks(4.0);
    world.step_ticks(ticks);
    assert_eq!(seats(), [false], "the seat is kept, and the player may have another one");
    world.network.set_cut(address, false);
    world.step_ticks(60);
    assert_eq!(seats(), [true]);
}

//! Names: what strangers call themselves, and what the members of a room see.

use framehouse_harness::world::World;
use framehouse_server::room::directory::JoinTarget;
use framehouse_tiny::TinyPlugin;

/// The names of a room's players by seat, as a client sees them.
fn names(world: &World, client: usize) -> Vec<String> {
    let members = world.clients[client].client.members().expect("it is in a room");
    members.iter().flatten().map(|member| member.name.clone()).collect()
}

#[test]
fn players_whose_names_look_alike_are_told_apart_by_a_number() {
    let mut world = World::new(TinyPlugin, 80).with_name("Ada".to_owned());
    world.join(JoinTarget::Create { size: 6, private: false, practice: false, economy: None }).expect("a room");
    let code = world.room_code();
    world.step_ticks(10);
    // The same, in Cyrillic letters, of other letters, and one that looks like the second.
    for name in ["Ada", "\u{410}d\u{430}", "Bob", "Ada 2"] {
        world.set_name(name.to_owned());
        world.join(JoinTarget::Code(code)).expect("a seat");
        world.step_ticks(10);
    }
    let expected = ["Ada", "Ada 2", "\u{410}d\u{430} 3", "Bob", "Ada 2 2"];
    assert!((0..5).all(|client| names(&world, client) == expected), "{:?}", names(&world, 0));
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn a_player_that_comes_back_keeps_its_name_and_a_name_that_is_free_again_is_given_again() {
    let mut world = World::new(TinyPlugin, 81).with_name("Ada".to_owned());
    let first =
        world.join(JoinTarget::Create { size: 3, private: false, practice: false, economy: None }).expect("a room");
    let code = world.clients[first].room;
    world.step_ticks(10);
    world.join(JoinTarget::Code(code)).expect("a seat");
    world.step_ticks(10);
    let back = world.join(JoinTarget::Resume(world.clients[1].resume)).expect("its seat is kept");
    world.step_ticks(10);
    assert_eq!(names(&world, back), ["Ada", "Ada 2"]);
    world.clients[first].client.leave();
    world.step_ticks(10);
    let next = world.join(JoinTarget::Code(code)).expect("a seat");
    world.step_ticks(10);
    assert_eq!(names(&world, next), ["Ada", "Ada 2"]);
}

//! Room codes: what strangers can learn by trying them.

use std::net::{IpAddr, Ipv4Addr};

use framehouse_harness::world::World;
use framehouse_server::{
    counters::Counters,
    room::directory::{JoinError, JoinTarget},
};
use framehouse_shared::{
    ids::RoomCode,
    protocol::messages::{HostCommand, RoomOptions},
};
use framehouse_tiny::TinyPlugin;

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

fn room(size: u8, private: bool) -> JoinTarget {
    JoinTarget::Create { size, private, practice: false, economy: None }
}

/// A code that no room has.
fn wrong(number: u32) -> JoinTarget {
    JoinTarget::Code(RoomCode::long_from_number(number))
}

#[test]
fn a_private_room_has_a_long_code_and_gets_one_when_it_becomes_private() {
    let mut world = World::new(TinyPlugin, 100);
    world.join(room(4, true)).expect("a room");
    world.join(room(4, false)).expect("a room");
    let (private, public) = (world.clients[0].room, world.clients[1].room);
    assert_eq!((private.as_str().len(), public.as_str().len()), (6, 4));
    world.step_ticks(10);
    let options = RoomOptions { seats: 4, private: true, economy: false, map: None };
    world.clients[1].client.order(HostCommand::Configure(options.clone()));
    world.step_ticks(10);
    let hidden = world.clients[1].client.code().expect("in a room");
    assert!(hidden.is_long(), "the members see the new code: {hidden}");
    assert_eq!(world.join(JoinTarget::Code(public)), Err(JoinError::NoSuchRoom(public)));
    assert!(world.join(JoinTarget::Code(hidden)).is_ok());
    // Public and private once more: the room list had its code, so it gets another one.
    for private in [false, true] {
        world.clients[1].client.order(HostCommand::Configure(RoomOptions { private, ..options.clone() }));
        world.step_ticks(10);
    }
    let again = world.clients[1].client.code().expect("in a room");
    assert!(again.is_long() && again != hidden, "{again}");
    assert_eq!(world.join(JoinTarget::Code(hidden)), Err(JoinError::NoSuchRoom(hidden)));
    assert_eq!(world.errors(), Vec::<String>::new());
}

#[test]
fn a_private_room_without_a_place_answers_as_no_room() {
    let mut world = World::new(TinyPlugin, 101);
    for private in [true, false] {
        let host = world.join(room(2, private)).expect("a room");
        let code = world.clients[host].room;
        world.join(JoinTarget::Code(code)).expect("a seat");
        (0..8).for_each(|_| assert!(world.join(JoinTarget::Watch(code)).is_ok()));
        let [full, unseen] = [JoinTarget::Code, JoinTarget::Watch].map(|way| world.join(way(code)));
        if private {
            assert_eq!((full, unseen), (Err(JoinError::NoSuchRoom(code)), Err(JoinError::NoSuchRoom(code))));
        } else {
            assert_eq!((full, unseen), (Err(JoinError::RoomFull(code)), Err(JoinError::SpectatorsFull(code))));
        }
    }
    let other = RoomCode::long_from_number(1);
    let nothing = world.join(JoinTarget::Code(other)).expect_err("no room has this code").to_string();
    let code = world.clients[0].room;
    let full = world.join(JoinTarget::Code(code)).expect_err("it is full").to_string();
    assert_eq!(full.replace(code.as_str(), "?"), nothing.replace(other.as_str(), "?"));
}

#[test]
fn an_address_that_guesses_waits_longer_and_longer_and_finds_nothing_meanwhile() {
    let mut world = World::new(TinyPlugin, 102);
    let host = world.join(room(4, true)).expect("a room");
    let code = world.clients[host].room;
    for number in 0..9 {
        assert!(matches!(world.join_as_caller(wrong(number), STRANGER), Err(JoinError::NoSuchRoom(_))));
    }
    let right = world.join_as_caller(JoinTarget::Code(code), STRANGER);
    assert!(matches!(right, Err(JoinError::TooManyCodes { .. })), "{right:?}");
    world.step_ticks(35);
    assert!(matches!(world.join_as_caller(wrong(10), STRANGER), Err(JoinError::NoSuchRoom(_))));
    world.step_ticks(35);
    let longer = world.join_as_caller(wrong(11), STRANGER);
    assert!(matches!(longer, Err(JoinError::TooManyCodes { wait_s: 1..=2 })), "{longer:?}");
    assert!(world.join_as_caller(JoinTarget::Quick, STRANGER).is_ok(), "it needs no code");
    assert!(world.join_as_caller(JoinTarget::Code(code), Ipv4Addr::new(203, 0, 113, 9)).is_ok(), "others do not wait");
    let counters = *world.server.world().resource::<Counters>();
    assert_eq!((counters.codes_wrong, counters.joins_limited), (10, 2));
}

#[test]
fn a_private_room_is_no_better_to_guess_when_it_is_full() {
    let mut world = World::new(TinyPlugin, 103);
    let host = world.join(room(1, true)).expect("a room");
    let code = world.clients[host].room;
    for _ in 0..9 {
        let full = world.join_as_caller(JoinTarget::Code(code), STRANGER);
        assert_eq!(full, Err(JoinError::NoSuchRoom(code)));
    }
    let next = world.join_as_caller(JoinTarget::Code(code), STRANGER);
    assert!(matches!(next, Err(JoinError::TooManyCodes { .. })), "it counts as a wrong code: {next:?}");
}

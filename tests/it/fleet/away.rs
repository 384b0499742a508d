//! Redis is killed, and comes back with nothing in its memory.

use framehouse_client::connect::RoomRequest;
use framehouse_harness::live::wait_until;

use super::machines::{Fleet, Player, ask, ask_once, create, play_until, refusal, registrations, seat, until_ready};

#[test]
fn without_redis_matches_go_on_and_known_rooms_are_joined_and_then_all_is_as_before() {
    let Some(mut fleet) = Fleet::new("away") else { return };
    let nodes = ["a", "b"].map(|name| fleet.node(name, &[]));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let mut host = Player::connect(seat(&gateway, create()));
    let (code, secret) = (host.grant.code, host.grant.resume.clone());
    let is_registered = |fleet: &Fleet| fleet.redis.keys().iter().any(|key| key.starts_with("fh:resume:"));
    play_until("the seat is registered", &mut [&mut host], || is_registered(&fleet));
    fleet.redis.kill_and_forget().expect("it runs");
    play_until("no new rooms are opened", &mut [&mut host], || ask_once(&gateway, create(), None).is_err());
    let (reason, sentence) = refusal(ask_once(&gateway, create(), None));
    assert_eq!(reason, "overloaded");
    assert!(sentence.starts_with("no new room can be opened right now"), "{sentence}");
    let mut guest = Player::connect(seat(&gateway, RoomRequest::Code(code)));
    assert!(host.is_connected() && guest.is_connected());
    assert_eq!(refusal(ask_once(&gateway, RoomRequest::Code("2222".parse().expect("a code")), None)).0, "no_such_room");
    drop(guest);
    fleet.redis.start_again().expect("it starts");
    play_until("all is registered again", &mut [&mut host], || {
        nodes.iter().all(|node| registrations(node) >= 2) && is_registered(&fleet)
    });
    play_until("new rooms are opened", &mut [&mut host], || ask_once(&gateway, create(), None).is_ok());
    assert!(host.is_connected(), "the player has noticed nothing");
    assert_eq!(seat(&gateway, RoomRequest::Code(code)).code, code);
    drop(host);
    wait_until("she comes back", || ask(&gateway, RoomRequest::Quick {}, Some(&secret), None).is_ok());
}

//! Hostile datagrams: each known way to end the process with one datagram, sent to a server with a running match.

use framehouse_harness::world::World;
use framehouse_server::net::endpoint::BoxedEndpoint;
use framehouse_shared::protocol::guard::Dropped;
use framehouse_tiny::TinyPlugin;

fn packet(prefix: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[0] = prefix;
    bytes
}

fn dropped(world: &mut World, reason: Dropped) -> u64 {
    let ecs = world.server.world_mut();
    ecs.query::<&BoxedEndpoint>().iter(ecs).map(|endpoint| endpoint.traffic().dropped.of(reason)).sum()
}

fn playing() -> World {
    let mut world = World::new(TinyPlugin, 1).with_players(2);
    world.step_to_playing();
    world
}

fn attack(world: &mut World, datagram: &[u8]) {
    let address = world.clients[0].address;
    world.network.spoof(address, datagram);
    world.step_ticks(2);
}

#[test]
fn datagrams_that_end_a_stock_server_are_dropped_and_counted() {
    let mut world = playing();
    // A sequence number of 15 bytes in a datagram of 18; a body shorter than its MAC; a sequence number near the maximum.
    let near_max = [&[0x85][..], &[0xff; 8], &[0; 40]].concat();
    let attacks = [packet(0xf5, 18), packet(0x75, 20), near_max];
    for (sent, datagram) in attacks.iter().enumerate() {
        attack(&mut world, datagram);
        assert_eq!(dropped(&mut world, Dropped::Shape), sent as u64 + 1);
    }
    world.step_ticks(30);
    assert!(world.clients.iter().all(|client| client.client.ended().is_none()), "nobody suffered");
    assert_eq!(dropped(&mut world, Dropped::Panic), 0);
}

#[test]
fn a_request_from_a_connected_address_and_a_payload_that_is_not_sealed_do_nothing() {
    let mut world = playing();
    attack(&mut world, &packet(0, 1078));
    assert_eq!(dropped(&mut world, Dropped::Address), 1);
    attack(&mut world, &packet(0x15, 60));
    assert_eq!(dropped(&mut world, Dropped::Unauthentic), 1);
    world.step_ticks(30);
    assert!(world.clients.iter().all(|client| client.client.ended().is_none()));
}

#[test]
fn random_bytes_from_a_players_address_disturb_nobody() {
    let mut world = playing();
    let mut rng = framehouse_shared::rng::SimRng::new(99);
    let address = world.clients[0].address;
    for _ in 0..200 {
        for _ in 0..20 {
            let length = rng.below(1500) as usize;
            let mut datagram: Vec<u8> = (0..length).map(|_| rng.bits() as u8).collect();
            // Half of them with a first byte and a length that pass the first checks.
            if let Some(first) = datagram.first_mut().filter(|_| rng.one_in(2)) {
                *first = 0x10 | (3 + rng.below(4) as u8);
            }
            world.network.spoof(address, &datagram);
        }
        world.step_ticks(1);
    }
    assert!(world.clients.iter().all(|client| client.client.ended().is_none()));
    assert_eq!(world.desyncs(), 0);
    assert_eq!(dropped(&mut world, Dropped::Panic), 0);
}

#[test]
fn the_handshake_of_somebody_who_has_left_gives_nobody_a_session_when_it_is_sent_again() {
    let mut world = World::new(TinyPlugin, 1).with_players(2);
    let address = world.clients[0].address;
    let heard = world.network.overheard(address);
    assert_eq!(heard[0].len(), 1078, "what was heard begins with the request");
    world.clients[0].client.leave();
    let is_gone = |world: &World| world.clients[0].client.ended().is_some() && world.server.sessions() == 1;
    assert!(world.step_until(60, is_gone), "the player has left");
    // The token is still valid, so netcode takes the handshake for a new one.
    for datagram in &heard {
        attack(&mut world, datagram);
    }
    world.step_ticks(10);
    let ecs = world.server.world_mut();
    let clients: usize = ecs.query::<&BoxedEndpoint>().iter(ecs).map(|endpoint| endpoint.clients()).sum();
    assert_eq!((clients, world.server.sessions()), (1, 1), "only the other player is connected");
    assert!(world.clients[1].client.ended().is_none());
    assert_eq!(dropped(&mut world, Dropped::Panic), 0);
}

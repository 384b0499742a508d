//! Addresses: hosts with several of them, and players whose address changes.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant, SystemTime},
};

use framehouse_client::net::{Connection, Link, Status, UdpLink};
use framehouse_harness::{check, link::Network, world::World};
use framehouse_server::{
    config::NetSettings,
    net::{
        endpoint::{ClientKind, Endpoint},
        outgoing::PeerAddress,
        udp::{PublicHost, UdpDatagrams, UdpEndpoint, UdpSettings},
    },
    room::{
        directory::{JoinRequest, JoinTarget},
        players,
    },
    schedule::TickRate,
    server::{Server, ServerSetup},
};
use framehouse_shared::protocol::messages::Phase;
use framehouse_tiny::TinyPlugin;

/// An address that no client of a test world has.
const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(10, 250, 0, 1)), 4242);

fn playing() -> World {
    let mut world = World::new(TinyPlugin, 3).with_link("delay=40").with_players(2);
    world.step_to_playing();
    world
}

fn all_play(world: &World) {
    for client in &world.clients {
        assert!(matches!(client.client.phase(), Some(Phase::Playing { .. })), "{:?}", client.client.ended());
    }
    check::no_room_faulted(&world.server);
}

#[test]
fn a_nat_that_changes_a_players_port_costs_less_than_a_second() {
    let mut world = playing();
    world.step_ticks(30);
    let home = world.clients[1].address;
    for seen_as in [ELSEWHERE, home, ELSEWHERE] {
        let replaced = world.clients[1].client.stats().replaced_inputs;
        world.network.change_seen_address(home, seen_as);
        world.step_ticks(60);
        all_play(&world);
        let replaced = world.clients[1].client.stats().replaced_inputs - replaced;
        assert!((1..20).contains(&replaced), "{replaced} of its inputs were missing");
        assert!(world.confirmed_lag()[1] < 10, "{:?}", world.confirmed_lag());
    }
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

/// Three players, of whom the first and the last are on one endpoint.
fn neighbours() -> World {
    let mut world = World::new(TinyPlugin, 4).with_link("delay=40").with_players(3);
    world.step_to_playing();
    world.step_ticks(30);
    let room = world.rooms()[0].1;
    let endpoint = |(player, _): (_, &_)| world.server.world().get::<PeerAddress>(player).expect("connected").endpoint;
    let endpoints: Vec<_> = players(world.server.world(), room).map(endpoint).collect();
    assert_eq!(endpoints[0], endpoints[2]);
    world
}

fn replaced(world: &World, client: usize) -> u64 {
    world.clients[client].client.stats().replaced_inputs
}

#[test]
fn a_nat_that_gives_a_players_port_to_another_cuts_off_neither() {
    let mut world = neighbours();
    let homes = [world.clients[0].address, world.clients[2].address];
    world.network.change_seen_address(homes[0], homes[1]);
    world.network.change_seen_address(homes[1], ELSEWHERE);
    world.network.set_cut(homes[1], true);
    world.step_ticks(60);
    all_play(&world);
    assert!(world.confirmed_lag()[0] < 10, "{:?}", world.confirmed_lag());
    // The one that had the address comes back later, at another one, and leaves: the new owner keeps the address.
    let before = replaced(&world, 0);
    world.network.set_cut(homes[1], false);
    world.step_ticks(60);
    all_play(&world);
    assert!(world.confirmed_lag()[2] < 10, "{:?}", world.confirmed_lag());
    world.clients[2].client.leave();
    assert!(world.step_until(60, |world| world.clients[2].client.ended().is_some()));
    world.step_ticks(90);
    assert_eq!(replaced(&world, 0), before);
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn a_nat_that_swaps_the_ports_of_two_players_cuts_off_neither() {
    let mut world = neighbours();
    let homes = [world.clients[0].address, world.clients[2].address];
    world.network.change_seen_address(homes[0], homes[1]);
    world.network.change_seen_address(homes[1], homes[0]);
    world.step_ticks(60);
    all_play(&world);
    let lag = world.confirmed_lag();
    assert!(lag.iter().all(|ticks| *ticks < 10), "{lag:?}");
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()));
}

#[test]
fn nobody_without_the_key_moves_a_player() {
    let mut world = playing();
    let player = world.clients[1].address;
    let server = SocketAddr::from(([10, 0, 0, 2], 7800));
    let mut attackers: Vec<_> = (0..2u16)
        .map(|endpoint| {
            let server = SocketAddr::new(server.ip(), server.port() + endpoint);
            world.network.connect_from(ELSEWHERE, server, Default::default(), 9)
        })
        .collect();
    for round in 0..20u8 {
        world.step_ticks(3);
        let overheard = world.network.overheard(player);
        // The player is silent for long enough to have moved.
        world.network.set_cut(player, true);
        world.step_ticks(10);
        let now = world.now();
        for attacker in &mut attackers {
            for datagram in &overheard {
                attacker.send(now, datagram);
                let mut altered = datagram.clone();
                // The sequence number: it looks like the next datagram.
                altered[1] = altered[1].wrapping_add(20 + round);
                attacker.send(now, &altered);
            }
        }
        world.step_ticks(2);
        world.network.set_cut(player, false);
    }
    world.step_ticks(30);
    all_play(&world);
    let mut buffer = [0; 2000];
    assert!(attackers.iter_mut().all(|attacker| attacker.receive(Duration::ZERO, &mut buffer).is_none()));
}

#[test]
fn a_player_cannot_have_its_frames_sent_to_somebody_else() {
    let mut world = playing();
    let mut victims = [7800, 7801].map(|port| {
        let server = SocketAddr::from(([10, 0, 0, 2], port));
        world.network.connect_from(ELSEWHERE, server, Default::default(), 9)
    });
    // It sends with the victim's address as its own: all answers reach the victim.
    let address = world.clients[1].address;
    world.network.change_seen_address(address, ELSEWHERE);
    let (mut count, mut bytes) = (0, 0);
    for _ in 0..90 {
        world.step_ticks(1);
        let mut buffer = [0; 2000];
        for victim in &mut victims {
            while let Some(length) = victim.receive(Duration::ZERO, &mut buffer) {
                (count, bytes) = (count + 1, bytes + length);
            }
        }
    }
    // Ten probes a second, shorter than the 30 inputs a second that caused them.
    assert!((1..=30).contains(&count) && bytes <= 40 * count, "{count} datagrams, {bytes} bytes");
}

#[test]
fn a_player_who_moved_can_leave_and_the_address_is_free_again() {
    let mut world = playing();
    let home = world.clients[1].address;
    world.network.change_seen_address(home, ELSEWHERE);
    world.step_ticks(60);
    world.clients[1].client.leave();
    assert!(world.step_until(60, |world| world.clients[1].client.ended().is_some()));
    world.step_ticks(90);
    let code = world.room_code();
    let late = world.join_at(JoinTarget::Code(code), ELSEWHERE).expect("a seat");
    assert!(world.step_until(90, |world| world.clients[late].client.phase().is_some()));
}

/// Connects a client in the way that a caller's token says.
fn connects(endpoint: &mut UdpEndpoint, client: u64, caller: &str) {
    let caller: IpAddr = caller.parse().expect("an address");
    let unix = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970");
    let admission = endpoint.admit(client, Some(caller), unix());
    let address = Connection::server_address(&admission.token).expect("our own token");
    assert_eq!((admission.server, address.is_ipv4()), (address, caller.is_ipv4()));
    let start = Instant::now();
    let link = UdpLink::connect(address).expect("a way to this machine");
    let mut connection = Connection::new(&admission.token, Box::new(link), Duration::ZERO).expect("our own token");
    while connection.status() != Status::Connected {
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", connection.status());
        connection.receive(start.elapsed());
        connection.send(start.elapsed());
        endpoint.receive(unix(), 64);
        endpoint.send();
    }
}

#[test]
fn a_session_is_granted_at_an_address_of_the_callers_kind() {
    let address = SocketAddr::from(([10, 0, 0, 2], 7800));
    let addresses: Vec<IpAddr> =
        ["2001:db8::2", "192.0.2.2"].map(|address| address.parse().expect("an address")).to_vec();
    let (rate, net, unix_base) = (TickRate(30), NetSettings::default(), Duration::from_secs(1_700_000_000));
    let socket = Box::new(Network::default().endpoint(address));
    let endpoint = UdpEndpoint::new(socket, address, UdpSettings::new(rate, &net), unix_base)
        .at_host(PublicHost::new(addresses.clone()).expect("two addresses"));
    let setup = ServerSetup {
        tick_rate: rate,
        rooms: Default::default(),
        cleanup: Default::default(),
        net,
        endpoints: vec![Box::new(endpoint)],
        unix_base,
        game_files: Vec::new(),
        seed: Some(1),
    };
    let mut server = Server::new(TinyPlugin, setup).expect("the embedded rules are good");
    for (caller, own) in [("198.51.100.1", 1), ("2001:db8::1", 0), ("::ffff:198.51.100.2", 1)] {
        let caller = caller.parse::<IpAddr>().expect("an address").into();
        let request = JoinRequest {
            name: "ada".into(),
            target: JoinTarget::Quick,
            secret: None,
            rating: None,
            hello: None,
            caller,
            kind: ClientKind::Simulating,
        };
        let grant = server.join(&request).expect("a seat");
        let told = Connection::server_address(&grant.token).expect("our own token");
        assert_eq!((told, grant.server), ((addresses[own], 7800).into(), told));
    }
}

#[test]
fn every_caller_reaches_a_host_of_several_addresses_at_one_of_its_own_kind() {
    // Where there is no IPv6, the second address of the other kind is enough.
    let (bound, has_v6) = match UdpDatagrams::bind("[::]:0".parse().expect("an address")) {
        Ok(socket) => (socket, true),
        Err(_) => (UdpDatagrams::bind("0.0.0.0:0".parse().expect("an address")).expect("a free port"), false),
    };
    let port = bound.local_address().port();
    let addresses: Vec<IpAddr> = ["::1", "127.0.0.2"].map(|address| address.parse().expect("an address")).to_vec();
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970");
    let settings = UdpSettings::new(TickRate(30), &NetSettings::default());
    let mut endpoint = UdpEndpoint::new(Box::new(bound), (addresses[0], port).into(), settings, unix)
        .at_host(PublicHost::new(addresses).expect("two addresses"));
    connects(&mut endpoint, 1, "198.51.100.1");
    if has_v6 {
        connects(&mut endpoint, 2, "2001:db8::1");
    }
}

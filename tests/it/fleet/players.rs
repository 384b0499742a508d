//! Players in a fleet: one seat each, builds of a release, nodes that drain.

use std::thread;

use framehouse_client::connect::RoomRequest;
use framehouse_harness::live::wait_until;
use framehouse_shared::api::{PlayerSecret, SessionGrant};
use framehouse_tools::replays::Folder;
use serde_json::json;

use super::machines::{Fleet, Player, ask, ask_once, create, play_until, refusal, seat, until_ready};
use crate::identity;

const ADA: PlayerSecret = PlayerSecret::from_random(0xada);

#[test]
fn a_player_has_one_seat_in_the_fleet_and_the_last_one_counts() {
    let Some(mut fleet) = Fleet::new("one-seat") else { return };
    let _nodes = ["a", "b"].map(|name| fleet.node(name, &[]));
    let gateways = ["g", "h"].map(|name| fleet.gateway(name, &[]));
    gateways.iter().for_each(|gateway| until_ready(gateway, 2));
    let join = |number: usize| ask_once(&gateways[number], create(), Some(ADA));
    let mut first = Player::connect(join(0).expect("a seat"));
    let key = format!("fh:player:{}", first.grant.player.expect("every player has an id"));
    let state = |fleet: &Fleet| fleet.redis.ask(&["GET", &key]);
    play_until("her seat is registered", &mut [&mut first], || state(&fleet).contains(":here"));
    // Wherever the room would be.
    for number in [0, 1, 0, 1] {
        assert!(first.is_connected());
        assert_eq!(refusal(join(number)).0, "already_playing");
    }
    let code = first.grant.code;
    assert!(ask(&gateways[1], RoomRequest::Watch(code), None, Some(ADA)).is_ok(), "she may watch");
    drop(first);
    wait_until("she is disconnected", || state(&fleet).contains(":away"));
    let mut second = Player::connect(join(1).expect("she is not connected"));
    play_until("her new seat is registered", &mut [&mut second], || {
        state(&fleet).contains(":here")
            && fleet.redis.keys().iter().filter(|key| key.starts_with("fh:resume:")).count() == 1
    });
    assert!(second.is_connected() && second.grant.code != code);
}

#[test]
fn players_of_a_crowd_are_claimed_each_for_the_node_that_gets_it() {
    let Some(mut fleet) = Fleet::new("crowd") else { return };
    let nodes = ["a", "b"];
    let _nodes = nodes.map(|name| fleet.node(name, &[]));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let state = |grant: &SessionGrant| {
        fleet.redis.ask(&["GET", &format!("fh:player:{}", grant.player.expect("every player has an id"))])
    };
    let mut ada = Player::connect(ask_once(&gateway, create(), Some(ADA)).expect("a seat"));
    let grant = ada.grant.clone();
    play_until("her seat is registered", &mut [&mut ada], || state(&grant).contains(":here"));
    let secrets: Vec<PlayerSecret> = (0..40).map(PlayerSecret::from_random).chain([ADA]).collect();
    let join = |secret: &PlayerSecret| ask_once(&gateway, create(), Some(*secret));
    let mut answers: Vec<_> = thread::scope(|scope| {
        let joining: Vec<_> = secrets.iter().map(|secret| scope.spawn(move || join(secret))).collect();
        joining.into_iter().map(|joining| joining.join().expect("no panic")).collect()
    });
    assert_eq!(refusal(answers.pop().expect("hers")).0, "already_playing");
    let leases = nodes.map(|name| fleet.redis.ask(&["HGET", &format!("fh:node:{name}"), "lease"]));
    for answer in answers {
        let grant = answer.expect("a seat");
        let node = nodes.iter().zip(&leases).find(|(_, lease)| lease.contains(&grant.server)).expect("a node").0;
        assert!(state(&grant).starts_with(&format!("{node}:")), "{} at {node}", state(&grant));
    }
}

#[test]
fn a_gateway_checks_tokens_and_its_nodes_trust_it() {
    let Some(mut fleet) = Fleet::new("tokens") else { return };
    let folder = Folder::new("fleet-tokens");
    let settings = identity::settings(&folder);
    let nodes = [fleet.node("a", &[]), fleet.node("b", &["--config", &settings])];
    let gateways = ["g", "h"].map(|name| fleet.gateway(name, &["--config", &settings]));
    gateways.iter().for_each(|gateway| until_ready(gateway, 2));
    // A node with the same settings asks for a token, too, if a player finds it.
    for server in [&gateways[0], &gateways[1], &nodes[1]] {
        for token in [None, Some("nonsense")] {
            let (status, body) = identity::ask(server, token, json!({}));
            assert!(
                status == 401 && body["error"]["code"].as_str().is_some_and(|code| code.starts_with("token_")),
                "{body}"
            );
        }
    }
    let player = |gateway: usize, name: &str| {
        let mut player = None;
        wait_until("a seat", || {
            let (status, grant) = identity::ask(&gateways[gateway], Some(&identity::token(name)), json!({}));
            player = grant["player"].as_str().map(str::to_owned);
            status == 200
        });
        player.expect("every player has an id")
    };
    assert_eq!(player(0, "Ada"), player(1, "Ada"));
    assert_ne!(player(0, "Ada"), player(0, "Bob"));
}

#[test]
fn named_players_get_a_build_and_others_do_not() {
    let Some(mut fleet) = Fleet::new("release") else { return };
    let old = fleet.node("old", &[]);
    let new = fleet.node_of_build("new", "9.0");
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let server_of = |name: &str| {
        let lease = fleet.redis.ask(&["HGET", &format!("fh:node:{name}"), "lease"]);
        move |server: &str| lease.contains(server)
    };
    let (is_old, is_new) = (server_of("old"), server_of("new"));
    let release = |builds: &str| {
        let body = format!("{{\"version\":1,\"builds\":[{builds}]}}");
        fleet.redis.ask(&["SET", "fh:release", &body]);
    };
    let all_are = |is_right: &dyn Fn(&str) -> bool| (0..6).all(|_| is_right(&seat(&gateway, create()).server));
    release(r#"{"build":"9.0","players":[],"percent":0.0}"#);
    wait_until("nobody gets the new build", || all_are(&is_old));
    release(r#"{"build":"9.0","players":["ada"],"percent":0.0}"#);
    wait_until("Ada gets the new build", || all_are(&is_new));
    drop(new);
    wait_until("without its nodes, she plays on the old one", || {
        ask(&gateway, create(), None, None).is_ok_and(|grant| is_old(&grant.server))
    });
    drop(old);
}

#[test]
fn a_node_that_is_wanted_to_drain_becomes_empty_and_a_gateway_without_newcomers_stays_ready() {
    let Some(mut fleet) = Fleet::new("drain") else { return };
    let _nodes = ["a", "b"].map(|name| fleet.node(name, &[]));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let mut player = Player::connect(seat(&gateway, create()));
    let server = player.grant.server.clone();
    let lease = |name: &str| fleet.redis.ask(&["HGET", &format!("fh:node:{name}"), "lease"]);
    let [name, other] = if lease("a").contains(&server) { ["a", "b"] } else { ["b", "a"] };
    let drain = |name: &str| fleet.redis.ask(&["HSET", &format!("fh:node:{name}"), "wanted", "draining"]);
    drain(name);
    until_ready(&gateway, 1);
    wait_until("the room without a match is closed", || !player.is_connected());
    assert!((0..8).all(|_| seat(&gateway, RoomRequest::Quick {}).server != server));
    drain(other);
    until_ready(&gateway, 0);
    let ready = ureq::get(format!("{}/readyz", gateway.url())).call().expect("players come back through it");
    assert_eq!((ready.status().as_u16(), gateway.status().accepting), (200, false));
    assert!(ask(&gateway, create(), None, None).is_err());
    fleet.redis.ask(&["HDEL", &format!("fh:node:{name}"), "wanted"]);
    until_ready(&gateway, 1);
    wait_until("it takes players again", || {
        ask(&gateway, create(), None, None).is_ok_and(|grant| grant.server == server)
    });
}

//! A fleet: a real Redis, nodes and gateways as processes, clients over HTTP and UDP.

mod away;
mod machines;
mod players;
mod registry;
mod roster;
mod sockets;
mod spread;

use std::collections::BTreeSet;

use framehouse_client::{
    connect::RoomRequest,
    rooms::{ReportRequest, report_player},
};
use framehouse_harness::live::wait_until;
use framehouse_shared::ids::RoomCode;

use crate::programs::Running;
use machines::{Fleet, Player, SECRET, ask, create, listed, refusal, seat, until_ready};

#[test]
fn rooms_of_all_nodes_are_found_through_all_gateways() {
    let Some(mut fleet) = Fleet::new("found") else { return };
    let nodes = ["a", "b", "c"].map(|name| fleet.node(name, &[]));
    let gateways = ["g", "h"].map(|name| fleet.gateway(name, &[]));
    gateways.iter().for_each(|gateway| until_ready(gateway, nodes.len() as u64));
    let mut players: Vec<Player> = Vec::new();
    wait_until("there is a room on each node", || {
        players.push(Player::connect(seat(&gateways[players.len() % 2], create())));
        players.iter().map(|player| player.grant.server.clone()).collect::<BTreeSet<_>>().len() == nodes.len()
    });
    for number in 0..players.len() {
        players.iter_mut().for_each(Player::update);
        let (other, room) = (&gateways[(number + 1) % 2], &players[number].grant);
        let joined = seat(other, RoomRequest::Code(room.code));
        assert_eq!((joined.code, &joined.server), (room.code, &room.server));
        let watching = seat(other, RoomRequest::Watch(room.code));
        assert_eq!((watching.code, &watching.server), (room.code, &room.server));
    }
    let rooms: Vec<RoomCode> = players.iter().map(|player| player.grant.code).collect();
    for gateway in &gateways {
        wait_until("all rooms are listed", || {
            players.iter_mut().for_each(Player::update);
            let listed = listed(gateway);
            rooms.iter().all(|code| listed.contains(code))
        });
    }
    // Somebody loses the connection and comes back through the other gateway.
    let player = players.remove(0);
    let (code, secret) = (player.grant.code, player.grant.resume.clone());
    drop(player);
    let back = ask(&gateways[1], RoomRequest::Quick {}, Some(&secret), None).expect("the seat is kept");
    assert_eq!(back.code, code);
    Player::connect(back);
    let nobody = ask(&gateways[0], RoomRequest::Quick {}, Some("00000000000000000000000000000001"), None);
    assert_eq!(refusal(nobody).0, "no_such_seat");
    let nowhere = ask(&gateways[0], RoomRequest::Code("2222".parse().expect("a code")), None, None);
    assert_eq!(refusal(nowhere).0, "no_such_room");
}

#[test]
fn the_api_of_a_gateway_is_that_of_a_server() {
    let Some(mut fleet) = Fleet::new("api") else { return };
    let node = fleet.node("a", &[]);
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 1);
    let get = |url: &str, path: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("{url}{path}")).call().expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
    };
    for path in ["/v1/maps", "/v1/key", "/healthz", "/readyz", "/nothing"] {
        assert_eq!(get(gateway.url(), path), get(node.url(), path), "{path}");
    }
    assert_eq!(get(gateway.url(), "/v1/leaderboards").0, 404, "it has no database");
    let nodes = get(gateway.url(), "/v1/live/nodes").1;
    assert!(nodes.contains(r#""node":"a""#) && nodes.contains(r#""state":"ready""#), "{nodes}");
    assert_eq!(get(gateway.url(), "/v1/live/rooms/K7QX").0, 404, "its nodes know their rooms");
    let replay = "/v1/replays/00000000000000000000000000000001";
    assert_eq!(get(gateway.url(), replay), get(node.url(), replay));
    let metrics = get(gateway.url(), "/metrics").1;
    assert!(metrics.contains("framehouse_fleet_connected 1\n"), "{metrics}");
    assert!(metrics.contains("framehouse_fleet_nodes{state=\"ready\"} 1\n"), "{metrics}");
    let documented = include_str!("../../assets/ops/METRICS.md");
    for metrics in [metrics, get(node.url(), "/metrics").1] {
        let rows = metrics.lines().filter_map(|line| line.strip_prefix("# HELP framehouse_fleet_")?.split_once(' '));
        for (name, meaning) in rows {
            let name = format!("| `framehouse_fleet_{name}");
            assert!(documented.lines().any(|row| row.starts_with(&name) && row.contains(meaning)), "{name}");
        }
    }
    let paths = |running: &Running| get(running.url(), "/v1/openapi.json").1;
    assert!(paths(&node).contains("/internal/v2/seats") && !paths(&gateway).contains("/internal/"));
    // What gateways ask nodes is nobody else's.
    for path in ["/internal/v1/page", "/internal/v2/seats", replay.replace("/v1", "/internal/v1").as_str()] {
        assert_eq!(get(node.url(), path).0, 404, "{path}");
    }
    seat(&gateway, create());
    let player = Player::connect(seat(&gateway, create()));
    wait_until("the seat is registered", || fleet.redis.keys().iter().any(|key| key.starts_with("fh:resume:")));
    let everything = fleet.redis.dump() + &fleet.logs();
    assert!(everything.contains("fh:code:") && everything.contains("fh:room:"), "{everything}");
    for secret in [SECRET, player.grant.resume.as_str()] {
        assert!(!everything.contains(secret), "a secret lies in Redis or in a log");
    }
}

#[test]
fn a_report_reaches_the_node_of_its_player() {
    let Some(mut fleet) = Fleet::new("reports") else { return };
    let _nodes = ["a", "b"].map(|name| fleet.node(name, &[]));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let ada = Player::connect(seat(&gateway, create()));
    let eve = Player::connect(seat(&gateway, RoomRequest::Code(ada.grant.code)));
    let slot = eve.client.slot().expect("seated").into();
    let report = |resume: &str| {
        report_player(gateway.url(), &ReportRequest { resume: resume.to_owned(), slot, text: "Cheats".to_owned() })
    };
    // Her seat is registered a moment after she has it.
    wait_until("the report is taken", || report(&ada.grant.resume) == Ok(1));
    let nobody = report("00000000000000000000000000000001").expect_err("nobody has this seat");
    assert_eq!(nobody.code(), Some("not_found"), "{nobody}");
    assert_eq!(report(&eve.grant.resume).expect_err("that is its own seat").code(), Some("not_found"));
}

#[test]
fn a_node_that_is_killed_leaves_nothing() {
    let Some(mut fleet) = Fleet::new("killed") else { return };
    let (left, killed) = (fleet.node("left", &[]), fleet.node("killed", &[]));
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 2);
    let mut players: Vec<Player> = (0..4).map(|_| Player::connect(seat(&gateway, create()))).collect();
    let of_node = |name: &str| {
        let lease = fleet.redis.ask(&["HGET", &format!("fh:node:{name}"), "lease"]);
        let is_there = |player: &&Player| lease.contains(&format!("\"{}\"", player.grant.server));
        players.iter().filter(is_there).map(|player| player.grant.code).collect::<Vec<_>>()
    };
    let (kept, lost) = (of_node("left"), of_node("killed"));
    assert!(!kept.is_empty() && !lost.is_empty(), "{kept:?} {lost:?}");
    let of_killed = |fleet: &Fleet| fleet.redis.dump().matches("killed:").count();
    let until = |what: &str, players: &mut [Player], done: &dyn Fn() -> bool| {
        wait_until(what, || {
            players.iter_mut().for_each(Player::update);
            done()
        });
    };
    until("it is registered", &mut players, &|| of_killed(&fleet) > 100);
    drop(killed);
    until("nothing of it is left", &mut players, &|| of_killed(&fleet) == 0);
    until_ready(&gateway, 1);
    for code in lost {
        assert_eq!(refusal(ask(&gateway, RoomRequest::Code(code), None, None)).0, "no_such_room");
    }
    for code in kept {
        assert_eq!(seat(&gateway, RoomRequest::Code(code)).code, code);
    }
    let name = left.status().fleet.and_then(|fleet| fleet.node).expect("it is a node").name;
    assert_eq!(name, "left");
}

#[test]
fn a_node_that_stops_is_gone_at_once_and_its_name_is_free() {
    let Some(mut fleet) = Fleet::new("stopped") else { return };
    let first = fleet.node("a", &["--drain-limit", "0"]);
    let gateway = fleet.gateway("g", &[]);
    until_ready(&gateway, 1);
    let pid = rustix::process::Pid::from_child(first.child());
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    wait_until("it has left", || !fleet.redis.keys().iter().any(|key| key.starts_with("fh:node:")));
    wait_until("its keys are swept", || !fleet.redis.keys().iter().any(|key| key.starts_with("fh:code:")));
    let _second = fleet.node("a", &[]);
    until_ready(&gateway, 1);
    seat(&gateway, create());
}

//! Tests of the choice of nodes, without a clock and a network.

use std::cell::Cell;

use super::*;
use crate::fleet::registry::{BuildShare, Incarnation, OpenRoom, Release};

fn hello(protocol: u64) -> Hello {
    let components = vec!["tick".to_owned()];
    Hello { protocol, game: "arena".to_owned(), rules_version: 1, components, fingerprint: 1 }
}

pub fn node(name: &str) -> NodeEntry {
    let lease = NodeLease {
        node: name.to_owned(),
        incarnation: Incarnation(1),
        build: "1".to_owned(),
        class: "0".repeat(16),
        hello: hello(1),
        channel: "stable".to_owned(),
        zone: String::new(),
        http: String::new(),
        udp: Vec::new(),
        state: NodeState::Ready,
        tick_rate: 30,
        tick_p99_ms: 1.0,
        tick_load: 0.1,
        tick_load_max: 0.9,
        rooms: 0,
        rooms_max: 100,
        matches: 0,
        clients: 0,
        clients_max: 100,
        sockets: 0,
        sockets_max: 100,
        players: 0,
        room_size: 4,
        open: Vec::new(),
        started_unix_s: 0,
    };
    NodeEntry { lease, is_wanted_draining: false }
}

fn view(nodes: Vec<NodeEntry>) -> View {
    View { nodes, ..View::default() }
}

fn here(zone: &str) -> Preference {
    Preference { channel: "stable".to_owned(), zone: zone.to_owned(), pack: false }
}

fn names(found: Result<Eligible<'_>, JoinError>) -> Vec<&str> {
    found.map_or_else(|_| Vec::new(), |found| found.near.into_iter().map(|entry| entry.lease.node.as_str()).collect())
}

fn code(number: u32) -> RoomCode {
    RoomCode::from_number(number)
}

/// Numbers in turn, as random ones.
fn in_turn() -> impl Fn() -> usize {
    let next = Cell::new(0);
    move || {
        next.set(next.get() + 7);
        next.get()
    }
}

#[test]
fn only_ready_nodes_of_the_channel_and_the_clients_kind_are_eligible() {
    let mut nodes = vec![node("a"), node("b"), node("c"), node("d"), node("e")];
    nodes[1].lease.state = NodeState::Draining;
    nodes[2].is_wanted_draining = true;
    nodes[3].lease.channel = "beta".to_owned();
    nodes[4].lease.hello = hello(2);
    let view = view(nodes);
    let asked = Asked::default();
    let found = |hello: Option<&Hello>| eligible(&view, &here(""), hello, None, &asked);
    assert_eq!(names(found(None)), ["a", "e"]);
    assert_eq!(names(found(Some(&hello(2)))), ["e"]);
    assert!(matches!(found(Some(&hello(3))), Err(JoinError::Mismatch(sentence)) if sentence.contains("protocol")));
    let beta = Preference { channel: "gamma".to_owned(), ..here("") };
    assert!(matches!(eligible(&view, &beta, None, None, &asked), Err(JoinError::NoServer)));
}

#[test]
fn a_zone_is_preferred_while_it_has_places() {
    let mut nodes = vec![node("a"), node("b")];
    nodes[1].lease.zone = "eu".to_owned();
    let full = {
        let mut nodes = nodes.clone();
        nodes[1].lease.clients = 100;
        view(nodes)
    };
    let asked = Asked::default();
    assert_eq!(names(eligible(&view(nodes), &here("eu"), None, None, &asked)), ["b"]);
    assert_eq!(names(eligible(&full, &here("eu"), None, None, &asked)), ["a"]);
}

#[test]
fn a_build_of_a_release_is_for_its_players_and_gone_ones_keep_nobody_out() {
    let mut nodes = vec![node("a"), node("b")];
    nodes[1].lease.build = "2".to_owned();
    let mut view = view(nodes);
    view.release = Release { version: 1, builds: vec![BuildShare { build: "2".to_owned(), ..BuildShare::default() }] };
    let asked = Asked::default();
    let found = |build| names(eligible(&view, &here(""), None, build, &asked));
    assert_eq!((found(None), found(Some("2"))), (vec!["a"], vec!["b"]));
    assert_eq!(found(Some("3")), ["a", "b"]);
}

#[test]
fn quick_match_fills_the_fullest_room_and_counts_what_it_has_asked_for() {
    let mut nodes = vec![node("a"), node("b")];
    nodes[0].lease.open = vec![OpenRoom { code: code(1), free: 3 }];
    nodes[1].lease.open = vec![OpenRoom { code: code(2), free: 1 }];
    let (view, now) = (view(nodes), Instant::now());
    let mut asked = Asked::default();
    let preference = here("");
    let take = |asked: &mut Asked| {
        let found = eligible(&view, &preference, None, None, asked).ok()?;
        asked.take_open_seat(&found, now).map(|(_, code)| code)
    };
    let taken: Vec<_> = (0..5).map(|_| take(&mut asked)).collect();
    assert_eq!(taken, [Some(code(2)), Some(code(1)), Some(code(1)), Some(code(1)), None]);
    asked.note_room(&view.nodes[0].lease, code(3), None, now);
    assert_eq!(
        [take(&mut asked), take(&mut asked), take(&mut asked), take(&mut asked)].map(|found| found.is_some()),
        [true, true, true, false]
    );
    asked.forget(now + SHOWN_AFTER);
    assert_eq!(take(&mut asked), Some(code(2)), "the leases know by now");
}

#[test]
fn seats_spread_evenly_and_also_before_leases_show_them() {
    let view = view(["a", "b", "c", "d"].map(node).to_vec());
    let (mut asked, now, random) = (Asked::default(), Instant::now(), in_turn());
    for _ in 0..400 {
        let found = eligible(&view, &here(""), None, None, &asked).expect("nodes");
        let picked = asked.pick(&found, &[], false, false, &random).expect("a node");
        asked.note(&picked.lease.node, now);
    }
    let counts: Vec<u32> = view.nodes.iter().map(|entry| asked.seats.count(&entry.lease.node)).collect();
    assert!(counts.iter().all(|count| (85..=115).contains(count)), "{counts:?}");
}

#[test]
fn the_last_attempt_finds_the_only_place() {
    let mut nodes: Vec<NodeEntry> = (0..40).map(|number| node(&format!("n{number:02}"))).collect();
    for entry in &mut nodes {
        entry.lease.clients = 99;
    }
    nodes[17].lease.clients = 90;
    let view = view(nodes);
    let asked = Asked::default();
    let found = eligible(&view, &here(""), None, None, &asked).expect("nodes");
    let last = asked.pick(&found, &["n01", "n02"], true, false, in_turn()).expect("a node");
    assert_eq!(last.lease.node, "n17");
}

#[test]
fn packing_fills_the_fullest_node_below_seventy_percent() {
    let mut nodes = vec![node("a"), node("b"), node("c")];
    (nodes[0].lease.clients, nodes[1].lease.clients, nodes[2].lease.clients) = (10, 60, 80);
    let full = view(
        nodes
            .iter()
            .cloned()
            .map(|mut entry| {
                entry.lease.clients += 75;
                entry
            })
            .take(1)
            .collect(),
    );
    let view = view(nodes);
    let asked = Asked::default();
    let pick = |view: &View| {
        let found = eligible(view, &here(""), None, None, &asked).expect("nodes");
        asked.pick(&found, &[], false, true, in_turn()).expect("a node").lease.node.clone()
    };
    assert_eq!((pick(&view), pick(&full)), ("b".to_owned(), "a".to_owned()));
}

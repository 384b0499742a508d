//! Questions to nodes that answer, do not answer, and are not there any more.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use axum::{Json, Router, routing::post};
use futures_util::future::join_all;

use super::*;
use crate::{
    config::FleetSecret,
    fleet::{gateway::choice::tests::node, seats::SEATS_MAX},
    net::endpoint::ClientKind,
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

/// A request for a seat with this id.
pub fn seat(id: u64) -> Arc<SeatRequest> {
    let request = JoinRequest {
        name: "Ada".to_owned(),
        target: JoinTarget::Quick,
        secret: None,
        rating: None,
        hello: None,
        caller: Ipv4Addr::LOCALHOST.into(),
        kind: ClientKind::Simulating,
    };
    Arc::new(SeatRequest::new(id, &request))
}

/// Address of a node that gives this answer to every question, or none at all.
fn address(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || serve(&listener, answer));
    address
}

fn serve(listener: &TcpListener, answer: Option<&str>) {
    let mut open = Vec::new();
    for stream in listener.incoming() {
        let mut stream = stream.expect("a connection");
        let _ = stream.read(&mut [0; 4096]);
        if let Some(answer) = answer {
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}");
            let _ = stream.write_all(head.as_bytes());
        } else {
            open.push(stream);
        }
    }
}

/// A node that refuses every seat, each with the number of its request.
struct Refusing {
    address: String,
    /// Number of HTTP requests.
    asked: Arc<AtomicUsize>,
}

impl Refusing {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let answer = move |Json(seats): Json<Vec<SeatRequest>>| {
            counter.fetch_add(1, Relaxed);
            let number = |seat: SeatRequest| u32::from_str_radix(&seat.id, 16).expect("a number");
            future::ready(Json(seats.into_iter().map(number).map(refusal).collect::<Vec<_>>()))
        };
        let router = Router::new().route(SEATS, post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, asked }
    }
}

fn refusal(number: u32) -> SeatAnswer {
    SeatAnswer::Refused(JoinError::TooManyCodes { wait_s: number })
}

/// Address at which nobody listens any more.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").to_string()
}

fn view(addresses: &[String]) -> View {
    let entry = |http: &String| {
        let mut entry = node("a");
        entry.lease.http.clone_from(http);
        entry
    };
    View { nodes: addresses.iter().map(entry).collect(), ..View::default() }
}

fn nodes() -> Arc<Nodes> {
    Arc::new(Nodes::new(&FleetKey::new(FleetSecret([1; 32]))))
}

fn wanted() -> FindRequest {
    FindRequest::Code("K7QX".parse().expect("a code"))
}

/// Asks again while the machine is so busy that an answer comes too late.
async fn until(is_so: impl AsyncFn() -> bool) -> bool {
    for _ in 0..100 {
        if is_so().await {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_room_is_nowhere_only_if_every_node_says_so() {
    let (yes, no, silent) = (address(Some("true")), address(Some("false")), address(None));
    let nodes = nodes();
    let find = async |addresses: &[&String]| {
        let addresses: Vec<String> = addresses.iter().map(|address| (*address).clone()).collect();
        nodes.find(&view(&addresses), &wanted()).await
    };
    let is_at_yes = async || matches!(find(&[&no, &silent, &yes]).await, Found::At(lease) if lease.http == yes);
    assert!(until(is_at_yes).await);
    let ended = nobody();
    let is_nowhere = async || matches!(find(&[&no, &ended]).await, Found::Nowhere);
    assert!(until(is_nowhere).await, "one whose process has ended has no room");
    assert!(matches!(find(&[&no, &silent]).await, Found::Unknown));
    assert!(matches!(find(&[]).await, Found::Unknown), "without Redis and nodes nothing is known");
}

#[tokio::test]
async fn questions_for_seats_do_not_use_up_those_for_rooms() {
    let (no, nodes) = (address(Some("false")), nodes());
    let _all = nodes.seat_finds.acquire_many(FINDS_MAX as u32).await.expect("they are free");
    let view = view(&[no]);
    let seat = nodes.find(&view, &FindRequest::Resume("0".repeat(32))).await;
    assert!(matches!(seat, Found::Unknown), "it was not asked");
    assert!(until(async || matches!(nodes.find(&view, &wanted()).await, Found::Nowhere)).await);
}

#[tokio::test]
async fn a_replay_is_found_behind_many_nodes_that_do_not_answer() {
    let silent: Vec<String> = (0..5).map(|_| address(None)).collect();
    let (has_it, nodes) = (address(Some("replay")), nodes());
    let all: Vec<String> = silent.iter().cloned().chain([has_it]).collect();
    let found = nodes.replay(&view(&all), MatchId(1)).await.expect("there is a place");
    assert_eq!(found.expect("the last one has it").bytes, 6);
    assert!(nodes.replay(&view(&silent), MatchId(1)).await.is_err(), "nobody has said that it is gone");
    assert_eq!(nodes.replays.available_permits(), REPLAYS_MAX, "all places are free again");
}

#[tokio::test]
async fn a_crowd_goes_in_few_requests_and_each_player_gets_its_own_answer() {
    const CROWD: u32 = 100;
    let (node, nodes) = (Refusing::start().await, nodes());
    let batches = (CROWD as usize).div_ceil(SEATS_MAX);
    let all_are_answered = async || {
        node.asked.store(0, Relaxed);
        let seats: Vec<_> = (0..CROWD).map(|id| seat(id.into())).collect();
        let answers = join_all(seats.iter().map(|seat| nodes.reserve(&node.address, seat))).await;
        let are_right = answers.into_iter().eq((0..CROWD).map(|id| Some(refusal(id))));
        are_right && (batches..2 * batches).contains(&node.asked.load(Relaxed))
    };
    assert!(until(all_are_answered).await);
}

#[tokio::test]
async fn a_silent_node_holds_up_nobody_who_asks_another_one() {
    let (silent, node, nodes) = (address(None), Refusing::start().await, nodes());
    let seats: Vec<_> = (0..200).map(seat).collect();
    let one_is_answered = async || {
        let crowd = join_all(seats.iter().map(|seat| nodes.reserve(&silent, seat)));
        let (of_silent, of_node) = future::join(crowd, nodes.reserve(&node.address, &seats[7])).await;
        assert!(of_silent.iter().all(Option::is_none), "it says nothing");
        of_node == Some(refusal(7))
    };
    assert!(until(one_is_answered).await);
}

#[tokio::test]
async fn a_request_that_fails_is_sent_once_more() {
    let nodes = nodes();
    let one_is_answered = async || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        thread::spawn(move || {
            drop(listener.accept());
            serve(&listener, Some(r#"["busy"]"#));
        });
        nodes.reserve(&address, &seat(1)).await == Some(SeatAnswer::Busy)
    };
    assert!(until(one_is_answered).await);
}

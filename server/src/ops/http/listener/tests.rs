//! Connections from any address, in virtual time.

use std::collections::VecDeque;

use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc,
};

use super::*;
use crate::{
    config::HttpSettings,
    ops::http::{HttpOptions, fixed_backend::Fixed, gateway, tls::tests::made_keys},
};

/// Connections that a test makes.
struct Made(mpsc::UnboundedReceiver<(DuplexStream, SocketAddr)>);

impl Incoming for Made {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        self.0.recv().await.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

/// A gateway, and the way to it.
pub(in crate::ops::http) struct Network(mpsc::UnboundedSender<(DuplexStream, SocketAddr)>);

impl Network {
    fn of(http: HttpSettings, connections_max: usize) -> Self {
        Self::with(HttpOptions { http, connections_max, ..Default::default() })
    }

    pub fn with(options: HttpOptions) -> Self {
        Self::of_backend(Fixed::default(), options)
    }

    pub fn of_backend(backend: Fixed, options: HttpOptions) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (door, router) = gateway(backend, options);
        tokio::spawn(accept_connections(Made(receiver), door, router));
        Self(sender)
    }

    /// A connection from this address.
    pub fn connect(&self, from: &str) -> DuplexStream {
        let (ours, theirs) = duplex(64 * 1024);
        let address = SocketAddr::new(from.parse().expect("an address"), 4711);
        self.0.send((theirs, address)).expect("the gateway runs");
        ours
    }

    /// The status of the answer to a request over a connection of its own, and the whole answer.
    async fn ask(&self, from: &str, request: &str) -> (u16, String) {
        answer(&mut self.connect(from), request).await
    }
}

/// Sends a request and reads until the other end closes the connection.
async fn answer(stream: &mut DuplexStream, request: &str) -> (u16, String) {
    // The connection may be closed already.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, answer)
}

const ROOMS: &str = "GET /v1/rooms HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

fn post(body: &str) -> String {
    let length = body.len();
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json";
    format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Settings with which only the number of connections at a time is limited.
fn often() -> HttpSettings {
    HttpSettings { requests_per_s: 10_000.0, ..Default::default() }
}

/// Lets the gateway do what it can without time passing.
pub(in crate::ops::http) async fn settle() {
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_with_a_thousand_slow_connections_leaves_the_others_served() {
    let network = Network::of(often(), 1024);
    let start = Instant::now();
    let slow: Vec<DuplexStream> = (0..1024).map(|_| network.connect("192.0.2.1")).collect();
    settle().await;
    assert_eq!(network.ask("198.51.100.1", ROOMS).await.0, 200);
    assert_eq!(network.ask("192.0.2.2", ROOMS).await.0, 200, "its neighbour, too");
    let refused = network.ask("192.0.2.1", ROOMS).await;
    assert!(refused.0 == 429 && refused.1.contains("retry-after: 1\r\n") && refused.1.ends_with("}\n"), "{refused:?}");
    // Virtual time passes only while the gateway waits for it.
    assert_eq!(start.elapsed(), Duration::ZERO, "nobody had to wait until a slow connection was over");
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn a_whole_network_of_slow_connections_leaves_the_others_served() {
    let network = Network::of(often(), 1024);
    let start = Instant::now();
    let hosts = (0..1024).map(|index| format!("2001:db8:0:{:x}::{:x}", index % 4, index));
    let slow: Vec<DuplexStream> = hosts.map(|host| network.connect(&host)).collect();
    settle().await;
    assert_eq!(network.ask("2001:db8:1::1", ROOMS).await.0, 200);
    assert_eq!(network.ask("2001:db8:0:9::1", ROOMS).await.0, 429, "the same /48");
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn connections_of_an_address_that_end_make_room() {
    let network = Network::of(often(), 1024);
    for _ in 0..100 {
        assert_eq!(network.ask("192.0.2.1", ROOMS).await.0, 200);
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn players_who_come_back_get_in_while_all_other_places_are_taken() {
    let network = Network::of(HttpSettings::default(), 64);
    let start = Instant::now();
    // 64 places, of which four are reserved.
    let slow: Vec<DuplexStream> = (0..60).map(|index| network.connect(&format!("192.0.{index}.1"))).collect();
    settle().await;
    let resume = post(r#"{"name":"Ada","resume":"0123456789abcdef0123456789abcdef"}"#);
    assert_eq!(network.ask("198.51.100.1", &resume).await.0, 200);
    settle().await;
    let (status, refused) = network.ask("198.51.100.1", &post(r#"{"name":"Ada","room":{"quick":{}}}"#)).await;
    assert!(status == 503 && refused.contains("retry-after: 5\r\n"), "{refused}");
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(slow);
    settle().await;
    assert_eq!(network.ask("198.51.100.1", ROOMS).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn strangers_cannot_keep_health_checks_and_monitoring_out() {
    let trusted_proxies = vec!["10.0.0.9".parse().expect("an address")];
    let network = Network::of(HttpSettings { trusted_proxies, ..Default::default() }, 64);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let start = Instant::now();
    // All places but the one in 64 that is kept.
    let slow: Vec<DuplexStream> = (0..63).map(|index| network.connect(&format!("192.0.{index}.1"))).collect();
    settle().await;
    for from in ["127.0.0.1", "::1", "10.0.0.9"] {
        for path in ["/healthz", "/metrics"] {
            assert_eq!(network.ask(from, &get(path)).await.0, 200, "{path} from {from}");
            settle().await;
        }
        assert_eq!(network.ask(from, ROOMS).await.0, 503, "the place is for nothing else");
        settle().await;
    }
    let (status, refused) = network.ask("198.51.100.1", &get("/healthz")).await;
    let (head, body) = refused.split_once("\r\n\r\n").expect("a head and a body");
    assert!(status == 503 && head.contains("retry-after: 5\r\n"), "{refused}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{refused}");
    assert_eq!(start.elapsed(), Duration::ZERO, "nobody had to wait until a slow connection was over");
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_request_takes_eight_kilobytes_at_most() {
    let network = Network::of(HttpSettings::default(), 1024);
    let request = |bytes| {
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx: {}\r\n\r\n", "a".repeat(bytes))
    };
    assert_eq!(network.ask("192.0.2.1", &request(7000)).await.0, 200);
    assert_eq!(network.ask("192.0.2.1", &request(20_000)).await.0, 431);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_names_its_callers_with_a_proxy_header_and_a_stranger_cannot() {
    let trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    let network = Network::of(HttpSettings { trusted_proxies, ..Default::default() }, 1024);
    let from = |caller: &str| format!("PROXY TCP4 {caller} 10.0.0.1 4711 80\r\n");
    let mut slow = VecDeque::new();
    for _ in 0..32 {
        let mut stream = network.connect("10.0.0.1");
        stream.write_all(from("198.51.100.1").as_bytes()).await.expect("a connection");
        slow.push_back(stream);
    }
    settle().await;
    let ask = async |peer: &str, caller: &str| network.ask(peer, &format!("{}{ROOMS}", from(caller))).await.0;
    assert_eq!(ask("10.0.0.1", "203.0.113.1").await, 200);
    assert_eq!(ask("10.0.0.2", "198.51.100.1").await, 429, "the same caller through another proxy");
    assert_eq!(ask("198.51.100.9", "203.0.113.1").await, 400, "a stranger's header is no request");
    assert_eq!(network.ask("10.0.0.1", ROOMS).await.0, 200, "a proxy may speak HTTP, too");
    slow.pop_front();
    settle().await;
    assert_eq!(ask("10.0.0.1", "198.51.100.1").await, 200);
}

#[tokio::test(start_paused = true)]
async fn handshakes_count_as_connections_and_end_in_time() {
    let network = Network::with(HttpOptions { tls: Some(made_keys()), ..Default::default() });
    let start = Instant::now();
    let mut slow: Vec<DuplexStream> = (0..32).map(|_| network.connect("192.0.2.1")).collect();
    settle().await;
    let mut byte = [0];
    assert_eq!(network.connect("192.0.2.1").read(&mut byte).await.ok(), Some(0), "one too many is closed");
    assert_eq!(start.elapsed(), Duration::ZERO);
    for stream in &mut slow {
        assert_eq!(stream.read(&mut byte).await.ok(), Some(0), "nobody may take for ever");
    }
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    settle().await;
    let mut next = network.connect("192.0.2.1");
    let hello_in_plain = next.write_all(ROOMS.as_bytes()).await;
    assert!(hello_in_plain.is_ok() && next.read(&mut byte).await.ok() == Some(1), "an alert: there is room again");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_connects_too_often_has_to_wait() {
    let network = Network::of(HttpSettings::default(), 1024);
    let mut refused = 0;
    for _ in 0..100 {
        // Each is over before the next begins, and asks nothing.
        let mut stream = network.connect("192.0.2.1");
        let _ = stream.shutdown().await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        settle().await;
        refused += usize::from(answer.contains("429"));
    }
    assert_eq!(refused, 20);
}

//! Health checks and metrics of a running server, as a load balancer and Prometheus see them.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Instant};

use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, UdpLink},
};
use framehouse_harness::{
    live::{LiveServer, wait_until},
    world::World,
};
use framehouse_server::{counters::Counters, room::inputs::InputBuffer, server::Server};
use framehouse_shared::{api::Status, simulation};
use framehouse_tiny::TinyPlugin;

fn ask(server: &LiveServer, path: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut response = agent.get(format!("{}{path}", server.url)).call().expect("an answer");
    (response.status().as_u16(), response.body_mut().read_to_string().expect("a body"))
}

/// A server whose ticks run.
fn ready_server() -> LiveServer {
    let server = LiveServer::start(TinyPlugin, Vec::new());
    wait_until("the server is ready", || ask(&server, "/readyz").0 == 200);
    server
}

#[test]
fn a_server_whose_tick_thread_hangs_says_so_until_it_goes_on() {
    let server = ready_server();
    assert_eq!(ask(&server, "/healthz"), (200, "ok\n".to_owned()));
    server.hold_ticks(true);
    wait_until("the check fails", || ask(&server, "/healthz").0 == 503);
    for path in ["/healthz", "/readyz"] {
        let (status, sentence) = ask(&server, path);
        assert!(status == 503 && sentence.starts_with("the tick thread hangs"), "{path}: {status} {sentence}");
    }
    server.hold_ticks(false);
    wait_until("the checks pass again", || ["/healthz", "/readyz"].iter().all(|path| ask(&server, path).0 == 200));
}

#[test]
fn a_server_that_stops_is_not_ready() {
    let server = ready_server();
    server.stop();
    wait_until("it is not ready", || ask(&server, "/readyz").0 == 503);
    assert_eq!(ask(&server, "/readyz").1, "the server drains or stops: it takes no new players\n");
}

/// The names and labels of all values.
fn series(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.rsplit_once(' ')?.0)).collect()
}

#[test]
fn whatever_strangers_do_the_metrics_do_not_grow_and_name_nobody() {
    let server = ready_server();
    let before = ask(&server, "/metrics").1;
    let start = Instant::now();
    let room = RoomRequest::Create { size: 2, private: true, practice: false, economy: None };
    let hello = Some(simulation::hello(TinyPlugin));
    let request = SessionRequest { name: "Quaestor".into(), room, resume: None, player_secret: None, hello };
    let grant = request_session(&server.url, &request).expect("a seat");
    let link = UdpLink::connect(Connection::server_address(&grant.token).expect("a token")).expect("a socket");
    let config = ClientConfig::of(TinyPlugin);
    let mut client = Client::new(&grant.token, Box::new(link), &config, start.elapsed()).expect("a token");
    wait_until("the player is in its room", || {
        client.update(start.elapsed(), &mut |_| Default::default());
        client.code().is_some()
    });
    for path in ["/Quaestor", "/v1/replays/Quaestor", "/v1/rooms?map=Quaestor", "/metrics?name=Quaestor"] {
        ask(&server, path);
    }
    wait_until("the page shows the player", || {
        client.update(start.elapsed(), &mut |_| Default::default());
        ask(&server, "/metrics").1.contains("framehouse_players 1\n")
    });
    let after = ask(&server, "/metrics").1;
    assert_eq!(series(&before), series(&after));
    let code = client.code().expect("it is in its room").to_string();
    assert!(!after.contains("Quaestor") && !after.contains(&format!("\"{code}\"")), "{after}");
}

/// The unit in the name of a metric.
fn unit(name: &str) -> &str {
    let plain = name.strip_suffix("_total").unwrap_or(name);
    ["seconds", "bytes", "hertz", "ratio"].into_iter().find(|unit| plain.ends_with(&format!("_{unit}"))).unwrap_or("")
}

/// The table of all metrics.
fn table(text: &str) -> String {
    let mut rows = String::from("| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n");
    let series = series(text);
    for line in text.lines() {
        let Some((name, meaning)) = line.strip_prefix("# HELP ").and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let kind = text.lines().find_map(|line| line.strip_prefix(&format!("# TYPE {name} "))).expect("a type");
        let labels: BTreeSet<&str> = series
            .iter()
            .filter_map(|series| series.split_once('{'))
            .filter(|(of, _)| *of == name || *of == format!("{name}_count"))
            .flat_map(|(_, labels)| labels.split("\",").filter_map(|label| Some(label.split_once('=')?.0)))
            .collect();
        let labels = labels.into_iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        rows += &format!("| `{name}` | {kind} | {} | {labels} | {meaning} |\n", unit(name));
    }
    rows
}

#[test]
fn every_metric_is_documented_and_no_other_one() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../assets/ops/METRICS.md");
    let server = ready_server();
    let expected = table(&ask(&server, "/metrics").1);
    let documented = fs::read_to_string(&file).expect("the list of metrics");
    let begin = documented.find("| metric |").expect("a table");
    if std::env::var_os("FRAMEHOUSE_BLESS").is_some() {
        fs::write(&file, format!("{}{expected}", &documented[..begin])).expect("the list can be written");
    } else {
        assert_eq!(&documented[begin..], expected, "write it with FRAMEHOUSE_BLESS=1");
    }
}

/// The newest status page.
fn status(server: &Server) -> Status {
    server.status_board().page().status.clone()
}

#[test]
fn the_page_shows_how_far_clients_are_away_and_how_early_their_inputs_come() {
    let mut world = World::new(TinyPlugin, 3).with_link("delay=50").with_players(2);
    world.step_to_playing();
    world.step_ticks(300);
    let clients = status(&world.server).clients;
    // A round trip of 100 ms: at most a tick too short, and the wait for the server's next look at its socket.
    let round_trip_ms = clients.round_trip_us.p50 / 1000;
    assert!((66..=107).contains(&round_trip_ms), "{round_trip_ms} ms");
    let margin_ms = clients.margin_us.p50 / 1000;
    assert!((1..=60).contains(&margin_ms), "{margin_ms} ms");
    let measured: u64 = clients.round_trip_us.buckets.iter().map(|(_, count)| count).sum();
    assert!((30..=50).contains(&measured), "two clients are measured twice a second: {measured}");
}

#[test]
fn late_and_replaced_inputs_are_counted_as_the_clients_are_told() {
    let mut world = World::new(TinyPlugin, 3).with_link("awful").with_players(2);
    world.step_to_playing();
    world.step_ticks(200);
    let world = world.server.world_mut();
    let counters = *world.resource::<Counters>();
    let mut buffers = world.query::<&InputBuffer>();
    let told = buffers.iter(world).map(InputBuffer::feedback_so_far);
    let told = told.fold((0, 0), |sum, told| (sum.0 + u64::from(told.late), sum.1 + u64::from(told.replaced)));
    assert_eq!((counters.inputs_late, counters.inputs_replaced), told);
    assert!(told.0 > 0 && told.1 > 0, "the network is bad enough: {told:?}");
}

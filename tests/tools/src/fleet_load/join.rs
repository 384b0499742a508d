//! Scenario `join`: requests for seats at a gateway. Nobody takes the seats, so they are free again after ten seconds.

use std::{
    collections::BTreeMap,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_client::stats::{Distribution, ErrorLog};
use framehouse_shared::api::{RoomRequest, SessionGrant, SessionRequest};

use super::JoinArgs;
use crate::{
    bursts::{report::Report, timeline::quantiles},
    fleet::{Fleet, NODES},
    load::{
        self,
        process::Scratch,
        room::{tenth_ms, tenths_of_ms},
    },
    store_load::asker::agent,
};

/// Connections that create rooms, each one request after the other.
const CONNECTIONS: u32 = 32;
/// The longest times for 99 of 100 answers, in milliseconds.
const CREATE_P99_MAX_MS: f64 = 20.0;
const QUICK_P99_MAX_MS: f64 = 50.0;
/// The most players of a node, as a multiple of the mean.
const SPREAD_MAX: f64 = 1.15;
/// Longest time until all nodes take players.
const BEGIN_TIME_MAX: Duration = Duration::from_secs(60);
/// Time after which seats that nobody took are free again.
const FREE_AGAIN_TIME: Duration = Duration::from_secs(15);

/// Room for all of them, whichever node they come to.
const SETTINGS: &str = "[rooms]\nrooms_max = 60000\nload_max = 1.0\n";

/// What came of requests.
struct Granted {
    tenth_ms: Distribution,
    /// Seats by the address of their node.
    by_node: BTreeMap<String, u32>,
    refused: ErrorLog,
}

impl Default for Granted {
    fn default() -> Self {
        Self { tenth_ms: tenths_of_ms(), by_node: BTreeMap::new(), refused: ErrorLog::default() }
    }
}

impl Granted {
    /// Asks for a seat. `due` is when this should have begun.
    fn ask(&mut self, agent: &ureq::Agent, gateway: &str, request: &SessionRequest, due: Instant) {
        let answer = agent.post(format!("{gateway}/v1/sessions")).send_json(request).and_then(|mut answer| {
            let is_granted = answer.status().is_success();
            let text = answer.body_mut().read_to_string()?;
            Ok(if is_granted {
                serde_json::from_str::<SessionGrant>(&text).map_err(|error| error.to_string())
            } else {
                Err(text)
            })
        });
        self.tenth_ms.record(tenth_ms(due.elapsed()));
        match answer {
            Ok(Ok(grant)) => *self.by_node.entry(grant.server).or_default() += 1,
            Ok(Err(sentence)) => self.refused.note(sentence),
            Err(error) => self.refused.note(format!("a request has no answer: {error}")),
        }
    }

    fn add(&mut self, other: &Self) {
        self.tenth_ms.add(&other.tenth_ms);
        other.by_node.iter().for_each(|(node, count)| *self.by_node.entry(node.clone()).or_default() += count);
        self.refused.add(&other.refused);
    }

    /// The busiest node's share of the mean.
    fn spread(&self) -> f64 {
        let (most, all) =
            (self.by_node.values().max().copied().unwrap_or_default(), self.by_node.values().sum::<u32>());
        f64::from(most) * f64::from(NODES) / f64::from(all.max(1))
    }
}

pub(super) fn run(args: &JoinArgs) -> Result<Report, String> {
    let folder = Scratch::new("fleet-load")?;
    let fleet = Fleet::start(folder.path(), SETTINGS, Vec::new())?;
    let end = Instant::now() + BEGIN_TIME_MAX;
    while fleet.nodes_ready().unwrap_or_default() < NODES {
        if Instant::now() > end {
            return Err("the nodes take no players after a minute".to_owned());
        }
        thread::sleep(Duration::from_millis(100));
    }
    // Codes of rooms are fetched in advance.
    thread::sleep(Duration::from_secs(5));
    let gateway = &fleet.gateways()[0];
    let (count, began) = (u64::from(args.per_s * args.seconds), Instant::now());
    let created = create(gateway, args.per_s, count)?;
    let took = began.elapsed();
    thread::sleep(FREE_AGAIN_TIME);
    let joined = join_at_once(gateway, args.at_once)?;
    let mut report = Report { scenario: "join", ..Report::default() };
    report.number("rooms_created_per_s", count as f64 / took.as_secs_f64());
    report.number("spread", created.spread());
    report.check(created.spread() <= SPREAD_MAX, || format!("the nodes got {:?} rooms", created.by_node));
    for (name, granted, limit_ms) in [("create", &created, CREATE_P99_MAX_MS), ("quick", &joined, QUICK_P99_MAX_MS)] {
        let times = quantiles(&granted.tenth_ms);
        report.check(times.p99 <= limit_ms, || format!("{name}: one answer in a hundred took {:.1} ms", times.p99));
        let (refused, first) = (granted.refused.count(), granted.refused.messages().first());
        report.check(refused == 0, || format!("{name}: {refused} were refused, the first with: {first:?}"));
        report.spreads_ms.insert(name.to_owned(), times);
    }
    Ok(report)
}

fn request(number: u64, room: RoomRequest) -> SessionRequest {
    let player_secret = format!("{:032x}", u128::from(number) + 1).parse().ok();
    SessionRequest { name: format!("join {number}"), room, resume: None, player_secret, hello: Some(load::hello()) }
}

/// Creates rooms at a steady rate.
fn create(gateway: &str, per_s: u32, count: u64) -> Result<Granted, String> {
    let (start, next) = (Instant::now(), AtomicU64::new(0));
    let ask_on = || {
        let (agent, mut granted) = (agent(), Granted::default());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return granted;
            }
            let due = start + Duration::from_secs_f64(number as f64 / f64::from(per_s));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let room = RoomRequest::Create { size: 4, private: true, practice: false, economy: None };
            granted.ask(&agent, gateway, &request(number, room), due);
        }
    };
    together(CONNECTIONS, |_| ask_on())
}

/// Everybody asks for any seat at the same moment, over a connection that is there already.
fn join_at_once(gateway: &str, players: u32) -> Result<Granted, String> {
    let barrier = Barrier::new(players as usize);
    together(players, |number| {
        let (agent, mut granted) = (agent(), Granted::default());
        let connected =
            agent.get(format!("{gateway}/healthz")).call().and_then(|mut answer| answer.body_mut().read_to_vec());
        barrier.wait();
        if let Err(error) = connected {
            granted.refused.note(format!("no connection: {error}"));
            return granted;
        }
        granted.ask(&agent, gateway, &request(1_000_000 + u64::from(number), RoomRequest::Quick {}), Instant::now());
        granted
    })
}

/// Runs this on so many threads.
fn together(threads: u32, run: impl Fn(u32) -> Granted + Sync) -> Result<Granted, String> {
    let mut all = Granted::default();
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..threads).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().try_for_each(|thread| {
            all.add(&thread.join().map_err(|_| "a thread that asks panicked".to_owned())?);
            Ok(())
        })
    })
    .map(|()| all)
}

//! Scenario `join`: requests for seats at a gateway. Nobody takes the seats, so they are free again after ten seconds.

use std::{
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_client::stats::{Distribution, ErrorLog};
use framehouse_shared::api::{RoomRequest, SessionRequest};

use super::JoinArgs;
use crate::{
    bursts::{report::Report, timeline::quantiles},
    fleet::{Fleet, NODES},
    load::{
        self,
        process::Scratch,
        room::{tenth_ms, tenths_of_ms},
        seats::{SeatClient, body_of},
    },
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
/// Crowds that are measured, and the time between two.
const CROWDS: u32 = 4;
const CROWD_INTERVAL: Duration = Duration::from_secs(1);
/// Above this share of the processors' time that other virtual machines took, in per cent, long times say nothing about the
/// fleet.
const STOLEN_PCT_MAX: f64 = 1.0;
/// Time after which seats that nobody took are free again.
const FREE_AGAIN_TIME: Duration = Duration::from_secs(15);

/// Room for all of them, whichever node they come to.
const SETTINGS: &str = "[server]\nlanes = 4\n[rooms]\nrooms_max = 60000\nload_max = 1.0\n";
/// Addresses of the nodes, as in the settings.
const ADDRESSES: u32 = NODES * 4;

/// What came of requests.
struct Granted {
    tenth_ms: Distribution,
    /// Seats by the address of a node. Each has several, which get as many players.
    by_address: BTreeMap<String, u32>,
    refused: ErrorLog,
}

impl Default for Granted {
    fn default() -> Self {
        Self { tenth_ms: tenths_of_ms(), by_address: BTreeMap::new(), refused: ErrorLog::default() }
    }
}

impl Granted {
    /// Asks for a seat, with the body of a request. `due` is when this should have begun.
    fn ask(&mut self, seats: &mut SeatClient, body: &str, due: Instant) {
        let answer = seats.ask_with(body);
        self.tenth_ms.record(tenth_ms(due.elapsed()));
        match answer {
            Ok(grant) => *self.by_address.entry(grant.server).or_default() += 1,
            Err(refusal) => self.refused.note(refusal.to_string()),
        }
    }

    fn add(&mut self, other: &Self) {
        self.tenth_ms.add(&other.tenth_ms);
        other.by_address.iter().for_each(|(node, count)| *self.by_address.entry(node.clone()).or_default() += count);
        self.refused.add(&other.refused);
    }

    /// The busiest address' share of the mean. A node's is nearer to 1.
    fn spread(&self) -> f64 {
        let (most, all) =
            (self.by_address.values().max().copied().unwrap_or_default(), self.by_address.values().sum::<u32>());
        f64::from(most) * f64::from(ADDRESSES) / f64::from(all.max(1))
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
    let gateways = fleet.gateways();
    let (count, began, machine) = (u64::from(args.per_s * args.seconds), Instant::now(), Machine::now());
    let created = create(&gateways[0], args.per_s, count)?;
    let (took, create_stolen) = (began.elapsed(), machine.stolen_pct());
    thread::sleep(FREE_AGAIN_TIME);
    let machine = Machine::now();
    let joined = join_in_crowds(&gateways, args.at_once)?;
    let quick_stolen = machine.stolen_pct();
    let mut report = Report { scenario: "join", ..Report::default() };
    report.number("rooms_created_per_s", count as f64 / took.as_secs_f64());
    report.number("spread", created.spread());
    report.check(created.spread() <= SPREAD_MAX, || {
        format!("the addresses of the nodes got {:?} rooms", created.by_address)
    });
    for (name, granted, limit_ms, stolen_pct) in
        [("create", &created, CREATE_P99_MAX_MS, create_stolen), ("quick", &joined, QUICK_P99_MAX_MS, quick_stolen)]
    {
        let times = quantiles(&granted.tenth_ms);
        report.number(&format!("{name}_stolen_pct"), stolen_pct);
        if times.p99 > limit_ms {
            let sentence = format!("{name}: one answer in a hundred took {:.1} ms", times.p99);
            let sentences = if stolen_pct > STOLEN_PCT_MAX { &mut report.doubts } else { &mut report.failures };
            sentences.push(sentence);
        }
        let (refused, first) = (granted.refused.count(), granted.refused.messages().first());
        report.check(refused == 0, || format!("{name}: {refused} were refused, the first with: {first:?}"));
        report.spreads_ms.insert(name.to_owned(), times);
    }
    Ok(report)
}

/// Body of a player's request. It is made before the time of an answer begins.
fn body(number: u64, room: RoomRequest) -> String {
    let player_secret = format!("{:032x}", u128::from(number) + 1).parse().ok();
    let hello = Some(load::hello());
    body_of(&SessionRequest { name: format!("join {number}"), room, resume: None, player_secret, hello })
}

fn client(gateway: &str) -> SeatClient {
    SeatClient::new(Ipv4Addr::LOCALHOST, gateway)
}

/// The processors' time at a moment, as the kernel counts it.
struct Machine {
    all: u64,
    stolen: u64,
}

impl Machine {
    /// Now; zeros if the kernel does not tell.
    fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        // user, nice, system, idle, iowait, irq, softirq, steal
        let times: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|time| time.parse().ok()).collect();
        Self { all: times.iter().sum(), stolen: times.get(7).copied().unwrap_or_default() }
    }

    /// The share of the time since then that other virtual machines on the same hardware took, in per cent.
    fn stolen_pct(&self) -> f64 {
        let now = Self::now();
        100.0 * now.stolen.saturating_sub(self.stolen) as f64 / now.all.saturating_sub(self.all).max(1) as f64
    }
}

/// Creates rooms at a steady rate.
fn create(gateway: &str, per_s: u32, count: u64) -> Result<Granted, String> {
    let (start, next) = (Instant::now(), AtomicU64::new(0));
    let ask_on = || {
        let (mut seats, mut granted) = (client(gateway), Granted::default());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return granted;
            }
            let body = body(number, RoomRequest::Create { size: 4, private: true, practice: false, economy: None });
            let due = start + Duration::from_secs_f64(number as f64 / f64::from(per_s));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            granted.ask(&mut seats, &body, due);
        }
    };
    together(CONNECTIONS, |_| ask_on())
}

/// Crowds that come one after the other, each of other players. The first one is not counted: a gateway that was never busy
/// has to get its memory from the system first.
fn join_in_crowds(gateways: &[String], players: u32) -> Result<Granted, String> {
    let mut all = Granted::default();
    for crowd in 0..=CROWDS {
        let joined = join_at_once(gateways, players, 1_000_000 * u64::from(crowd + 1))?;
        if crowd > 0 {
            all.add(&joined);
        }
        thread::sleep(CROWD_INTERVAL);
    }
    Ok(all)
}

/// Everybody asks one of the gateways for any seat at the same moment, over a connection that is there already. `first` is the
/// number of the first player.
fn join_at_once(gateways: &[String], players: u32, first: u64) -> Result<Granted, String> {
    let barrier = Barrier::new(players as usize);
    together(players, |number| {
        let gateway = &gateways[number as usize % gateways.len()];
        let (mut seats, mut granted) = (client(gateway), Granted::default());
        let body = body(first + u64::from(number), RoomRequest::Quick {});
        let connected = seats.connect();
        barrier.wait();
        match connected {
            Ok(()) => granted.ask(&mut seats, &body, Instant::now()),
            Err(error) => granted.refused.note(format!("no connection: {error}")),
        }
        // No thread ends, which takes its time, while others still ask.
        barrier.wait();
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

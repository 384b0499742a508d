//! Visits: further clients take a seat, connect, and leave as soon as they are welcome, many a second.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender},
    },
    thread,
    time::Duration,
};

use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{RoomRequest, SessionRequest},
    stats::{Distribution, ErrorLog},
};
use framehouse_shared::{input::Input, protocol::messages::Hello};
use serde::{Deserialize, Serialize};

use super::{
    args::source_address,
    counts,
    drive::LOOP_INTERVAL,
    room::{tenth_ms, tenths_of_ms},
    seats::SeatClient,
    shared::{Course, Shared},
    spawner::connect_from,
};

/// The most time from the seat to the welcome.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// The most time until the last ones have left.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(2);
/// Interval of looks whether the visits begin.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What became of the visits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Visits {
    /// Clients that were welcome.
    pub made: u64,
    /// Those without a seat or a welcome.
    pub failed: ErrorLog,
    /// Times from the request for a seat to its answer.
    #[serde(with = "counts")]
    pub seat_tenth_ms: Distribution,
    /// Times from the answer to the welcome.
    #[serde(with = "counts")]
    pub connect_tenth_ms: Distribution,
}

impl Default for Visits {
    fn default() -> Self {
        let (seat_tenth_ms, connect_tenth_ms) = (tenths_of_ms(), tenths_of_ms());
        Self { made: 0, failed: ErrorLog::default(), seat_tenth_ms, connect_tenth_ms }
    }
}

impl Visits {
    pub fn add(&mut self, other: &Self) {
        self.made += other.made;
        self.failed.add(&other.failed);
        self.seat_tenth_ms.add(&other.seat_tenth_ms);
        self.connect_tenth_ms.add(&other.connect_tenth_ms);
    }
}

/// A client that has a seat, or the reason why it has none.
pub(super) enum Arrival {
    Seated { client: Box<Client>, asked: Duration, seated: Duration },
    Refused(String),
}

/// The pace of the visits of this process.
pub(super) struct Pace<'a> {
    shared: &'a Shared,
    url: &'a str,
    config: ClientConfig,
    per_s: f64,
    start: OnceLock<Duration>,
    next: AtomicU64,
}

impl<'a> Pace<'a> {
    pub fn new(shared: &'a Shared, url: &'a str, hello: Hello) -> Self {
        let per_s = f64::from(shared.args.connects_per_s) / f64::from(shared.args.processes);
        let config = ClientConfig { hello, game: None };
        Self { shared, url, config, per_s, start: OnceLock::new(), next: AtomicU64::new(0) }
    }

    /// Threads that ask for seats. The server answers once a tick.
    pub fn askers(&self) -> u32 {
        if self.per_s == 0.0 { 0 } else { (2.0 * self.per_s / f64::from(self.shared.args.tick_rate)).ceil() as u32 + 4 }
    }

    /// The number of the next visit, when it is due; `None` when there are no more.
    fn next(&self) -> Option<u64> {
        while self.shared.course() < Course::Visit {
            thread::sleep(LOOK_INTERVAL);
        }
        let start = *self.start.get_or_init(|| self.shared.elapsed());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let due = start + Duration::from_secs_f64(number as f64 / self.per_s);
        while self.shared.course() == Course::Visit {
            let wait = due.saturating_sub(self.shared.elapsed());
            if wait.is_zero() {
                return Some(number);
            }
            thread::sleep(wait.min(LOOK_INTERVAL));
        }
        None
    }
}

/// Asks for seats, one after the other.
pub(super) fn ask_for_seats(pace: &Pace<'_>, arrivals: &Sender<Arrival>) {
    let (shared, addresses) = (pace.shared, pace.shared.args.addresses);
    let mut seats = None;
    while let Some(number) = pace.next() {
        let from = source_address(number as u32, addresses);
        let seats = seats.get_or_insert_with(|| SeatClient::new(from, pace.url));
        let hello = Some(pace.config.hello.clone());
        let name = format!("visit {number}");
        let asked = shared.elapsed();
        let granted =
            seats.ask(&SessionRequest { name, room: RoomRequest::Quick {}, resume: None, player_secret: None, hello });
        let seated = shared.elapsed();
        let client = granted
            .map_err(|refusal| refusal.to_string())
            .and_then(|grant| connect_from(from, &grant, &pace.config, seated));
        let arrival = match client {
            Ok(client) => Arrival::Seated { client: Box::new(client), asked, seated },
            Err(reason) => Arrival::Refused(reason),
        };
        // The receiver is there as long as this thread, unless it panicked, which is reported when it is joined.
        let _ = arrivals.send(arrival);
    }
}

/// A client on its way to its welcome, or away.
struct Visitor {
    client: Box<Client>,
    seated: Duration,
    is_leaving: bool,
}

impl Visitor {
    /// Lets it go on, and notes its welcome or its failure.
    fn update(&mut self, now: Duration, visits: &mut Visits) {
        self.client.update(now, &mut |_| Input::NEUTRAL);
        if self.is_leaving {
            return;
        }
        let way = now.saturating_sub(self.seated);
        if self.client.phase().is_some() {
            visits.made += 1;
            visits.connect_tenth_ms.record(tenth_ms(way));
        } else if let Some(reason) = self.client.ended() {
            visits.failed.note(reason);
        } else if way > CONNECT_TIME_MAX {
            visits.failed.note("a client was not welcome in five seconds");
        } else {
            return;
        }
        self.is_leaving = true;
        self.client.leave();
    }
}

/// Drives the clients with a seat until they have left.
pub(super) fn drive_visitors(shared: &Shared, arrivals: &Receiver<Arrival>) -> Visits {
    let mut visits = Visits::default();
    let mut visitors: Vec<Visitor> = Vec::new();
    let mut late = None;
    while late.is_none_or(|late| shared.elapsed() < late && !visitors.is_empty()) {
        let now = shared.elapsed();
        if shared.course() == Course::Leave {
            late = late.or(Some(now + LEAVE_TIME_MAX));
        }
        for arrival in arrivals.try_iter() {
            match arrival {
                Arrival::Seated { client, asked, seated } => {
                    visits.seat_tenth_ms.record(tenth_ms(seated - asked));
                    visitors.push(Visitor { client, seated, is_leaving: false });
                }
                Arrival::Refused(reason) => visits.failed.note(reason),
            }
        }
        visitors.iter_mut().for_each(|visitor| visitor.update(now, &mut visits));
        visitors.retain(|visitor| !(visitor.is_leaving && visitor.client.ended().is_some()));
        thread::sleep(LOOP_INTERVAL.saturating_sub(shared.elapsed() - now));
    }
    visits
}

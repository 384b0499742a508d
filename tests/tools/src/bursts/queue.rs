//! Scenario `queue`: five thousand players ask within ten seconds at a server for a thousand, beside rooms that play. Each
//! asks whenever it is told to. When all have a seat or a place, those with seats leave at once.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use framehouse_client::{connect::SessionGrant, stats::ErrorLog};
use framehouse_shared::api::{QueuePlace, RoomRequest, SessionBody, SessionRefusal, SessionRequest, Status};
use ureq::http::StatusCode;

use super::{
    args::Size,
    crowd::Seen,
    player::{Group, Order, Player},
    report::Report,
    scene::{RoomPlan, Scene},
    timeline::{Pages, Timeline},
};
use crate::load::spawner::connect;

/// Rooms of four that play on.
const BYSTANDING_ROOMS: u32 = 50;
/// Seats of all other rooms, four in each.
const SEATS: u32 = 1024;
/// Players who ask for them by quick match.
const ASKERS: u32 = 5000;
/// Time from the first request of the first one to that of the last.
const ASKING_TIME: Duration = Duration::from_secs(10);
/// The most requests in flight.
const THREADS: u32 = 64;
/// Pause of a thread while nobody is to ask.
const IDLE_PAUSE: Duration = Duration::from_millis(2);
/// The most time for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Pause after a request without a seat or a place.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Time of play before the measurement.
const WARM_TIME: Duration = Duration::from_secs(5);
/// Length of the calm window, and of the time that all wait.
const CALM_TIME: Duration = Duration::from_secs(10);

/// A player who wants a seat.
struct Asker {
    ticket: Option<String>,
    place: Option<u32>,
    first_at: Duration,
    is_in: bool,
}

/// All askers, and what happened to them.
struct Asking {
    askers: Vec<Asker>,
    due: BinaryHeap<Reverse<(Duration, usize)>>,
    /// Durations of requests.
    took: Vec<Duration>,
    /// Waits of those who got a seat after the others had left, and the first estimates of these.
    waits: Vec<Duration>,
    /// Requests without a seat or a place.
    failed: ErrorLog,
    /// Places that were later than the one before, and tickets that were lost.
    broken: ErrorLog,
}

impl Asking {
    fn new(askers: u32, now: Duration) -> Self {
        let first_at = |number| now + ASKING_TIME * number / askers;
        let asker = |number| Asker { ticket: None, place: None, first_at: first_at(number), is_in: false };
        Self {
            askers: (0..askers).map(asker).collect(),
            due: (0..askers).map(|number| Reverse((first_at(number), number as usize))).collect(),
            took: Vec::new(),
            waits: Vec::new(),
            failed: ErrorLog::default(),
            broken: ErrorLog::default(),
        }
    }

    /// The number and ticket of the next one who is to ask.
    fn next(&mut self, now: Duration) -> Option<(usize, Option<String>)> {
        self.due.peek().filter(|Reverse((at, _))| *at <= now)?;
        let Reverse((_, number)) = self.due.pop()?;
        Some((number, self.askers[number].ticket.clone()))
    }

    fn note_place(&mut self, number: usize, place: &QueuePlace, now: Duration) {
        let asker = &mut self.askers[number];
        if let Some(last) = asker.place.filter(|last| place.place > *last) {
            self.broken.note(format!("place {} after place {last}", place.place));
        }
        if asker.ticket.as_ref().is_some_and(|ticket| *ticket != place.ticket) {
            self.broken.note(format!("another ticket for place {}", place.place));
        }
        (asker.ticket, asker.place) = (Some(place.ticket.clone()), Some(place.place));
        self.due.push(Reverse((now + Duration::from_secs_f64(place.ask_again_s), number)));
    }

    fn without(&self) -> usize {
        self.askers.iter().filter(|asker| !asker.is_in && asker.place.is_none()).count()
    }
}

/// What the threads of the askers share.
struct Line<'a> {
    scene: &'a Scene,
    agent: ureq::Agent,
    asking: Mutex<Asking>,
    /// Whether the first ones have left.
    has_opened: AtomicBool,
    is_over: AtomicBool,
}

impl Line<'_> {
    fn lock(&self) -> MutexGuard<'_, Asking> {
        self.asking.lock().expect("nothing panics while holding this lock")
    }

    fn work(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let next = self.lock().next(self.scene.crowd.elapsed());
            match next {
                Some((number, ticket)) => self.ask(number, ticket),
                None => thread::sleep(IDLE_PAUSE),
            }
        }
    }

    fn ask(&self, number: usize, ticket: Option<String>) {
        let begin = self.scene.crowd.elapsed();
        let answer = self.exchange(number, ticket);
        let now = self.scene.crowd.elapsed();
        let mut asking = self.lock();
        asking.took.push(now - begin);
        match answer {
            Ok(Ok(grant)) => {
                let first_at = asking.askers[number].first_at;
                asking.askers[number].is_in = true;
                if self.has_opened.load(Ordering::Relaxed) {
                    asking.waits.push(now - first_at);
                }
                drop(asking);
                self.take_seat(number, &grant, first_at);
            }
            Ok(Err(place)) => asking.note_place(number, &place, now),
            Err(sentence) => {
                asking.failed.note(sentence);
                asking.due.push(Reverse((now + RETRY_PAUSE, number)));
            }
        }
    }

    /// A grant or a place, or what else was the answer.
    fn exchange(&self, number: usize, ticket: Option<String>) -> Result<Result<SessionGrant, QueuePlace>, String> {
        let request: SessionRequest = SessionRequest {
            name: format!("asker {number}"),
            room: RoomRequest::Quick {},
            resume: None,
            player_secret: None,
            hello: Some(self.scene.thin.hello.clone()),
        };
        let url = format!("{}/v1/sessions", self.scene.server.url());
        let answer = self.agent.post(&url).send_json(SessionBody { request, token: None, ticket });
        let mut answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.body_mut().read_to_vec().map_err(|error| error.to_string())?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map(Ok).map_err(|error| error.to_string());
        }
        let refusal: SessionRefusal = serde_json::from_slice(&body).map_err(|error| format!("{status}: {error}"))?;
        refusal.queue.map(Err).ok_or_else(|| format!("{status}: {}", refusal.error.message))
    }

    fn take_seat(&self, number: usize, grant: &SessionGrant, first_at: Duration) {
        let group = if self.has_opened.load(Ordering::Relaxed) { Group::OtherActor } else { Group::Actor };
        match connect(grant, &self.scene.thin, self.scene.crowd.elapsed()) {
            Ok(client) => self.scene.crowd.add(Player::new(client, group, number as u32, first_at), number as u32),
            Err(sentence) => self.lock().failed.note(sentence),
        }
    }
}

/// Numbers from the time that all waited, before the first ones left.
struct Midway {
    seats: u32,
    in_at_once: usize,
    without: usize,
    status: Status,
}

pub(super) fn run(size: Size, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let (bystanding, seats, askers) = (size.of(BYSTANDING_ROOMS), 4 * size.of(SEATS / 4), size.of(ASKERS));
    let settings = format!("[rooms]\nsize = 4\nrooms_max = {}\n", bystanding + seats / 4);
    let scene = Scene::open("queue", 4 * bystanding + 2 * seats, &settings, stop)?;
    scene.play(&RoomPlan::many(bystanding, 4, Group::Bystander).collect::<Vec<_>>())?;
    scene.pause(WARM_TIME)?;
    let agent = ureq::Agent::config_builder().timeout_global(Some(ANSWER_TIME_MAX)).http_status_as_error(false);
    let line = Line {
        scene: &scene,
        agent: agent
            .max_idle_connections(THREADS as usize)
            .max_idle_connections_per_host(THREADS as usize)
            .build()
            .into(),
        asking: Mutex::new(Asking::new(0, Duration::ZERO)),
        has_opened: AtomicBool::new(false),
        is_over: AtomicBool::new(false),
    };
    let measured = thread::scope(|scope| {
        let line = &line;
        for _ in 0..THREADS {
            scope.spawn(move || line.work());
        }
        let measured = measure(line, seats, askers);
        line.is_over.store(true, Ordering::Relaxed);
        measured
    });
    let (pages, midway) = measured?;
    let asking = line.asking.into_inner().expect("nothing panics while holding this lock");
    let (seen, log) = scene.close()?;
    Ok(judge(&pages, &seen, &asking, &midway, log))
}

fn measure(line: &Line<'_>, seats: u32, askers: u32) -> Result<(Pages, Midway), String> {
    let scene = line.scene;
    let mut timeline = Timeline::new(scene);
    timeline.begin("before")?;
    scene.pause(CALM_TIME)?;
    timeline.begin("asking")?;
    *line.lock() = Asking::new(askers, scene.crowd.elapsed());
    scene.pause(ASKING_TIME)?;
    timeline.begin("waiting")?;
    scene.pause(CALM_TIME)?;
    let status = scene.next_page()?;
    let midway = {
        let asking = line.lock();
        let in_at_once = asking.askers.iter().filter(|asker| asker.is_in).count();
        Midway { seats, in_at_once, without: asking.without(), status }
    };
    timeline.begin("opening")?;
    line.has_opened.store(true, Ordering::Relaxed);
    scene.crowd.order(Group::Actor, Order::Leave);
    let admitted = midway.status.queue.admitted + u64::from(seats.min(midway.status.queue.waiting));
    scene.wait_until("the seats have others", |status| status.queue.admitted >= admitted)?;
    timeline.begin("after")?;
    scene.pause(CALM_TIME)?;
    Ok((timeline.end()?, midway))
}

fn judge(pages: &Pages, seen: &Seen, asking: &Asking, midway: &Midway, log: Vec<String>) -> Report {
    let windows = pages.windows(seen, &[("bystander", &[Group::Bystander])]);
    let mut report = Report::new("queue", windows, log, seen);
    for burst in ["asking", "waiting", "opening"] {
        report.check_ticks(burst, "before");
        report.note_frames("bystander", burst, "before");
    }
    report.check_nobody_is_lost(seen, &[Group::Bystander, Group::OtherActor]);
    report.spread("request", asking.took.iter().copied());
    report.spread("wait", asking.waits.iter().copied());
    let Midway { seats, in_at_once, without, status } = midway;
    let numbers = [
        ("in_at_once", *in_at_once as f64),
        ("in_the_queue", f64::from(status.queue.waiting)),
        ("opening_s", report.window("opening").map_or(0.0, |window| window.seconds)),
        ("requests", asking.took.len() as f64),
    ];
    numbers.into_iter().for_each(|(name, number)| report.number(name, number));
    let (failed, broken) = (asking.failed.messages(), asking.broken.messages());
    report.check(*without == 0, || format!("{without} players have neither a seat nor a place: {failed:?}"));
    report.check(*in_at_once > 0 && *in_at_once <= *seats as usize, || format!("{in_at_once} are in at once"));
    report.check(asking.broken.count() == 0, || format!("places did not only go down: {broken:?}"));
    let (expired, refused) = (pages.last().queue.expired, pages.last().queue.refused);
    report.check(expired == 0 && refused == 0, || format!("{expired} places expired, {refused} were refused"));
    report
}

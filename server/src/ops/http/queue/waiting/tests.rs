//! Tests of the queue in virtual time: order, places, turns, and what is lost.

use std::net::Ipv4Addr;

use framehouse_shared::{ids::RoomCode, protocol::messages::Hello};

use super::*;
use crate::{
    net::endpoint::ClientKind,
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

const FULL: Refusal = Refusal::Join(JoinError::ServerFull);
const START: Duration = Duration::from_secs(100);

fn request(target: JoinTarget, kind: ClientKind) -> JoinRequest {
    let caller = Ipv4Addr::LOCALHOST.into();
    JoinRequest { name: "ada".to_owned(), target, secret: None, rating: None, hello: None, caller, kind }
}

fn kind(target: JoinTarget) -> Kind {
    Kind::of(&request(target, ClientKind::Simulating)).expect("it may wait")
}

fn quick() -> Kind {
    kind(JoinTarget::Quick)
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn ticket_of(place: &QueuePlace) -> Ticket {
    place.ticket.parse().expect("a ticket")
}

fn waiting(settings: QueueSettings) -> Waiting<()> {
    Waiting::new(settings)
}

/// A queue with a number of players who have come at the start.
fn queue_of(count: usize) -> (Waiting<()>, Vec<QueuePlace>) {
    let mut queue = waiting(QueueSettings::default());
    let places = (0..count).map(|_| queue.enter(quick(), FULL, Some(()), START).expect("a place")).collect();
    (queue, places)
}

/// A player who asks whenever it is told to.
struct Player {
    ticket: Option<Ticket>,
    ask_at: Duration,
    places: Vec<u32>,
    seated_at: Option<Duration>,
}

/// A server with some seats for players who do what they are told, in steps of 0.1 s.
struct Model {
    queue: Waiting<()>,
    players: Vec<Player>,
    free: u32,
    now: Duration,
    /// Requests that reached the backend.
    tried: usize,
}

impl Model {
    fn new(free: u32) -> Self {
        Self { queue: waiting(QueueSettings::default()), players: Vec::new(), free, now: START, tried: 0 }
    }

    fn add(&mut self, count: usize) {
        let player = || Player { ticket: None, ask_at: self.now, places: Vec::new(), seated_at: None };
        self.players.extend(std::iter::repeat_with(player).take(count));
    }

    fn step(&mut self, players: impl Fn(usize) -> bool) {
        for number in (0..self.players.len()).filter(|number| players(*number)) {
            let player = &self.players[number];
            if player.seated_at.is_none() && player.ask_at <= self.now {
                self.ask(number);
            }
        }
        self.now += Duration::from_millis(100);
    }

    fn ask(&mut self, number: usize) {
        let (now, ticket) = (self.now, self.players[number].ticket);
        let asked = self.queue.ask(quick(), ticket, now);
        let place = match asked {
            Asked::Turn | Asked::Newcomer if self.free > 0 => {
                (self.free, self.tried) = (self.free - 1, self.tried + 1);
                ticket.into_iter().for_each(|ticket| self.queue.give(ticket, now));
                self.players[number].seated_at = Some(now);
                return;
            }
            Asked::Turn => {
                self.tried += 1;
                self.queue.refuse(ticket.expect("a turn is a ticket's"), FULL, now)
            }
            Asked::Newcomer => {
                self.tried += 1;
                self.queue.enter(quick(), FULL, Some(()), now)
            }
            Asked::Behind(refusal) => self.queue.enter(quick(), refusal, Some(()), now),
            Asked::Waits(_, place) => Some(place),
        };
        let place = place.expect("the queue has places");
        let player = &mut self.players[number];
        player.ticket = Some(ticket_of(&place));
        player.ask_at = now + seconds(place.ask_again_s);
        player.places.push(place.place);
    }

    fn run(&mut self, seconds: u32, players: impl Fn(usize) -> bool) {
        (0..10 * seconds).for_each(|_| self.step(&players));
    }

    fn seated(&self) -> usize {
        self.players.iter().filter(|player| player.seated_at.is_some()).count()
    }
}

const fn all(_: usize) -> bool {
    true
}

#[test]
fn five_thousand_at_a_server_for_a_thousand_are_in_or_have_places_that_only_go_down() {
    let mut model = Model::new(1024);
    for _ in 0..100 {
        model.add(50);
        model.step(all);
    }
    assert_eq!(model.seated(), 1024);
    let has_place = |player: &Player| player.seated_at.is_some() || !player.places.is_empty();
    assert!(model.players.iter().all(has_place), "everybody is in or has a place");
    model.run(60, all);
    let status = model.queue.status(model.now);
    assert_eq!((status.waiting, status.expired, status.refused), (5000 - 1024, 0, 0));
    assert!((65.0..70.0).contains(&status.longest_wait_s), "{status:?}");
    // A thousand seats become free at once, and then one a second.
    let tried = model.tried;
    model.free = 1024;
    model.run(60, all);
    assert_eq!(model.free, 0, "they are given within a minute");
    assert!(model.tried - tried < 2 * 1024, "the backend is not asked for everybody: {}", model.tried - tried);
    for _ in 0..100 {
        model.free += 1;
        model.run(1, all);
    }
    assert!(model.free < 3, "{} seats stay empty", model.free);
    let only_down = |player: &Player| player.places.is_sorted_by(|before, after| before >= after);
    assert!(model.players.iter().all(only_down));
    // First come, first served, up to those who had the turn together.
    let seated: Vec<usize> = (0..5000)
        .filter(|number| model.players[*number].seated_at.is_some_and(|at| at > START + seconds(10.1)))
        .collect();
    let last = seated.iter().max().expect("many");
    assert!(last - seated[0] < seated.len() + 2 * TURNS_MAX as usize, "{} to {last}: {}", seated[0], seated.len());
}

#[test]
fn one_free_seat_is_the_first_ones_and_newcomers_do_not_overtake() {
    let mut model = Model::new(0);
    model.add(10);
    model.run(10, all);
    assert_eq!(model.seated(), 0);
    // All ask but the first one, whose turn it is; and a newcomer.
    model.free = 1;
    model.add(1);
    model.run(2, |number| number != 0);
    assert_eq!((model.seated(), model.free), (0, 1), "the seat waits for the first one");
    model.run(4, all);
    assert!(model.players[0].seated_at.is_some());
    assert_eq!((model.seated(), model.players[10].places.last()), (1, Some(&10)));
}

#[test]
fn who_is_not_there_loses_the_turn_first_and_the_place_later() {
    let mut model = Model::new(0);
    model.add(3);
    model.run(10, all);
    model.free = 1;
    // The first one is gone.
    model.run(12, |number| number != 0);
    assert_eq!(model.seated(), 1, "the seat goes to the second");
    assert_eq!(model.players[2].places.last(), Some(&2), "the first one still has its place");
    model.run(20, |number| number != 0);
    assert_eq!(model.players[2].places.last(), Some(&1));
    let status = model.queue.status(model.now);
    assert_eq!((status.waiting, status.admitted, status.expired), (1, 1, 1));
    // Coming back too late is coming anew.
    model.run(3, all);
    assert_eq!(model.players[0].places.last(), Some(&2));
}

#[test]
fn clients_that_know_no_queue_do_not_wait_behind_themselves() {
    let (mut queue, places) = queue_of(5);
    assert_eq!(queue.ask(quick(), None, START + seconds(1.0)), Asked::Newcomer, "nobody has asked with a ticket yet");
    assert!(matches!(queue.ask(quick(), Some(ticket_of(&places[4])), START + seconds(2.0)), Asked::Waits(..)));
    assert_eq!(queue.ask(quick(), None, START + seconds(2.0)), Asked::Behind(FULL));
}

#[test]
fn those_who_come_at_once_are_told_different_times() {
    let (_, places) = queue_of(1000);
    let mut times: Vec<f64> = places.iter().map(|place| place.ask_again_s).collect();
    assert!(times.iter().all(|time| (1.5..=37.5).contains(time)));
    // The busiest second of the first half minute.
    times.sort_by(f64::total_cmp);
    let busiest =
        times.iter().map(|from| times.iter().filter(|time| (*from..*from + 1.0).contains(time)).count()).max();
    assert!(busiest.is_some_and(|count| count <= 150), "{busiest:?} in a second");
    assert!(places.iter().zip(1..).all(|(place, number)| place.place == number));
}

#[test]
fn the_estimate_is_the_measured_rate() {
    let (mut lane, mut now) = (Lane::default(), START);
    for number in 0..10 {
        assert_eq!(lane.wait_s(90, now).is_some(), number >= MEASURED_MIN, "after {number} seats");
        lane.note_given(now);
        now += seconds(2.0);
    }
    assert_eq!(lane.wait_s(90, now), Some(180), "a seat in two seconds");
    for _ in 0..100 {
        lane.note_given(now);
        now += seconds(0.1);
    }
    assert!(matches!(lane.wait_s(90, now), Some(9..=10)), "the last seats count: {:?}", lane.wait_s(90, now));
    assert_eq!(lane.wait_s(u32::MAX, now), Some(WAIT_S_MAX as u32));
}

#[test]
fn the_queue_and_a_ticket_have_bounds() {
    let mut queue = waiting(QueueSettings { waiting_max: 3, ..Default::default() });
    let mut enter = |held| queue.enter(quick(), FULL, held, START);
    assert!(enter(None).is_none(), "its address has too many");
    let places: Vec<_> = (0..5).filter_map(|_| enter(Some(()))).collect();
    assert_eq!(places.len(), 3);
    assert_eq!(queue.status(START).refused, 3);
    let first = ticket_of(&places[0]);
    assert_eq!(queue.ask(quick(), Some(first), START + seconds(2.0)), Asked::Turn);
    let again = queue.ask(quick(), Some(first), START + seconds(2.0));
    assert!(matches!(again, Asked::Waits(..)), "one request at a time: {again:?}");
    queue.give_up_turn(first);
    assert_eq!(queue.ask(quick(), Some(first), START + seconds(2.0)), Asked::Turn, "its caller has hung up");
    queue.give(first, START + seconds(2.0));
    assert!(!queue.knows(first, quick()), "a ticket is for one seat");
    // Refused for good: a place less.
    queue.remove(ticket_of(&places[1]));
    assert_eq!((queue.status(START).waiting, queue.holders.len(), queue.due.len()), (1, 1, 1));
    queue.change(QueueSettings { waiting_max: 0, ..Default::default() });
    assert!(queue.enter(quick(), FULL, Some(()), START).is_none(), "no queue");
}

#[test]
fn each_kind_has_a_line_of_its_own() {
    let code = JoinTarget::Code(RoomCode::from_number(7));
    let create = JoinTarget::Create { size: 4, private: false, practice: false, economy: None };
    let thin = Kind::of(&request(JoinTarget::Quick, ClientKind::Thin { view: true })).expect("it may wait");
    let kinds = [quick(), thin, kind(create), kind(code)];
    let mut queue = waiting(QueueSettings::default());
    for (number, kind) in kinds.into_iter().enumerate() {
        assert!(kinds[..number].iter().all(|other| other.index() != kind.index() && kind.index() < LINES));
        assert_eq!(queue.ask(kind, None, START), Asked::Newcomer);
        let place = queue.enter(kind, FULL, Some(()), START).expect("a place");
        assert_eq!(place.place, 1);
        let other = kinds[(number + 1) % kinds.len()];
        assert_ne!(queue.ask(other, Some(ticket_of(&place)), START), Asked::Turn, "its place is in another line");
        assert_eq!(queue.ask(kind, Some(ticket_of(&place)), START), Asked::Turn);
    }
    let secret = "0123456789abcdef0123456789abcdef".parse().expect("a secret");
    assert_eq!(Kind::of(&request(JoinTarget::Resume(secret), ClientKind::Simulating)), None);
}

#[test]
fn whoever_waits_for_servers_of_one_version_does_not_hold_up_another() {
    let of_version = |protocol| {
        let hello = Hello { protocol, game: String::new(), rules_version: 1, components: Vec::new(), fingerprint: 0 };
        let request = JoinRequest { hello: Some(hello), ..request(JoinTarget::Quick, ClientKind::Simulating) };
        Kind::of(&request).expect("it may wait")
    };
    let (mut queue, old, new) = (waiting(QueueSettings::default()), of_version(1), of_version(2));
    let enter = |queue: &mut Waiting<()>, kind| ticket_of(&queue.enter(kind, FULL, Some(()), START).expect("a place"));
    let (first, second, third) = (enter(&mut queue, old), enter(&mut queue, new), enter(&mut queue, new));
    assert_eq!(queue.ask(old, Some(first), START), Asked::Turn);
    assert_eq!(queue.ask(new, Some(second), START), Asked::Turn);
    assert!(matches!(queue.ask(new, Some(third), START), Asked::Waits(_, QueuePlace { place: 3, .. })));
    assert!(queue.knows(second, new) && !queue.knows(second, old));
}

#[test]
fn a_room_that_cannot_be_had_now_does_not_hold_up_those_who_want_others() {
    let mut queue = waiting(QueueSettings::default());
    let known = kind(JoinTarget::Watch(RoomCode::from_number(7)));
    let places: Vec<_> = (0..20).filter_map(|_| queue.enter(known, FULL, Some(()), START)).collect();
    for place in &places[..2] {
        assert_eq!(queue.ask(known, Some(ticket_of(place)), START), Asked::Turn);
        queue.refuse(ticket_of(place), FULL, START).expect("it keeps its place");
    }
    assert_eq!(queue.ask(known, Some(ticket_of(&places[15])), START), Asked::Turn);
    assert!(matches!(queue.ask(known, Some(ticket_of(&places[16])), START), Asked::Waits(..)));
}

//! The waiting players: lines, turns, places that are lost. It has no clock: the time comes in as a parameter.
//!
//! While somebody waits in a line, its first tickets have the turn: their next requests go to the backend, and those of
//! newcomers do not. How many have it follows what the backend says: one more for each seat that it gives, half as many when
//! it is full. So a seat that becomes free waits for the first ticket, and a thousand seats are given within half a minute.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use framehouse_shared::api::{QueuePlace, QueueStatus};

use super::{
    kind::{Kind, LINES},
    line::Line,
    ticket::Ticket,
};
use crate::{config::QueueSettings, ops::backend::Refusal};

/// Time after which a ticket that has not asked when it was to ask loses the turn to the next one, and not yet its place.
const TURN_TIME: Duration = Duration::from_secs(3);
/// Largest number of tickets of a line that have the turn.
const TURNS_MAX: u32 = 128;
/// Number of tickets at the front of a line among which those with the turn are looked for.
const LOOKED_AT_MAX: u32 = 4 * TURNS_MAX;
/// Range of the pause until a ticket asks again, in seconds, and the places that make one second of it.
const PAUSE_S: (f64, f64) = (2.0, 30.0);
const PLACES_PER_PAUSE_S: f64 = 50.0;
/// The pauses of equal places differ by up to this share up and down.
const SPREAD: f64 = 0.25;
/// Fraction of the golden ratio: multiples of it, without their whole part, are spread evenly however many there are.
const GOLDEN: f64 = 0.618_033_988_749_894_9;
/// Number of seats by which the rate of admissions is measured, and the fewest.
const MEASURED_MAX: usize = 32;
const MEASURED_MIN: usize = 3;
/// Longest estimate, in seconds.
const WAIT_S_MAX: f64 = 86_400.0;

/// What is to be done with a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    /// Nobody is before it: the backend is asked.
    Newcomer,
    /// Others wait: it gets a place behind them, with their refusal.
    Behind(Refusal),
    /// It has a ticket, and its turn: the backend is asked.
    Turn,
    /// It has a ticket, and waits.
    Waits(Refusal, QueuePlace),
}

/// A ticket that waits.
struct Holder<H> {
    kind: Kind,
    position: usize,
    since: Duration,
    /// When it is to ask again, or has begun to.
    due: Duration,
    /// Whether it has asked again at least once. Only such tickets keep newcomers out: a client that knows nothing of queues
    /// asks again without its ticket, and would wait behind its own.
    has_come_back: bool,
    /// Whether the backend is being asked for it.
    is_asking: bool,
    /// What it holds of the limits of its address.
    _held: H,
}

/// The tickets of one kind.
#[derive(Default)]
struct Lane {
    line: Line,
    /// Number of tickets that have come back.
    back: u32,
    /// Number of tickets that have the turn.
    turns: u32,
    /// When the last seats were given to tickets.
    given: VecDeque<Duration>,
    /// Why the last one got none.
    refusal: Option<Refusal>,
}

impl Lane {
    fn wait_s(&self, place: u32, now: Duration) -> Option<u32> {
        let first = self.given.front().filter(|_| self.given.len() >= MEASURED_MIN)?;
        let seconds = now.saturating_sub(*first).as_secs_f64().max(1.0);
        let wait_s = f64::from(place) * seconds / self.given.len() as f64;
        Some(wait_s.ceil().min(WAIT_S_MAX) as u32)
    }

    fn note_given(&mut self, now: Duration) {
        if self.given.len() >= MEASURED_MAX {
            self.given.pop_front();
        }
        self.given.push_back(now);
    }

    fn refusal(&self) -> Refusal {
        self.refusal.clone().expect("whoever waits was refused, or came behind somebody who was")
    }
}

/// All lines. `H` is what a ticket holds until it is gone.
pub(super) struct Waiting<H> {
    settings: QueueSettings,
    holders: HashMap<Ticket, Holder<H>>,
    lanes: [Lane; LINES],
    /// All tickets by the time at which they are to ask.
    due: BTreeSet<(Duration, Ticket)>,
    /// Number of answers with a place.
    answers: u64,
    admitted: u64,
    expired: u64,
    refused: u64,
}

impl<H> Waiting<H> {
    pub fn new(settings: QueueSettings) -> Self {
        let (holders, lanes, due) = (HashMap::new(), Default::default(), BTreeSet::new());
        Self { settings, holders, lanes, due, answers: 0, admitted: 0, expired: 0, refused: 0 }
    }

    /// Changes the settings. Whoever waits keeps its place.
    pub fn change(&mut self, settings: QueueSettings) {
        self.settings = settings;
    }

    /// Whether this is a ticket with a place for such a request.
    pub fn knows(&self, ticket: Ticket, kind: Kind) -> bool {
        self.holders.get(&ticket).is_some_and(|holder| holder.kind == kind)
    }

    /// Decides about a request. After [`Asked::Turn`] comes one of [`give`](Self::give), [`refuse`](Self::refuse),
    /// [`remove`](Self::remove) and [`give_up_turn`](Self::give_up_turn).
    pub fn ask(&mut self, kind: Kind, ticket: Option<Ticket>, now: Duration) -> Asked {
        self.expire(now);
        // A place is one in the line in which it was given.
        let ticket = ticket.filter(|ticket| self.knows(*ticket, kind));
        let Some(ticket) = ticket else {
            let lane = &self.lanes[kind.index()];
            return if lane.back > 0 { Asked::Behind(lane.refusal()) } else { Asked::Newcomer };
        };
        self.note_back(ticket);
        if self.has_turn(ticket, now) {
            // Whoever asks is not late.
            self.set_due(ticket, now);
            self.holder_mut(ticket).is_asking = true;
            return Asked::Turn;
        }
        Asked::Waits(self.lanes[kind.index()].refusal(), self.place(ticket, now))
    }

    /// Gives a newcomer a place at the end of its line, because it was refused for this reason. `None` if there is none.
    pub fn enter(&mut self, kind: Kind, refusal: Refusal, held: Option<H>, now: Duration) -> Option<QueuePlace> {
        let has_place = self.holders.len() < self.settings.waiting_max as usize;
        let Some(held) = held.filter(|_| has_place) else {
            self.refused += 1;
            return None;
        };
        let ticket = Ticket::random();
        let lane = &mut self.lanes[kind.index()];
        if lane.line.count() == 0 {
            *lane = Lane { turns: kind.turns_min(), ..Lane::default() };
        }
        lane.refusal = Some(refusal);
        let position = lane.line.push(ticket);
        let holder =
            Holder { kind, position, since: now, due: now, has_come_back: false, is_asking: false, _held: held };
        self.holders.insert(ticket, holder);
        self.due.insert((now, ticket));
        Some(self.place(ticket, now))
    }

    /// Notes that a ticket with the turn got a seat.
    pub fn give(&mut self, ticket: Ticket, now: Duration) {
        let Some(lane) = self.lane_mut(ticket) else { return };
        lane.turns = TURNS_MAX.min(lane.turns + 1);
        lane.note_given(now);
        self.admitted += 1;
        self.remove(ticket);
    }

    /// Notes that there was no seat for a ticket with the turn. Returns its place; `None` if it was lost meanwhile.
    pub fn refuse(&mut self, ticket: Ticket, refusal: Refusal, now: Duration) -> Option<QueuePlace> {
        let turns_min = self.holders.get(&ticket)?.kind.turns_min();
        let lane = self.lane_mut(ticket)?;
        lane.turns = turns_min.max(lane.turns / 2);
        lane.refusal = Some(refusal);
        self.give_up_turn(ticket);
        Some(self.place(ticket, now))
    }

    /// Notes that nothing was heard from the backend for a ticket with the turn.
    pub fn give_up_turn(&mut self, ticket: Ticket) {
        if let Some(holder) = self.holders.get_mut(&ticket) {
            holder.is_asking = false;
        }
    }

    /// Takes a ticket out of its line.
    pub fn remove(&mut self, ticket: Ticket) {
        let Some(holder) = self.holders.remove(&ticket) else { return };
        self.due.remove(&(holder.due, ticket));
        let lane = &mut self.lanes[holder.kind.index()];
        lane.back -= u32::from(holder.has_come_back);
        lane.line.remove(holder.position);
        if lane.line.compact() {
            for (position, ticket) in lane.line.iter().enumerate() {
                if let Some(holder) = self.holders.get_mut(&ticket) {
                    holder.position = position;
                }
            }
        }
    }

    /// For the status page.
    pub fn status(&mut self, now: Duration) -> QueueStatus {
        self.expire(now);
        let first = |lane: &Lane| lane.line.iter().next().and_then(|ticket| self.holders.get(&ticket));
        let since = self.lanes.iter().filter_map(first).map(|holder| holder.since).min();
        QueueStatus {
            waiting: self.holders.len() as u32,
            longest_wait_s: since.map_or(0.0, |since| now.saturating_sub(since).as_secs_f64()),
            admitted: self.admitted,
            expired: self.expired,
            refused: self.refused,
        }
    }

    /// Removes the tickets that have not asked for too long.
    fn expire(&mut self, now: Duration) {
        let patience = Duration::from_secs_f64(self.settings.patience_s);
        while self.due.first().is_some_and(|(due, _)| *due + patience < now) {
            let Some((_, ticket)) = self.due.pop_first() else { return };
            self.expired += 1;
            self.remove(ticket);
        }
    }

    fn note_back(&mut self, ticket: Ticket) {
        let holder = self.holder_mut(ticket);
        if !std::mem::replace(&mut holder.has_come_back, true) {
            let lane = holder.kind.index();
            self.lanes[lane].back += 1;
        }
    }

    /// Whether the ticket has the turn: it is among the first ones of its kind that are here.
    fn has_turn(&self, ticket: Ticket, now: Duration) -> bool {
        let holder = &self.holders[&ticket];
        let lane = &self.lanes[holder.kind.index()];
        if holder.is_asking || lane.line.ahead(holder.position) >= LOOKED_AT_MAX {
            return false;
        }
        let is_rival = |other: &Ticket| {
            let other = self.holders.get(other).filter(|other| other.kind == holder.kind);
            other.is_some_and(|other| other.is_asking || now < other.due + TURN_TIME)
        };
        let ahead = lane.line.iter().take_while(|other| *other != ticket);
        ahead.filter(is_rival).take(lane.turns as usize).count() < lane.turns as usize
    }

    /// The ticket's place, and when it is to ask again. Tickets that were told at the same moment ask at different times.
    fn place(&mut self, ticket: Ticket, now: Duration) -> QueuePlace {
        let holder = &self.holders[&ticket];
        let lane = &self.lanes[holder.kind.index()];
        let place = lane.line.ahead(holder.position) + 1;
        let wait_s = lane.wait_s(place, now);
        self.answers += 1;
        let pause_s = (f64::from(place) / PLACES_PER_PAUSE_S).clamp(PAUSE_S.0, PAUSE_S.1);
        let share = (self.answers as f64 * GOLDEN).fract() * 2.0 - 1.0;
        let ask_again_s = (pause_s * (1.0 + SPREAD * share) * 1000.0).round() / 1000.0;
        if !self.holders[&ticket].is_asking {
            self.set_due(ticket, now + Duration::from_secs_f64(ask_again_s));
        }
        QueuePlace { ticket: ticket.reveal(), place, wait_s, ask_again_s }
    }

    fn set_due(&mut self, ticket: Ticket, due: Duration) {
        let old = std::mem::replace(&mut self.holder_mut(ticket).due, due);
        self.due.remove(&(old, ticket));
        self.due.insert((due, ticket));
    }

    fn holder_mut(&mut self, ticket: Ticket) -> &mut Holder<H> {
        self.holders.get_mut(&ticket).expect("the caller has looked it up")
    }

    fn lane_mut(&mut self, ticket: Ticket) -> Option<&mut Lane> {
        let kind = self.holders.get(&ticket)?.kind;
        Some(&mut self.lanes[kind.index()])
    }
}

#[cfg(test)]
mod tests;

//! What players of a fleet saw, and whether a promise was broken.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use framehouse_shared::ids::{MatchId, RoomCode};

/// Shared by all players.
pub(crate) struct Book(Mutex<Pages>);

struct Pages {
    seats: Vec<Seat>,
    told: BTreeSet<MatchId>,
    redis: Redis,
    /// Until when nodes may take seats with them.
    nodes_end_until: Instant,
    has_begun: bool,
    times_back: usize,
    longest_back: Duration,
    /// Why players lost a match that they played.
    cut: Vec<String>,
    broken: Option<String>,
}

/// Whether Redis is away, or since when it is back.
enum Redis {
    Away,
    Back(Instant),
}

/// Where a player is.
#[derive(Clone, Debug)]
enum Seat {
    /// In this room, on the node at this address.
    In { code: RoomCode, node: String },
    /// Without a seat since this moment, for this reason.
    Out { since: Instant, why: String },
}

impl Book {
    /// No player has a seat yet.
    pub fn new(players: u32) -> Self {
        let out = Seat::Out { since: Instant::now(), why: "it has not joined yet".to_owned() };
        Self(Mutex::new(Pages {
            seats: vec![out; players as usize],
            told: BTreeSet::new(),
            redis: Redis::Back(Instant::now()),
            nodes_end_until: Instant::now(),
            has_begun: false,
            times_back: 0,
            longest_back: Duration::ZERO,
            cut: Vec::new(),
            broken: None,
        }))
    }

    /// From now on a player must be back soon.
    pub fn begin(&self) {
        let mut pages = self.lock();
        (pages.has_begun, pages.times_back, pages.longest_back) = (true, 0, Duration::ZERO);
    }

    /// Notes that Redis is away, or back.
    pub fn set_redis_away(&self, is_away: bool) {
        self.lock().redis = if is_away { Redis::Away } else { Redis::Back(Instant::now()) };
    }

    /// Notes that nodes end within this time, and seats with them.
    pub fn note_nodes_end(&self, time: Duration) {
        let mut pages = self.lock();
        pages.nodes_end_until = pages.nodes_end_until.max(Instant::now() + time);
    }

    /// A player was told that its seat is gone, although it is to be kept.
    pub fn note_seat_lost(&self, player: u32) {
        let mut pages = self.lock();
        if pages.has_begun && Instant::now() > pages.nodes_end_until {
            pages.broken.get_or_insert(format!("player {player} was told that its seat is gone, and its node lives"));
        }
    }

    /// A player is in a room, on the node at this address.
    pub fn note_in(&self, player: u32, code: RoomCode, node: &str) {
        let mut pages = self.lock();
        let other = pages.seats.iter().find_map(|seat| match seat {
            Seat::In { code: other, node: elsewhere } if *other == code && elsewhere != node => Some(elsewhere.clone()),
            _ => None,
        });
        if let Some(elsewhere) = other {
            pages.broken.get_or_insert(format!("the code {code} leads to rooms on {node} and {elsewhere}"));
        }
        if let Some(out) = pages.time_out(player) {
            pages.times_back += 1;
            pages.longest_back = pages.longest_back.max(out);
        }
        pages.seats[player as usize] = Seat::In { code, node: node.to_owned() };
    }

    /// A player has no seat, for this reason. What it was told before stays the beginning.
    pub fn note_out(&self, player: u32, reason: &str) {
        let mut pages = self.lock();
        let seat = &mut pages.seats[player as usize];
        match seat {
            Seat::Out { why, .. } => reason.clone_into(why),
            Seat::In { .. } => *seat = Seat::Out { since: Instant::now(), why: reason.to_owned() },
        }
    }

    /// A player lost a match that it played, for this reason.
    pub fn note_cut(&self, player: u32, reason: &str) {
        self.lock().cut.push(format!("player {player}: {reason}"));
    }

    /// A player was told that the result of a match is saved.
    pub fn note_told(&self, matches: impl Iterator<Item = MatchId>) {
        self.lock().told.extend(matches);
    }

    /// Whether all players have a seat.
    pub fn all_play(&self) -> bool {
        self.lock().seats.iter().all(|seat| matches!(seat, Seat::In { .. }))
    }

    /// Matches whose results somebody was told are saved.
    pub fn told(&self) -> BTreeSet<MatchId> {
        self.lock().told.clone()
    }

    /// Why players lost matches that they played.
    pub fn cut(&self) -> Vec<String> {
        self.lock().cut.clone()
    }

    /// How often players came back, and the longest time that it took.
    pub fn comebacks(&self) -> (usize, Duration) {
        let pages = self.lock();
        (pages.times_back, pages.longest_back)
    }

    /// Looks whether a promise was broken.
    pub fn check(&self, back_time_max: Duration) -> Result<(), String> {
        let pages = self.lock();
        if let Some(sentence) = &pages.broken {
            return Err(sentence.clone());
        }
        for (player, seat) in (0..).zip(&pages.seats).filter(|_| pages.has_begun) {
            let Seat::Out { why, .. } = seat else { continue };
            if let Some(out) = pages.time_out(player).filter(|out| *out > back_time_max) {
                return Err(format!("player {player} is not back in play after {:.1} s: {why}", out.as_secs_f64()));
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// How long a player has had no seat while it could have got one.
    fn time_out(&self, player: u32) -> Option<Duration> {
        match (&self.seats[player as usize], &self.redis) {
            (Seat::In { .. }, _) => None,
            (Seat::Out { .. }, Redis::Away) => Some(Duration::ZERO),
            (Seat::Out { since, .. }, Redis::Back(back)) => Some(since.max(back).elapsed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_on_two_nodes_is_noticed() {
        let book = Book::new(3);
        book.note_in(0, RoomCode::from_number(1), "a");
        book.note_in(1, RoomCode::from_number(2), "b");
        assert_eq!(book.check(Duration::ZERO), Ok(()));
        book.note_in(2, RoomCode::from_number(1), "b");
        assert!(book.check(Duration::ZERO).is_err_and(|sentence| sentence.contains("leads to rooms on b and a")));
    }

    #[test]
    fn a_seat_that_is_lost_is_noticed_unless_nodes_end() {
        let book = Book::new(1);
        book.begin();
        book.note_nodes_end(Duration::from_secs(3600));
        book.note_seat_lost(0);
        assert_eq!(book.check(Duration::MAX), Ok(()));
        let book = Book::new(1);
        book.begin();
        book.note_seat_lost(0);
        assert!(book.check(Duration::MAX).is_err_and(|sentence| sentence.contains("its node lives")));
    }

    #[test]
    fn a_player_who_stays_away_is_noticed_unless_redis_is_away() {
        let book = Book::new(1);
        assert_eq!(book.check(Duration::ZERO), Ok(()), "not before the beginning");
        book.begin();
        book.set_redis_away(true);
        assert_eq!(book.check(Duration::ZERO), Ok(()));
        book.set_redis_away(false);
        book.note_out(0, "no node");
        assert!(book.check(Duration::ZERO).is_err_and(|sentence| sentence.ends_with("no node")));
        book.note_in(0, RoomCode::from_number(1), "a");
        assert_eq!((book.check(Duration::ZERO), book.comebacks().0), (Ok(()), 1));
    }
}

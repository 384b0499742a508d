//! When a request that failed is sent again. The schedule has no clock: it adds up the pauses that it asks for.

use std::time::Duration;

use framehouse_shared::{api::QueuePlace, rng::SimRng};

use super::ConnectError;

/// Maximum number of attempts if nobody is there.
const TRIES: u32 = 3;
/// Pause after the first of these attempts; after the second it is twice as long. Up to as much again is added at
/// random.
const PAUSE: Duration = Duration::from_millis(100);
/// Maximum number of attempts if the server hangs up.
const CUT_TRIES: u32 = 5;
/// Pause after the first of these attempts; each further one is twice as long. Up to as much again is added at random.
const CUT_PAUSE: Duration = Duration::from_millis(250);
/// Random part of the pause after the first answer that says when to try again. It doubles with each one, because many
/// clients were told the same time: they must not all come at that moment.
const SPREAD: Duration = Duration::from_secs(1);
/// How often the random part doubles at most.
const DOUBLINGS_MAX: u32 = 3;
/// Range of the pauses in a queue, whatever a server says.
const QUEUE_PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the caller is told if it was the last attempt.
    pub error: ConnectError,
    /// When to try again.
    pub hint: Hint,
    /// Place in the queue of a full server.
    pub place: Option<Box<QueuePlace>>,
}

impl Failure {
    /// A failure without a place in a queue.
    pub const fn new(error: ConnectError, hint: Hint) -> Self {
        Self { error, hint, place: None }
    }
}

/// What an attempt learned about when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// The server took the connection and closed it without an answer, as a crowded one does.
    Cut,
    /// The server's own word.
    After(Duration),
}

/// The attempts of one request.
#[derive(Clone, Debug)]
pub(super) struct Retry {
    attempts: u32,
    patience: Duration,
    /// The patience that a place in a queue gives back; nothing if pauses in a queue take some of it.
    in_queue: Option<Duration>,
    rng: SimRng,
}

impl Retry {
    /// A request whose pauses take `patience` at most, all together. `seed` must differ between clients.
    pub fn new(patience: Duration, seed: u64) -> Self {
        Self { attempts: 0, patience, in_queue: None, rng: SimRng::new(seed) }
    }

    /// Waits in a queue for as long as it takes.
    pub fn staying_in_queue(self) -> Self {
        Self { in_queue: Some(self.patience), ..self }
    }

    /// The pause before the next attempt. Nothing if the error will not pass, or not before the patience is over.
    pub fn pause_after(&mut self, failure: &Failure) -> Option<Duration> {
        if let Some(place) = &failure.place {
            return self.pause_at(place);
        }
        if !failure.error.is_passing() {
            return None;
        }
        let doubled = 1 << self.attempts.min(DOUBLINGS_MAX);
        self.attempts += 1;
        let (at_least, spread) = match failure.hint {
            Hint::After(wait) => (wait, SPREAD * doubled),
            Hint::Cut if self.attempts < CUT_TRIES => (CUT_PAUSE * doubled, CUT_PAUSE * doubled),
            Hint::None if self.attempts < TRIES => (PAUSE * doubled, PAUSE * doubled),
            Hint::Cut | Hint::None => return None,
        };
        let pause = at_least.saturating_add(spread.mul_f32(self.rng.between(0.0, 1.0)));
        self.patience = self.patience.checked_sub(pause)?;
        Some(pause)
    }

    /// The server tells everybody another time.
    fn pause_at(&mut self, place: &QueuePlace) -> Option<Duration> {
        let (least, most) = QUEUE_PAUSE;
        let pause = Duration::try_from_secs_f64(place.ask_again_s).unwrap_or(most).clamp(least, most);
        match self.in_queue {
            Some(patience) => (self.attempts, self.patience) = (0, patience),
            None => self.patience = self.patience.checked_sub(pause)?,
        }
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use std::{cmp::Reverse, collections::BinaryHeap};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn refused(status: u16, hint: Hint) -> Failure {
        let error = ConnectError::Refused { status, code: "busy".to_owned(), message: "later".to_owned() };
        Failure::new(error, hint)
    }

    fn gone(hint: Hint) -> Failure {
        Failure::new(ConnectError::Unreachable { url: "u".to_owned(), cause: "gone".to_owned() }, hint)
    }

    fn pauses(failure: &Failure, seed: u64) -> Vec<Duration> {
        let mut retry = Retry::new(PATIENCE, seed);
        std::iter::from_fn(|| retry.pause_after(failure)).collect()
    }

    #[test]
    fn a_wait_without_end_is_not_kept() {
        for seed in 0..8 {
            let mut retry = Retry::new(PATIENCE, seed);
            assert!(retry.pause_after(&refused(429, Hint::After(Duration::ZERO))).is_some());
            assert_eq!(retry.pause_after(&refused(429, Hint::After(Duration::MAX))), None);
        }
    }

    #[test]
    fn the_servers_word_is_kept_and_no_two_clients_come_at_the_same_time() {
        let wait = Duration::from_secs(7);
        let told = refused(429, Hint::After(wait));
        let (one, other) = (pauses(&told, 1), pauses(&told, 2));
        assert!(one.len() > 3 && one.iter().all(|pause| *pause >= wait), "{one:?}");
        assert!(one.iter().sum::<Duration>() <= PATIENCE && one[0] != other[0], "{one:?} {other:?}");
        assert_eq!(pauses(&refused(503, Hint::After(PATIENCE)), 1), [], "later than anybody waits");
    }

    #[test]
    fn without_a_word_there_are_few_attempts() {
        for (failure, tries, pause) in [
            (gone(Hint::None), TRIES, PAUSE),
            (refused(500, Hint::None), TRIES, PAUSE),
            (gone(Hint::Cut), CUT_TRIES, CUT_PAUSE),
        ] {
            let pauses = pauses(&failure, 1);
            assert_eq!(pauses.len() as u32, tries - 1);
            assert!(pauses.iter().zip(0..).all(|(waited, n)| *waited >= pause * (1 << n)), "{pauses:?}");
        }
    }

    #[test]
    fn a_place_in_a_queue_is_kept_for_as_long_as_the_caller_wants() {
        let at = |ask_again_s| {
            let place = QueuePlace { ticket: "c0ffee".to_owned(), place: 12, wait_s: None, ask_again_s };
            Failure { place: Some(Box::new(place)), ..refused(503, Hint::After(Duration::from_secs(7))) }
        };
        let pauses = |mut retry: Retry, failure: &Failure| {
            let pauses = std::iter::from_fn(|| retry.pause_after(failure));
            pauses.take(1000).collect::<Vec<_>>()
        };
        assert_eq!(pauses(Retry::new(PATIENCE, 1), &at(2.5)), [Duration::from_millis(2500); 24]);
        let staying = || Retry::new(PATIENCE, 1).staying_in_queue();
        assert_eq!(pauses(staying(), &at(2.5)).len(), 1000);
        for (told, pause_ms) in [(-1.0, 60_000), (f64::NAN, 60_000), (0.0, 500), (1e300, 60_000)] {
            assert_eq!(pauses(staying(), &at(told))[0], Duration::from_millis(pause_ms), "{told}");
        }
    }

    #[test]
    fn what_will_not_pass_is_not_tried_again() {
        assert_eq!(pauses(&refused(404, Hint::None), 1), []);
        assert_eq!(pauses(&refused(409, Hint::After(Duration::from_secs(10))), 1), []);
    }

    /// A server that lets an address in 5 times a second and 20 times in a burst, as the default settings do.
    struct Door {
        level: f64,
        at: Duration,
    }

    impl Door {
        fn knock(&mut self, now: Duration) -> Result<(), Duration> {
            self.level = (self.level + (now - self.at).as_secs_f64() * 5.0).min(20.0);
            self.at = now;
            if self.level >= 1.0 {
                self.level -= 1.0;
                return Ok(());
            }
            Err(Duration::from_secs_f64((1.0 - self.level) / 5.0).max(Duration::from_secs(1)))
        }
    }

    #[test]
    fn a_classroom_behind_one_address_gets_in() {
        for seed in 0..20 {
            let mut door = Door { level: 20.0, at: Duration::ZERO };
            let mut players: Vec<Retry> = (0..120).map(|player| Retry::new(PATIENCE, seed * 1000 + player)).collect();
            let mut knocks: BinaryHeap<_> = (0..120).map(|player| Reverse((Duration::ZERO, player))).collect();
            let mut inside = 0;
            while let Some(Reverse((now, player))) = knocks.pop() {
                match door.knock(now) {
                    Ok(()) => inside += 1,
                    Err(wait) => {
                        let pause = players[player].pause_after(&refused(429, Hint::After(wait)));
                        knocks.extend(pause.map(|pause| Reverse((now + pause, player))));
                    }
                }
            }
            assert_eq!(inside, 120, "seed {seed}");
        }
    }
}

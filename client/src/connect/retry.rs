//! When a request that failed is sent again. The schedule has no clock: it adds up the pauses that it asks for.

use std::time::Duration;

use framehouse_shared::rng::SimRng;

use super::ConnectError;

/// Maximum number of attempts of a request whose answers do not say when to try again.
const TRIES: u32 = 3;
/// Pause after the first of these attempts; after the second it is twice as long. Up to as much again is added at
/// random.
const PAUSE: Duration = Duration::from_millis(100);
/// Random part of the pause after the first answer that says when to try again. It doubles with each one, because many
/// clients were told the same time: they must not all come at that moment.
const SPREAD: Duration = Duration::from_secs(1);
/// How often the random part doubles at most.
const DOUBLINGS_MAX: u32 = 3;

/// The attempts of one request.
#[derive(Clone, Debug)]
pub(super) struct Retry {
    attempts: u32,
    patience: Duration,
    rng: SimRng,
}

impl Retry {
    /// A request whose pauses take `patience` at most, all together. `seed` must differ between clients.
    pub fn new(patience: Duration, seed: u64) -> Self {
        Self { attempts: 0, patience, rng: SimRng::new(seed) }
    }

    /// The pause before the next attempt. Nothing if the error will not pass, or not before the patience is over.
    pub fn pause_after(&mut self, error: &ConnectError) -> Option<Duration> {
        if !error.is_passing() {
            return None;
        }
        self.attempts += 1;
        let (at_least, spread) = match error.retry_after() {
            Some(wait) => (wait, SPREAD * (1 << (self.attempts - 1).min(DOUBLINGS_MAX))),
            None if self.attempts < TRIES => (PAUSE * self.attempts, PAUSE * self.attempts),
            None => return None,
        };
        let pause = at_least + spread.mul_f32(self.rng.between(0.0, 1.0));
        self.patience = self.patience.checked_sub(pause)?;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use std::{cmp::Reverse, collections::BinaryHeap};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn refused(status: u16, retry_after: Option<Duration>) -> ConnectError {
        ConnectError::Refused { status, code: "busy".to_owned(), message: "later".to_owned(), retry_after }
    }

    fn pauses(error: &ConnectError, seed: u64) -> Vec<Duration> {
        let mut retry = Retry::new(PATIENCE, seed);
        std::iter::from_fn(|| retry.pause_after(error)).collect()
    }

    #[test]
    fn the_servers_word_is_kept_and_no_two_clients_come_at_the_same_time() {
        let wait = Duration::from_secs(7);
        let told = refused(429, Some(wait));
        let (one, other) = (pauses(&told, 1), pauses(&told, 2));
        assert!(one.len() > 3 && one.iter().all(|pause| *pause >= wait), "{one:?}");
        assert!(one.iter().sum::<Duration>() <= PATIENCE && one[0] != other[0], "{one:?} {other:?}");
        assert_eq!(pauses(&refused(503, Some(PATIENCE)), 1), [], "later than anybody waits");
    }

    #[test]
    fn without_a_word_there_are_three_attempts() {
        let gone = ConnectError::Unreachable { url: "u".to_owned(), cause: "refused".to_owned() };
        for error in [gone, refused(500, None)] {
            let pauses = pauses(&error, 1);
            assert!(pauses.len() == 2 && pauses[0] >= PAUSE && pauses[1] >= 2 * PAUSE, "{pauses:?}");
        }
    }

    #[test]
    fn what_will_not_pass_is_not_tried_again() {
        assert_eq!(pauses(&refused(404, None), 1), []);
        assert_eq!(pauses(&refused(409, Some(Duration::from_secs(10))), 1), []);
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
                        let pause = players[player].pause_after(&refused(429, Some(wait)));
                        knocks.extend(pause.map(|pause| Reverse((now + pause, player))));
                    }
                }
            }
            assert_eq!(inside, 120, "seed {seed}");
        }
    }
}

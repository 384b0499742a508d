//! Requests for seats at one node: those that come while others are on their way wait, and go together. So a crowd costs few
//! HTTP requests, and a player who comes alone waits for nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::oneshot;

use crate::fleet::seats::{SEATS_MAX, SeatAnswer, SeatRequest};

/// Largest number of batches that are on their way to a node at a time.
const BATCHES_MAX: usize = 4;
/// Largest number of requests that wait for the next batch to a node. The next one gets no answer.
const WAITING_MAX: usize = 1024;

/// A request for a seat, and where its answer goes.
pub(super) struct Asked {
    pub seat: Arc<SeatRequest>,
    pub answer: oneshot::Sender<SeatAnswer>,
}

/// The requests for seats at one node.
#[derive(Default)]
pub(super) struct Batches(Mutex<Requests>);

#[derive(Default)]
struct Requests {
    waiting: VecDeque<Asked>,
    /// Number of senders. Each has a batch on its way, or is about to take one.
    senders: usize,
}

impl Batches {
    /// Adds a request. Returns whether one more sender has to start.
    pub fn add(&self, asked: Asked) -> bool {
        let mut requests = self.lock();
        if requests.waiting.len() >= WAITING_MAX {
            return false;
        }
        requests.waiting.push_back(asked);
        let is_due = requests.senders < BATCHES_MAX;
        requests.senders += usize::from(is_due);
        is_due
    }

    /// The next batch for a sender, without the requests of callers that have hung up. `None` ends the sender.
    pub fn take(&self) -> Option<Vec<Asked>> {
        let (mut requests, mut batch) = (self.lock(), Vec::new());
        while batch.len() < SEATS_MAX
            && let Some(asked) = requests.waiting.pop_front()
        {
            if !asked.answer.is_closed() {
                batch.push(asked);
            }
        }
        if batch.is_empty() {
            requests.senders -= 1;
            return None;
        }
        Some(batch)
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().expect("nothing panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{Receiver, error::TryRecvError};

    use super::*;
    use crate::fleet::gateway::nodes::tests::seat;

    /// Adds requests. Returns what waits for their answers, and for how many of them a sender had to start.
    fn add(batches: &Batches, count: usize) -> (Vec<Receiver<SeatAnswer>>, usize) {
        let mut started = 0;
        let mut add = |id| {
            let (answer, receiver) = oneshot::channel();
            started += usize::from(batches.add(Asked { seat: seat(id), answer }));
            receiver
        };
        let receivers = (0..count as u64).map(&mut add).collect();
        (receivers, started)
    }

    fn sizes(batches: &Batches, count: usize) -> Vec<usize> {
        (0..count).map(|_| batches.take().map_or(0, |batch| batch.len())).collect()
    }

    #[test]
    fn one_goes_at_once_and_a_crowd_goes_together_in_its_order() {
        let batches = Batches::default();
        let (_one, started) = add(&batches, 1);
        assert_eq!((started, sizes(&batches, 1)), (1, vec![1]));
        let (_crowd, started) = add(&batches, 100);
        assert_eq!(started, BATCHES_MAX - 1, "one is on its way");
        let first = batches.take().expect("many wait");
        let ids: Vec<&str> = first.iter().map(|asked| asked.seat.id.as_str()).collect();
        let expected: Vec<String> = (0..SEATS_MAX).map(|id| format!("{id:016x}")).collect();
        assert_eq!(ids, expected);
        assert_eq!(sizes(&batches, 3), [SEATS_MAX, SEATS_MAX, 100 - 3 * SEATS_MAX]);
        assert_eq!(sizes(&batches, BATCHES_MAX), [0; BATCHES_MAX], "all senders end");
        assert_eq!(add(&batches, 9).1, BATCHES_MAX, "the next ones start some again");
    }

    #[test]
    fn nobody_asks_for_callers_that_have_hung_up() {
        let batches = Batches::default();
        let (mut receivers, started) = add(&batches, 40);
        receivers.truncate(3);
        assert_eq!((started, sizes(&batches, 2)), (BATCHES_MAX, vec![3, 0]));
    }

    #[test]
    fn whoever_comes_while_too_many_wait_has_no_answer_at_once() {
        let batches = Batches::default();
        let (mut receivers, _) = add(&batches, WAITING_MAX + 1);
        let mut is_refused = |index: usize| receivers[index].try_recv() == Err(TryRecvError::Closed);
        assert!(is_refused(WAITING_MAX) && !is_refused(WAITING_MAX - 1));
        assert_eq!(batches.lock().waiting.len(), WAITING_MAX);
    }
}

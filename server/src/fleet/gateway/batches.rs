//! Questions that go together: those that come while others are on their way wait. So a crowd costs few requests, and a
//! player who comes alone waits for nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::oneshot;

use crate::fleet::seats::SEATS_MAX;

/// Largest number of questions in a batch.
const BATCH_MAX: usize = SEATS_MAX;
/// Largest number of batches that are on their way at a time.
const BATCHES_MAX: usize = 4;
/// Largest number of questions that wait for the next batch. The next one gets no answer.
const WAITING_MAX: usize = 1024;

/// A question, and where its answer goes.
struct Asked<Q, A> {
    question: Q,
    answer: oneshot::Sender<A>,
}

/// The questions to somebody.
pub(super) struct Batches<Q, A>(Mutex<Questions<Q, A>>);

struct Questions<Q, A> {
    waiting: VecDeque<Asked<Q, A>>,
    /// Number of senders. Each has a batch on its way, or is about to take one.
    senders: usize,
}

impl<Q, A> Default for Batches<Q, A> {
    fn default() -> Self {
        Self(Mutex::new(Questions { waiting: VecDeque::new(), senders: 0 }))
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batches<Q, A> {
    /// Asks a question. `send` sends a batch and returns the answers in the same order, or fewer if there are none. `None` if
    /// there is no answer.
    pub async fn ask<F>(self: &Arc<Self>, question: Q, send: impl Fn(Vec<Q>) -> F + Send + 'static) -> Option<A>
    where
        F: Future<Output = Vec<A>> + Send,
    {
        let (answer, coming) = oneshot::channel();
        if self.add(Asked { question, answer }) {
            // On a task of its own, because the caller may hang up, and others are in the same batch.
            let batches = Arc::clone(self);
            tokio::spawn(async move {
                while let Some(batch) = batches.take() {
                    let (questions, callers): (Vec<Q>, Vec<_>) =
                        batch.into_iter().map(|asked| (asked.question, asked.answer)).unzip();
                    for (caller, answer) in callers.into_iter().zip(send(questions).await) {
                        // An error means that the caller has hung up.
                        let _ = caller.send(answer);
                    }
                }
            });
        }
        coming.await.ok()
    }

    /// Adds a question. Returns whether one more sender has to start.
    fn add(&self, asked: Asked<Q, A>) -> bool {
        let mut questions = self.lock();
        if questions.waiting.len() >= WAITING_MAX {
            return false;
        }
        questions.waiting.push_back(asked);
        let is_due = questions.senders < BATCHES_MAX;
        questions.senders += usize::from(is_due);
        is_due
    }

    /// The next batch for a sender, without the questions of callers that have hung up. `None` ends the sender.
    fn take(&self) -> Option<Vec<Asked<Q, A>>> {
        let (mut questions, mut batch) = (self.lock(), Vec::new());
        while batch.len() < BATCH_MAX
            && let Some(asked) = questions.waiting.pop_front()
        {
            if !asked.answer.is_closed() {
                batch.push(asked);
            }
        }
        if batch.is_empty() {
            questions.senders -= 1;
            return None;
        }
        Some(batch)
    }

    fn lock(&self) -> MutexGuard<'_, Questions<Q, A>> {
        self.0.lock().expect("nothing panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::sync::oneshot::{Receiver, error::TryRecvError};

    use super::*;

    /// Adds questions, which are numbers. Returns what waits for their answers, and for how many of them a sender had to start.
    fn add(batches: &Batches<usize, ()>, count: usize) -> (Vec<Receiver<()>>, usize) {
        let mut started = 0;
        let mut add = |question| {
            let (answer, receiver) = oneshot::channel();
            started += usize::from(batches.add(Asked { question, answer }));
            receiver
        };
        let receivers = (0..count).map(&mut add).collect();
        (receivers, started)
    }

    fn sizes(batches: &Batches<usize, ()>, count: usize) -> Vec<usize> {
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
        assert!(first.iter().map(|asked| asked.question).eq(0..BATCH_MAX));
        assert_eq!(sizes(&batches, 3), [BATCH_MAX, BATCH_MAX, 100 - 3 * BATCH_MAX]);
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

    #[tokio::test]
    async fn everybody_gets_the_answer_to_its_own_question_or_none() {
        let batches = Arc::new(Batches::default());
        // Whoever is beyond 40 has no answer.
        let answer =
            |questions: Vec<u32>| async { questions.into_iter().map_while(|q| (q < 40).then_some(q * 2)).collect() };
        let answers = join_all((0..45).map(|question| batches.ask(question, answer))).await;
        let expected: Vec<Option<u32>> = (0..45).map(|question| (question < 40).then_some(question * 2)).collect();
        assert_eq!(answers, expected);
    }
}

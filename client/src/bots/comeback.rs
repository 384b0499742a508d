//! How a bot gets its lost session back: it orders a new one from threads of their own, since asking blocks.

use std::{
    sync::{
        Mutex,
        mpsc::{self, Receiver, SyncSender, TryRecvError},
    },
    time::Duration,
};

use super::recruit::{Hired, Recruiter, Refusal};
use crate::{connect::SessionRequest, rejoin::Rejoin};

/// A session that a bot wants.
pub(super) struct Order {
    /// What to ask for.
    pub request: SessionRequest,
    /// What makes the new session's bad network.
    pub seed: u64,
    answer: SyncSender<Result<Hired, Refusal>>,
}

impl Order {
    /// An order whose answer goes there.
    pub const fn new(request: SessionRequest, seed: u64, answer: SyncSender<Result<Hired, Refusal>>) -> Self {
        Self { request, seed, answer }
    }

    /// Ends the order. The bot may be gone by now.
    pub fn answer(self, answer: Result<Hired, Refusal>) {
        drop(self.answer.send(answer));
    }
}

/// Carries orders out until nobody is left who could give one.
pub(super) fn carry_out(recruiter: &Recruiter<'_>, orders: &Mutex<Receiver<Order>>) {
    let next = || orders.lock().expect("nobody panics while waiting for an order").recv();
    while let Ok(order) = next() {
        let hired = recruiter.hire(&order.request, order.seed);
        order.answer(hired);
    }
}

/// What has come of it so far.
pub(super) enum Progress {
    /// Nothing yet.
    Waiting,
    /// A new session, which still has to be welcomed.
    Hired(Box<Hired>),
    /// The seat is gone, and why.
    Over(String),
}

/// A bot's way back, from the loss to the next welcome.
pub(super) struct Comeback {
    lost: String,
    rejoin: Rejoin,
    asked: Option<Receiver<Result<Hired, Refusal>>>,
}

impl Comeback {
    /// The session was lost for this reason, and the server keeps its seat for the time of `grace`.
    pub const fn new(lost: String, now: Duration, grace: Duration) -> Self {
        Self { lost, rejoin: Rejoin::new(now, grace), asked: None }
    }

    /// Why the session was lost.
    pub fn lost(&self) -> &str {
        &self.lost
    }

    /// Asks when it is time to, and looks for an answer.
    pub fn update(
        &mut self,
        now: Duration,
        orders: &SyncSender<Order>,
        request: &SessionRequest,
        seed: u64,
    ) -> Progress {
        match self.take_answer() {
            Some(Ok(hired)) => return Progress::Hired(Box::new(hired)),
            Some(Err(refusal)) if !refusal.is_passing => return Progress::Over(refusal.sentence),
            Some(Err(_)) | None => {}
        }
        if self.asked.is_some() {
            return Progress::Waiting;
        }
        if self.rejoin.is_over(now) {
            return Progress::Over(self.lost.clone());
        }
        if self.rejoin.begin_attempt(now) {
            let (answer, asked) = mpsc::sync_channel(1);
            self.asked = Some(asked);
            // Where nobody takes orders any more, or too many wait, the answer's channel is closed, and that is seen: the
            // bot asks again after its pause.
            drop(orders.try_send(Order::new(request.clone(), seed, answer)));
        }
        Progress::Waiting
    }

    fn take_answer(&mut self) -> Option<Result<Hired, Refusal>> {
        let answer = match self.asked.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Refusal::passing("Nobody asked for the session.".to_owned())),
            Ok(answer) => answer,
        };
        self.asked = None;
        Some(answer)
    }
}

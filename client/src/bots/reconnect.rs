//! How a bot gets its lost session back: it orders a new one from threads of their own, since asking blocks.

use std::{
    sync::{
        Mutex,
        mpsc::{self, Receiver, SyncSender, TryRecvError},
    },
    time::Duration,
};

use super::spawner::{BotSession, BotSpawner, Refusal};
use crate::{connect::SessionRequest, rejoin::Rejoin};

/// A session that a bot wants.
pub(super) struct SessionOrder {
    /// What to ask for.
    pub request: SessionRequest,
    /// What makes the new session's bad network.
    pub seed: u64,
    answer: SyncSender<Result<BotSession, Refusal>>,
}

impl SessionOrder {
    /// An order whose answer goes there.
    pub const fn new(request: SessionRequest, seed: u64, answer: SyncSender<Result<BotSession, Refusal>>) -> Self {
        Self { request, seed, answer }
    }

    /// Ends the order. The bot may be gone by now.
    pub fn answer(self, answer: Result<BotSession, Refusal>) {
        drop(self.answer.send(answer));
    }
}

/// Carries orders out until nobody is left who could give one.
pub(super) fn carry_out(spawner: &BotSpawner<'_>, orders: &Mutex<Receiver<SessionOrder>>) {
    let next = || orders.lock().expect("nobody panics while waiting for an order").recv();
    while let Ok(order) = next() {
        let session = spawner.open_session(&order.request, order.seed);
        order.answer(session);
    }
}

/// What has come of it so far.
pub(super) enum Progress {
    /// Nothing yet.
    Waiting,
    /// A new session, which still has to be welcomed.
    BotSession(Box<BotSession>),
    /// The seat is gone, and why.
    Over(String),
}

/// A bot's way back, from the loss to the next welcome.
pub(super) struct Reconnect {
    lost: String,
    rejoin: Rejoin,
    asked: Option<Receiver<Result<BotSession, Refusal>>>,
}

impl Reconnect {
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
        orders: &SyncSender<SessionOrder>,
        request: &SessionRequest,
        seed: u64,
    ) -> Progress {
        match self.take_answer() {
            Some(Ok(session)) => return Progress::BotSession(Box::new(session)),
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
            drop(orders.try_send(SessionOrder::new(request.clone(), seed, answer)));
        }
        Progress::Waiting
    }

    fn take_answer(&mut self) -> Option<Result<BotSession, Refusal>> {
        let answer = match self.asked.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Refusal::passing("Nobody asked for the session.".to_owned())),
            Ok(answer) => answer,
        };
        self.asked = None;
        Some(answer)
    }
}

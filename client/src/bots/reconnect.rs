//! Reconnects of bots: a bot orders a new session from other threads, since HTTP blocks.

use std::{
    sync::{
        Mutex,
        mpsc::{self, Receiver, SyncSender, TryRecvError},
    },
    time::Duration,
};

use super::spawner::{BotSession, BotSpawner, Refusal};
use crate::{connect::SessionRequest, reconnect_backoff::ReconnectBackoff};

/// A bot's order of a new session.
pub(super) struct SessionOrder {
    /// The HTTP request.
    pub request: SessionRequest,
    /// Seed of the new session's simulated network.
    pub seed: u64,
    answer: SyncSender<Result<BotSession, Refusal>>,
}

impl SessionOrder {
    /// An order whose answer is sent to `answer`.
    pub const fn new(request: SessionRequest, seed: u64, answer: SyncSender<Result<BotSession, Refusal>>) -> Self {
        Self { request, seed, answer }
    }

    /// Answers the order. The bot may be gone by now.
    pub fn answer(self, answer: Result<BotSession, Refusal>) {
        drop(self.answer.send(answer));
    }
}

/// Carries out orders until no sender is left.
pub(super) fn carry_out(spawner: &BotSpawner<'_>, orders: &Mutex<Receiver<SessionOrder>>) {
    let next = || orders.lock().expect("nobody panics while waiting for an order").recv();
    while let Ok(order) = next() {
        let session = spawner.open_session(&order.request, order.seed);
        order.answer(session);
    }
}

/// Progress of a reconnect.
pub(super) enum Progress {
    /// No answer yet.
    Waiting,
    /// A new session, not welcomed yet.
    BotSession(Box<BotSession>),
    /// The seat is gone; the sentence says why.
    Over(String),
}

/// One reconnect of a bot, from the loss to the next welcome.
pub(super) struct Reconnect {
    lost: String,
    rejoin: ReconnectBackoff,
    asked: Option<Receiver<Result<BotSession, Refusal>>>,
}

impl Reconnect {
    /// A reconnect after a session was `lost` for this reason; the server keeps its seat for `grace`.
    pub const fn new(lost: String, now: Duration, grace: Duration) -> Self {
        Self { lost, rejoin: ReconnectBackoff::new(now, grace), asked: None }
    }

    /// Reason of the loss.
    pub fn lost(&self) -> &str {
        &self.lost
    }

    /// Orders a session when an attempt is due, and checks for the answer.
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
            // If the order cannot be queued, the answer's channel closes, and the bot tries again after its pause.
            drop(orders.try_send(SessionOrder::new(request.clone(), seed, answer)));
        }
        Progress::Waiting
    }

    fn take_answer(&mut self) -> Option<Result<BotSession, Refusal>> {
        let answer = match self.asked.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Refusal::passing("No thread could request the session.".to_owned())),
            Ok(answer) => answer,
        };
        self.asked = None;
        Some(answer)
    }
}

//! The queue of a full server: a join gets a place and an estimate instead of a refusal, and asks again with its ticket.
//!
//! ```text
//! ticket.rs    tickets: random numbers
//! kind.rs      which line a request waits in
//! line.rs      a line of tickets, with the number ahead of each
//! waiting.rs   all lines: turns, places, tickets that are lost
//! ```
//!
//! It stands before the backend, so the tick thread sees the requests of the first ones in the queue only. Players who come
//! back to their seats go past it.

mod kind;
mod line;
mod ticket;
mod waiting;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use framehouse_shared::api::{ErrorBody, QueuePlace, QueueStatus, SessionRefusal, code};

pub(super) use ticket::Ticket;

use kind::Kind;
use waiting::{Asked, Waiting};

use super::{
    errors::with_retry_after,
    limits::{AddressLimits, Held, Place},
    router::Gateway,
};
use crate::{
    address::AddressKey,
    config::QueueSettings,
    ops::backend::{Backend, Granted, Refusal},
    room::directory::JoinRequest,
};

/// The queue of a gateway.
pub(super) struct Queue {
    waiting: Mutex<Waiting<Held>>,
    limits: Arc<AddressLimits>,
}

impl Queue {
    /// Nobody waits. Places of an address are counted by `limits`.
    pub fn new(settings: QueueSettings, limits: Arc<AddressLimits>) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::new(Waiting::new(settings)), limits })
    }

    /// Changes the settings.
    pub fn change(&self, settings: QueueSettings) {
        self.lock().change(settings);
    }

    /// Whether this is a ticket with a place for this request.
    pub fn knows(&self, ticket: Option<Ticket>, request: &JoinRequest) -> bool {
        ticket.zip(Kind::of(request)).is_some_and(|(ticket, kind)| self.lock().knows(ticket, kind))
    }

    /// For the status page.
    pub fn status(&self, now: Duration) -> QueueStatus {
        self.lock().status(now)
    }

    fn enter(&self, caller: AddressKey, kind: Kind, refusal: Refusal, now: Duration) -> Unseated {
        let held = self.limits.hold(caller, Place::Queue, now);
        let place = self.lock().enter(kind, refusal.clone(), held, now);
        Unseated { refusal, place }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<Held>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ticket whose turn it is, while the backend is asked. Given back when the caller hangs up.
struct Turn<'a>(&'a Queue, Ticket);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().give_up_turn(self.1);
    }
}

impl Turn<'_> {
    fn close(self, answer: Result<Granted, Refusal>, now: Duration) -> Result<Granted, Unseated> {
        let (queue, ticket) = (self.0, self.1);
        let mut waiting = queue.lock();
        let closed = match answer {
            Ok(granted) => {
                waiting.give(ticket, now);
                Ok(granted)
            }
            Err(refusal) if refusal.is_full() || refusal.is_passing() => {
                let place = waiting.refuse(ticket, refusal.clone(), now);
                Err(Unseated { refusal, place })
            }
            Err(refusal) => {
                waiting.remove(ticket);
                Err(refusal.into())
            }
        };
        drop(waiting);
        closed
    }
}

/// Why there is no seat, and the place in the queue if the server is full and has one.
#[derive(Debug)]
pub(super) struct Unseated {
    pub refusal: Refusal,
    pub place: Option<QueuePlace>,
}

impl From<Refusal> for Unseated {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, place: None }
    }
}

impl Unseated {
    /// Error code for programs.
    pub const fn code(&self) -> &'static str {
        if let Refusal::Join(reason) = &self.refusal { reason.code() } else { code::BUSY }
    }

    /// The reason in words, with the place.
    pub fn sentence(&self) -> String {
        match &self.place {
            Some(QueuePlace { place, .. }) => format!("{} (you are number {place} in the queue)", self.refusal),
            None => self.refusal.to_string(),
        }
    }
}

impl IntoResponse for Unseated {
    fn into_response(self) -> Response {
        let ErrorBody { error } = ErrorBody::new(self.code(), &self.sentence());
        let Some(queue) = self.place else { return self.refusal.into_response() };
        let pause = Duration::from_secs_f64(queue.ask_again_s);
        let body = Json(SessionRefusal { error, queue: Some(queue) });
        with_retry_after((StatusCode::SERVICE_UNAVAILABLE, body).into_response(), pause)
    }
}

impl<B: Backend> Gateway<B> {
    /// Asks the backend for a session, unless others wait for one. While the server is full, the request gets a place in the
    /// queue.
    ///
    /// # Errors
    /// When there is no session, or not yet.
    pub(super) async fn open_session(&self, request: JoinRequest, ticket: Option<Ticket>) -> Result<Granted, Unseated> {
        let Some(kind) = Kind::of(&request) else { return Ok(self.backend.open_session(request).await?) };
        let (queue, caller, now) = (&*self.queue, request.caller, || self.start.elapsed());
        let asked = queue.lock().ask(kind, ticket, now());
        match (asked, ticket) {
            (Asked::Turn, Some(ticket)) => {
                let turn = Turn(queue, ticket);
                let answer = self.backend.open_session(request).await;
                turn.close(answer, now())
            }
            (Asked::Waits(refusal, place), Some(ticket)) => match self.backend.check_newcomer(&request) {
                Ok(()) => Err(Unseated { refusal, place: Some(place) }),
                Err(refusal) => {
                    queue.lock().remove(ticket);
                    Err(refusal.into())
                }
            },
            (Asked::Behind(refusal), _) => {
                self.backend.check_newcomer(&request)?;
                Err(queue.enter(caller, kind, refusal, now()))
            }
            _ => match self.backend.open_session(request).await {
                Err(refusal) if refusal.is_full() => Err(queue.enter(caller, kind, refusal, now())),
                answer => Ok(answer?),
            },
        }
    }
}

//! Reconnect of a lost session: the last state stays on the screen while the seat is requested repeatedly.

use std::time::Duration;

use framehouse_client::{
    client::Client,
    connect::{ConnectError, SessionRequest},
    reconnect_backoff::ReconnectBackoff,
};
use framehouse_shared::net_sim::NetSimConfig;

use super::pending_session::{NewSession, PendingSession};
use crate::game::Game;

/// A lost session.
pub struct Lost {
    frozen: Box<Client>,
    game: Game,
    server: String,
    request: SessionRequest,
    rejoin: ReconnectBackoff,
    asked: Option<PendingSession>,
    /// A new session that is not welcomed yet.
    new_session: Option<NewSession>,
    refused: Option<ConnectError>,
}

/// Progress of a reconnect.
pub enum Progress {
    /// No result yet.
    Waiting,
    /// The new session is welcomed.
    Back(NewSession),
    /// The seat is gone; the server's last answer, if any.
    Gone(Option<ConnectError>),
}

impl Lost {
    /// A reconnect for a connection that was just lost.
    pub fn new(
        frozen: Box<Client>,
        game: &Game,
        server: String,
        request: SessionRequest,
        rejoin: ReconnectBackoff,
    ) -> Self {
        Self { frozen, game: game.clone(), server, request, rejoin, asked: None, new_session: None, refused: None }
    }

    /// The lost session's client, in its last state.
    pub const fn frozen(&self) -> &Client {
        &self.frozen
    }

    /// Takes the lost session's client.
    pub fn into_frozen(self) -> Box<Client> {
        self.frozen
    }

    /// Seconds until the seat is gone.
    pub const fn seconds_left(&self, now: Duration) -> u64 {
        self.rejoin.seconds_left(now)
    }

    /// Sends a request when one is due, and takes the answer.
    pub fn update(&mut self, now: Duration, net_sim: Option<NetSimConfig>) -> Progress {
        if let Some(progress) = self.follow_new_session(now).or_else(|| self.take_answer(now, net_sim)) {
            return progress;
        }
        if self.asked.is_some() || self.new_session.is_some() {
            return Progress::Waiting;
        }
        if self.rejoin.is_over(now) {
            return Progress::Gone(self.refused.take());
        }
        if self.rejoin.begin_attempt(now) {
            self.asked = Some(PendingSession::ask_to_return(&self.game, self.server.clone(), self.request.clone()));
        }
        Progress::Waiting
    }

    fn take_answer(&mut self, now: Duration, net_sim: Option<NetSimConfig>) -> Option<Progress> {
        let answer = self.asked.as_mut()?.take(now, net_sim)?;
        self.asked = None;
        match answer {
            Ok(new_session) => self.new_session = Some(new_session),
            // Until the server notices the loss, a spectator's lost session still takes the requested place.
            Err(error) if error.is_passing() || error.code() == Some("spectators_full") => self.refused = Some(error),
            Err(error) => return Some(Progress::Gone(Some(error))),
        }
        None
    }

    /// Checks the new session. Only a welcome proves the seat: until then the lost session stays on the screen.
    fn follow_new_session(&mut self, now: Duration) -> Option<Progress> {
        let new_session = self.new_session.as_mut()?;
        new_session.client.update(now, &mut |_| Default::default());
        if new_session.client.phase().is_some() {
            return self.new_session.take().map(Progress::Back);
        }
        if new_session.client.end().is_some() {
            self.new_session = None;
        }
        None
    }
}

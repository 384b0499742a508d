//! A lost session on its way back: what was last seen stays on the screen, and its seat is asked for again and again.

use std::time::Duration;

use framehouse_client::{
    client::Client,
    connect::{ConnectError, SessionRequest},
    rejoin::Rejoin,
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
    rejoin: Rejoin,
    asked: Option<PendingSession>,
    /// A new session that is not welcomed yet.
    new_session: Option<NewSession>,
    refused: Option<ConnectError>,
}

/// What has come of it so far.
pub enum Progress {
    /// Nothing yet.
    Waiting,
    /// The player is back.
    Back(NewSession),
    /// The seat is gone, and what the server said last.
    Gone(Option<ConnectError>),
}

impl Lost {
    /// The connection was lost just now.
    pub fn new(frozen: Box<Client>, game: &Game, server: String, request: SessionRequest, rejoin: Rejoin) -> Self {
        Self { frozen, game: game.clone(), server, request, rejoin, asked: None, new_session: None, refused: None }
    }

    /// The lost session, as it was at its end.
    pub const fn frozen(&self) -> &Client {
        &self.frozen
    }

    /// The same, to keep.
    pub fn into_frozen(self) -> Box<Client> {
        self.frozen
    }

    /// For how many seconds the seat is still kept.
    pub const fn seconds_left(&self, now: Duration) -> u64 {
        self.rejoin.seconds_left(now)
    }

    /// Asks when it is time to, and looks for an answer.
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
            self.asked = Some(PendingSession::ask(&self.game, self.server.clone(), self.request.clone()));
        }
        Progress::Waiting
    }

    fn take_answer(&mut self, now: Duration, net_sim: Option<NetSimConfig>) -> Option<Progress> {
        let answer = self.asked.as_mut()?.take(now, net_sim)?;
        self.asked = None;
        match answer {
            Ok(new_session) => self.new_session = Some(new_session),
            // Until the server notices, the lost session of a spectator still takes the place that is asked for.
            Err(error) if error.is_passing() || error.code() == Some("spectators_full") => self.refused = Some(error),
            Err(error) => return Some(Progress::Gone(Some(error))),
        }
        None
    }

    /// Only a welcome is a seat: until then the lost session stays on the screen.
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

//! A pending session request, on a background thread: HTTP blocks, and the fingerprint alone simulates 600 ticks.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{
        ConnectError, QueuePlace, SessionGrant, SessionRequest, request_session_in_queue, request_session_while,
    },
    net::{Connection, Link, SimulatedLink, UdpLink},
};
use framehouse_shared::{
    ids::{AccountId, RoomCode},
    net_sim::NetSimConfig,
};

use super::background_task::BackgroundTask;
use crate::game::Game;

/// A new session.
pub struct NewSession {
    /// The net core.
    pub client: Box<Client>,
    /// The room.
    pub code: RoomCode,
    /// The secret that resumes the session when it is lost.
    pub resume: String,
    /// Grace period: how long the server keeps the seat after a loss.
    pub seat_kept: Duration,
    /// Lasting id of the player; nothing from earlier servers.
    pub player: Option<AccountId>,
}

/// A request without an answer yet.
pub struct PendingSession {
    game: Game,
    answer: BackgroundTask<Result<SessionGrant, ConnectError>>,
    /// Place in the queue of a full server. The thread makes no more attempts once this is dropped.
    place: Arc<Mutex<Option<QueuePlace>>>,
}

impl PendingSession {
    /// Sends the request, and waits in the queue of a full server.
    pub fn ask(game: &Game, server: String, request: SessionRequest) -> Self {
        Self::begin(game, request, move |request, place| {
            let note = |new: &QueuePlace| {
                if let Some(place) = place.upgrade() {
                    *place.lock().expect("nothing panics while holding this lock") = Some(new.clone());
                }
            };
            request_session_in_queue(&server, request, || place.strong_count() > 0, note)
        })
    }

    /// Sends the request of a player who comes back, and does not wait: its seat is kept for a while only.
    pub fn ask_to_return(game: &Game, server: String, request: SessionRequest) -> Self {
        Self::begin(game, request, move |request, place| {
            request_session_while(&server, request, || place.strong_count() > 0)
        })
    }

    fn begin(
        game: &Game,
        mut request: SessionRequest,
        ask: impl FnOnce(&SessionRequest, &Weak<Mutex<Option<QueuePlace>>>) -> Result<SessionGrant, ConnectError>
        + Send
        + 'static,
    ) -> Self {
        let (game, asking) = (game.clone(), game.clone());
        let place = Arc::default();
        let noted = Arc::downgrade(&place);
        let answer = BackgroundTask::begin(move || {
            request.hello = Some(asking.config().hello.clone());
            ask(&request, &noted)
        });
        Self { game, answer, place }
    }

    /// The newest place in the queue of a full server.
    pub fn place(&self) -> Option<QueuePlace> {
        self.place.lock().expect("nothing panics while holding this lock").clone()
    }

    /// Takes the answer; nothing while the request is pending.
    pub fn take(&mut self, now: Duration, net_sim: Option<NetSimConfig>) -> Option<Result<NewSession, ConnectError>> {
        let answer = self.answer.take()?;
        Some(answer.and_then(|grant| open(grant, self.game.config(), net_sim, now)))
    }
}

fn open(
    grant: SessionGrant,
    config: &ClientConfig,
    net_sim: Option<NetSimConfig>,
    now: Duration,
) -> Result<NewSession, ConnectError> {
    let address =
        Connection::server_address(&grant.token).map_err(|error| not_opened(&grant.server, &error.to_string()))?;
    let udp = UdpLink::connect(address)
        .map_err(|error| not_opened(&grant.server, &format!("no socket to {address}: {error}")))?;
    let link: Box<dyn Link> = match net_sim {
        Some(config) => Box::new(SimulatedLink::new(udp, config, super::seed_of(&grant.session))),
        None => Box::new(udp),
    };
    let client =
        Client::new(&grant.token, link, config, now).map_err(|error| not_opened(&grant.server, &error.to_string()))?;
    let seat_kept = grant.grace();
    Ok(NewSession { client: Box::new(client), code: grant.code, resume: grant.resume, seat_kept, player: grant.player })
}

fn not_opened(server: &str, cause: &str) -> ConnectError {
    ConnectError::Unreachable { url: server.to_owned(), cause: cause.to_owned() }
}

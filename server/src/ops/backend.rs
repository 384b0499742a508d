//! The interface behind the HTTP router, so that a gateway without a tick thread can serve the same API.

mod local;
mod replay_files;

use std::{
    future::{self, Future},
    sync::Arc,
};

use axum::body::Body;
use framehouse_shared::{
    api::{
        BoardList, BoardQuery, Feature, FleetNode, Leaderboard, ListedRoom, MatchInfo, MatchesQuery, PlayerInfo,
        PlayerMatches, PlayerSecret, ReportRequest, RoomFilter, SessionGrant, Status,
    },
    ids::{AccountId, MatchId},
    replay::PublicKey,
};

pub use local::{LocalBackend, ShowFleet};

use super::admin::AdminRefusal;
use crate::{
    net::ws::{Opened, ThinSession},
    room::directory::{JoinError, JoinRequest},
    store::ReadError,
};

/// Handles the requests of the HTTP API. A method may wait, but must not block its thread.
pub trait Backend: Send + Sync + 'static {
    /// Reserves a seat or a spectator place in the requested room: a new one, one with a free seat, one by its code, or
    /// the room of a disconnected player.
    fn open_session(&self, request: JoinRequest) -> impl Future<Output = Result<Granted, Refusal>> + Send;

    /// Refuses the request of a newcomer who has to wait, if no waiting helps: a wrong version, a server that stops.
    ///
    /// # Errors
    /// With the refusal that [`open_session`](Self::open_session) would give.
    fn check_newcomer(&self, request: &JoinRequest) -> Result<(), Refusal>;

    /// Joins the WebSocket of a thin client to the session that it was granted on this node: what is queued for the session
    /// goes to the socket's outbox.
    fn open_socket(
        &self,
        node: Option<String>,
        opened: Opened,
    ) -> impl Future<Output = Result<ThinSession, Refusal>> + Send;

    /// The lasting id of the player with this secret, if the backend knows the key that makes ids.
    fn account(&self, secret: PlayerSecret) -> Option<AccountId>;

    /// The public rooms that match the filter.
    fn list_rooms(&self, filter: &RoomFilter) -> impl Future<Output = Result<Vec<ListedRoom>, Refusal>> + Send;

    /// The names of the maps that a host can choose.
    fn list_maps(&self) -> impl Future<Output = Result<Vec<String>, Refusal>> + Send;

    /// Whether the server works.
    ///
    /// # Errors
    /// With a sentence for the operator.
    fn health(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether the server takes new players. A server whose tick thread is too busy for newcomers is ready: it takes
    /// players who come back, and its load changes from second to second.
    ///
    /// # Errors
    /// With a sentence for the operator.
    fn readiness(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// The newest status page.
    fn status(&self) -> impl Future<Output = Result<Status, Refusal>> + Send;

    /// The nodes of the fleet, by name, as far as the backend knows some.
    fn nodes(&self) -> Vec<FleetNode> {
        Vec::new()
    }

    /// Passes the report of a player on to the server that has the player's seat. Only a gateway does.
    fn pass_report(&self, _report: ReportRequest) -> impl Future<Output = Result<u64, AdminRefusal>> + Send {
        future::ready(Err(AdminRefusal::NotFound("this server takes no reports".to_owned())))
    }

    /// The key with which the server signs replays.
    fn key(&self) -> impl Future<Output = Result<PublicKey, Refusal>> + Send;

    /// Opens the replay of a match for sending.
    fn open_replay(&self, match_id: MatchId) -> impl Future<Output = Result<ReplayFile, Refusal>> + Send;

    /// The leaderboards.
    fn list_boards(&self) -> impl Future<Output = Result<BoardList, Refusal>> + Send;

    /// A page of a leaderboard.
    fn leaderboard(
        &self,
        board: &str,
        query: &BoardQuery,
    ) -> impl Future<Output = Result<Arc<Leaderboard>, Refusal>> + Send;

    /// A player.
    fn player(&self, id: AccountId) -> impl Future<Output = Result<PlayerInfo, Refusal>> + Send;

    /// A player's matches, newest first.
    fn matches_of(
        &self,
        id: AccountId,
        query: &MatchesQuery,
    ) -> impl Future<Output = Result<PlayerMatches, Refusal>> + Send;

    /// A match.
    fn match_info(&self, id: MatchId) -> impl Future<Output = Result<MatchInfo, Refusal>> + Send;
}

/// A granted session.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// What its client is told.
    pub grant: SessionGrant,
    /// Host and port of the HTTP of the node that has it; `None` if it is in this process.
    pub node: Option<String>,
}

impl Granted {
    /// A session in this process.
    pub const fn here(grant: SessionGrant) -> Self {
        Self { grant, node: None }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No seat can be granted.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The server is overloaded. The same request may succeed a second later.
    #[error("{0}")]
    Busy(&'static str),
    /// The feature is switched off.
    #[error("{}", .0.refusal())]
    SwitchedOff(Feature),
    /// The server signs nothing.
    #[error("this server has no key: it signs no replays")]
    NoKey,
    /// The match has no replay, or none yet.
    #[error("there is no replay of this match: the match may still be running, or its replay was removed")]
    NoSuchReplay,
    /// The server keeps no players, matches and leaderboards.
    #[error("this server keeps no players, matches and leaderboards")]
    NoStore,
    /// The database does not answer.
    #[error("players and leaderboards cannot be read now: try again in a moment")]
    StoreAway,
    /// There is no such board.
    #[error(
        "there is no such leaderboard: GET /v1/leaderboards lists them, and a period is a day or week as named there"
    )]
    NoSuchBoard,
    /// There is no such player.
    #[error("there is no player with this id here, or its first match is not stored yet")]
    NoSuchPlayer,
    /// There is no such match.
    #[error("there is no match with this id, or it is not stored yet")]
    NoSuchMatch,
}

impl Refusal {
    /// Whether there is no place now: the same request may be granted when others have left.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Join(JoinError::ServerFull | JoinError::Overloaded))
    }

    /// Whether the same request may be granted a moment later, when servers are ready.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Join(JoinError::NoCodes | JoinError::NoServer))
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Away => Self::StoreAway,
            ReadError::NoSuchBoard => Self::NoSuchBoard,
            ReadError::NoSuchPlayer => Self::NoSuchPlayer,
            ReadError::NoSuchMatch => Self::NoSuchMatch,
        }
    }
}

/// An open replay that is being sent.
pub struct ReplayFile {
    /// Length in bytes.
    pub bytes: u64,
    /// The bytes, read from the file while they are sent.
    pub body: Body,
}

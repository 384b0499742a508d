//! What the HTTP router asks: one trait, so that a gateway without a tick thread can serve the same API.

mod local;
mod replay_files;

use std::future::Future;

use axum::body::Body;
use framehouse_shared::{
    api::{ListedRoom, RoomFilter, SessionGrant, Status},
    ids::MatchId,
};

pub use local::LocalBackend;

use crate::room::directory::{JoinError, JoinRequest};

/// Answers the requests of the HTTP API. A method may wait; none may block its thread.
pub trait Backend: Send + Sync + 'static {
    /// Reserves a seat, or a place to watch from, in the room that the request names: a new one, one with a free seat, one
    /// by its code, or the one that a lost player was in.
    fn open_session(&self, request: JoinRequest) -> impl Future<Output = Result<SessionGrant, Refusal>> + Send;

    /// The public rooms that match.
    fn list_rooms(&self, filter: &RoomFilter) -> impl Future<Output = Result<Vec<ListedRoom>, Refusal>> + Send;

    /// The names of the maps that a host can choose.
    fn list_maps(&self) -> impl Future<Output = Result<Vec<String>, Refusal>> + Send;

    /// The newest status page.
    fn status(&self) -> impl Future<Output = Result<Status, Refusal>> + Send;

    /// The replay of a match.
    fn open_replay(&self, match_id: MatchId) -> impl Future<Output = Result<ReplayFile, Refusal>> + Send;
}

/// Why a backend refuses a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no seat.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// Too much is asked at once: the same request may succeed a second later.
    #[error("{0}")]
    Busy(&'static str),
    /// The match has no replay, or not yet.
    #[error("there is no replay of this match: it may still be played, or its replay was removed")]
    NoSuchReplay,
}

/// A replay that is being sent.
pub struct ReplayFile {
    /// Length in bytes.
    pub bytes: u64,
    /// The bytes, read as they are sent.
    pub body: Body,
}

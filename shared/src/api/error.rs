//! Why a request was refused.

use serde::{Deserialize, Serialize};

/// Body of every answer with an HTTP status of 400 or above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The reason.
    pub error: ErrorDetail,
}

/// A reason, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// One of the constants in [`code`], or one that a newer server has added.
    pub code: String,
    /// One sentence for the player or the operator.
    pub message: String,
}

impl ErrorBody {
    /// A refusal with this code and sentence.
    pub fn new(code: &str, message: &str) -> Self {
        Self { error: ErrorDetail { code: code.to_owned(), message: message.to_owned() } }
    }
}

/// Values of [`ErrorDetail::code`]. They never change their meaning.
pub mod code {
    /// Nothing is served at this path.
    pub const NOT_FOUND: &str = "not_found";
    /// The path takes another HTTP method.
    pub const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
    /// The body or the query is not what the path takes.
    pub const BAD_REQUEST: &str = "bad_request";
    /// The body is larger than the server reads.
    pub const TOO_LARGE: &str = "too_large";
    /// The body did not arrive in time.
    pub const TOO_SLOW: &str = "too_slow";
    /// Too many requests at once: the same request may succeed a second later.
    pub const BUSY: &str = "busy";
    /// No room has this code.
    pub const NO_SUCH_ROOM: &str = "no_such_room";
    /// Every seat of the room is taken or reserved.
    pub const ROOM_FULL: &str = "room_full";
    /// The room has as many spectators as it may have.
    pub const SPECTATORS_FULL: &str = "spectators_full";
    /// No seat is kept for this resume secret.
    pub const NO_SUCH_SEAT: &str = "no_such_seat";
    /// The client's game, protocol or arithmetic differs from the server's.
    pub const MISMATCH: &str = "mismatch";
    /// The server has as many rooms or players as it may have.
    pub const SERVER_FULL: &str = "server_full";
    /// The server is stopping.
    pub const DRAINING: &str = "draining";
    /// There is no replay of this match, or not yet.
    pub const NO_SUCH_REPLAY: &str = "no_such_replay";
}

//! Body of an HTTP error.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of every answer with an HTTP status of 400 or above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Reason of the error.
    pub error: ErrorDetail,
}

/// Reason of an error, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// One of the constants in [`code`], or one that a newer server has added.
    pub code: String,
    /// One sentence for the player or the operator.
    pub message: String,
}

impl ErrorBody {
    /// Creates an error with this code and message.
    pub fn new(code: &str, message: &str) -> Self {
        Self { error: ErrorDetail { code: code.to_owned(), message: message.to_owned() } }
    }
}

/// Values of [`ErrorDetail::code`]. They never change their meaning.
pub mod code {
    /// No such path.
    pub const NOT_FOUND: &str = "not_found";
    /// The path requires another HTTP method.
    pub const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
    /// The body or the query is invalid.
    pub const BAD_REQUEST: &str = "bad_request";
    /// The body is larger than the server accepts.
    pub const TOO_LARGE: &str = "too_large";
    /// The body did not arrive in time.
    pub const TOO_SLOW: &str = "too_slow";
    /// Too many concurrent requests. The same request may succeed a second later.
    pub const BUSY: &str = "busy";
    /// The `Host` of the request is no name of this server.
    pub const WRONG_HOST: &str = "wrong_host";
    /// The request comes from a web page of another server.
    pub const FOREIGN_ORIGIN: &str = "foreign_origin";
    /// The body is not declared as JSON.
    pub const NOT_JSON: &str = "not_json";
    /// No room has this code.
    pub const NO_SUCH_ROOM: &str = "no_such_room";
    /// Every seat of the room is taken or reserved.
    pub const ROOM_FULL: &str = "room_full";
    /// The room has its maximum number of spectators.
    pub const SPECTATORS_FULL: &str = "spectators_full";
    /// No seat is reserved for this resume secret.
    pub const NO_SUCH_SEAT: &str = "no_such_seat";
    /// The player has a seat on this server and is connected.
    pub const ALREADY_PLAYING: &str = "already_playing";
    /// The client's game, protocol or arithmetic differs from the server's.
    pub const MISMATCH: &str = "mismatch";
    /// The server has its maximum number of rooms or players.
    pub const SERVER_FULL: &str = "server_full";
    /// The server has as many players as its processor carries. Running matches are not affected.
    pub const OVERLOADED: &str = "overloaded";
    /// The server is stopping and accepts no new sessions.
    pub const DRAINING: &str = "draining";
    /// The caller's address has its maximum number of sessions, or of seats that it has reserved and not used.
    pub const ADDRESS_FULL: &str = "address_full";
    /// Too many wrong room codes came from the caller's address. It may try again later.
    pub const TOO_MANY_CODES: &str = "too_many_codes";
    /// The host of the room has sent the player away.
    pub const SENT_AWAY: &str = "sent_away";
    /// An operator has banned the player from this server.
    pub const BANNED: &str = "banned";
    /// The server needs a token, and there is none in the request.
    pub const TOKEN_MISSING: &str = "token_missing";
    /// The token is none, or lacks a claim that the server needs.
    pub const TOKEN_MALFORMED: &str = "token_malformed";
    /// The token has no signature.
    pub const TOKEN_UNSIGNED: &str = "token_unsigned";
    /// The server does not know the key of the token's signature.
    pub const TOKEN_UNKNOWN_KEY: &str = "token_unknown_key";
    /// The token's signature is wrong, or made by another algorithm than that of its key.
    pub const TOKEN_WRONGLY_SIGNED: &str = "token_wrongly_signed";
    /// The token has expired.
    pub const TOKEN_EXPIRED: &str = "token_expired";
    /// The token is valid in the future only.
    pub const TOKEN_NOT_YET_VALID: &str = "token_not_yet_valid";
    /// The token is of another issuer, or for another service.
    pub const TOKEN_FOREIGN: &str = "token_foreign";
    /// The feature is switched off.
    pub const SWITCHED_OFF: &str = "switched_off";
    /// The admin token is missing or wrong.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// The state of the server does not allow it.
    pub const CONFLICT: &str = "conflict";
    /// The call could not be audited, so it was not carried out.
    pub const NOT_AUDITED: &str = "not_audited";
    /// No replay of this match exists, or not yet.
    pub const NO_SUCH_REPLAY: &str = "no_such_replay";
    /// No leaderboard has this name or period.
    pub const NO_SUCH_BOARD: &str = "no_such_board";
    /// No player has this id, or none on this leaderboard.
    pub const NO_SUCH_PLAYER: &str = "no_such_player";
    /// No match has this id, or its result is not stored yet.
    pub const NO_SUCH_MATCH: &str = "no_such_match";
}

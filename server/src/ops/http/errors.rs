//! Refusals as HTTP responses.

use std::time::Duration;

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use framehouse_shared::api::{ErrorBody, code};

use crate::{identity::TokenError, ops::backend::Refusal, room::directory::JoinError};

/// Pause that callers are told while the database does not answer.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// Pause that players are told before the keys of tokens are here.
const KEYS_PAUSE: Duration = Duration::from_secs(5);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match &self {
            Self::Join(reason) => {
                let refused = error(status_of(reason), reason.code(), &reason.to_string());
                match reason.retry_after_s() {
                    Some(seconds) => with_retry_after(refused, Duration::from_secs(seconds.into())),
                    None => refused,
                }
            }
            Self::Busy(message) => busy(message, Duration::ZERO),
            Self::StoreAway => {
                let refused = error(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, &self.to_string());
                with_retry_after(refused, STORE_PAUSE)
            }
            Self::SwitchedOff(_) => error(StatusCode::SERVICE_UNAVAILABLE, code::SWITCHED_OFF, &self.to_string()),
            Self::NoStore => error(StatusCode::NOT_FOUND, code::NOT_FOUND, &self.to_string()),
            Self::NoSuchBoard => error(StatusCode::NOT_FOUND, code::NO_SUCH_BOARD, &self.to_string()),
            Self::NoSuchPlayer => error(StatusCode::NOT_FOUND, code::NO_SUCH_PLAYER, &self.to_string()),
            Self::NoSuchMatch => error(StatusCode::NOT_FOUND, code::NO_SUCH_MATCH, &self.to_string()),
            Self::NoKey => error(StatusCode::NOT_FOUND, code::NOT_FOUND, &self.to_string()),
            Self::NoSuchReplay => error(StatusCode::NOT_FOUND, code::NO_SUCH_REPLAY, &self.to_string()),
        }
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let sentence = self.to_string();
        if self == Self::NoKeys {
            let refused = error(StatusCode::SERVICE_UNAVAILABLE, self.code(), &sentence);
            return with_retry_after(refused, KEYS_PAUSE);
        }
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
        (challenge, error(StatusCode::UNAUTHORIZED, self.code(), &sentence)).into_response()
    }
}

const fn status_of(reason: &JoinError) -> StatusCode {
    match reason {
        JoinError::NoSuchRoom(_) | JoinError::NoSuchName(_) | JoinError::NoSuchSeat => StatusCode::NOT_FOUND,
        JoinError::RoomFull(_) | JoinError::SpectatorsFull(_) | JoinError::AlreadyPlaying => StatusCode::CONFLICT,
        JoinError::BadSize { .. } => StatusCode::BAD_REQUEST,
        JoinError::SentAway(_) | JoinError::Banned(_) => StatusCode::FORBIDDEN,
        JoinError::AddressFull { .. } | JoinError::TokensUnused | JoinError::TooManyCodes { .. } => {
            StatusCode::TOO_MANY_REQUESTS
        }
        JoinError::Mismatch(_) => StatusCode::UPGRADE_REQUIRED,
        JoinError::SwitchedOff(_)
        | JoinError::ServerFull
        | JoinError::Overloaded
        | JoinError::NoCodes
        | JoinError::NoServer
        | JoinError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Refusal of a request that came too early: the same request may succeed after `wait`, at least a second.
pub(super) fn busy(message: &str, wait: Duration) -> Response {
    with_retry_after(error(StatusCode::TOO_MANY_REQUESTS, code::BUSY, message), wait)
}

/// The refusal with the time after which a client may try again: `wait` in whole seconds, at least one.
pub(super) fn with_retry_after(refusal: Response, wait: Duration) -> Response {
    let seconds = wait.as_millis().div_ceil(1000).max(1).to_string();
    ([(header::RETRY_AFTER, seconds)], refusal).into_response()
}

/// Refusal with a code for programs and a sentence for people.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(ErrorBody::new(code, message))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_try_again_without_being_told_when() {
        let code: framehouse_shared::ids::RoomCode = "K7QX".parse().expect("a code");
        let reasons = [
            JoinError::NoSuchRoom(code),
            JoinError::RoomFull(code),
            JoinError::SpectatorsFull(code),
            JoinError::NoSuchSeat,
            JoinError::AlreadyPlaying,
            JoinError::BadSize { asked: 0, max: 4 },
            JoinError::Mismatch("your version differs".to_owned()),
            JoinError::ServerFull,
            JoinError::Overloaded,
            JoinError::NoCodes,
            JoinError::NoServer,
            JoinError::Stopping,
        ];
        let refusals = reasons.map(Refusal::from).into_iter();
        for refusal in refusals.chain([
            Refusal::Busy("too many: try again in a moment"),
            Refusal::NoSuchReplay,
            Refusal::StoreAway,
            Refusal::NoSuchBoard,
        ]) {
            let sentence = refusal.to_string();
            let response = refusal.into_response();
            let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let seconds: Option<u64> = seconds.map(|text| text.parse().expect("whole seconds"));
            assert_eq!(sentence.contains("try again"), seconds.is_some_and(|seconds| seconds > 0), "{sentence}");
        }
    }

    #[test]
    fn a_wait_is_rounded_up_to_seconds() {
        let header = |ms| {
            let response = busy("wait", Duration::from_millis(ms));
            response.headers()[header::RETRY_AFTER].to_str().expect("text").to_owned()
        };
        assert_eq!([0, 1, 1000, 1001].map(header), ["1", "1", "1", "2"]);
    }
}

//! Refusals as HTTP responses.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use framehouse_shared::api::{ErrorBody, code};

use crate::{ops::backend::Refusal, room::directory::JoinError};

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match &self {
            Self::Join(reason) => error(status_of(reason), reason.code(), &reason.to_string()),
            Self::Busy(message) => busy(message),
            Self::NoKey => error(StatusCode::NOT_FOUND, code::NOT_FOUND, &self.to_string()),
            Self::NoSuchReplay => error(StatusCode::NOT_FOUND, code::NO_SUCH_REPLAY, &self.to_string()),
        }
    }
}

const fn status_of(reason: &JoinError) -> StatusCode {
    match reason {
        JoinError::NoSuchRoom(_) | JoinError::NoSuchSeat => StatusCode::NOT_FOUND,
        JoinError::RoomFull(_) | JoinError::SpectatorsFull(_) => StatusCode::CONFLICT,
        JoinError::BadSize { .. } => StatusCode::BAD_REQUEST,
        JoinError::Mismatch(_) => StatusCode::UPGRADE_REQUIRED,
        JoinError::ServerFull | JoinError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Refusal of a request that may succeed a second later.
pub(super) fn busy(message: &str) -> Response {
    let mut response = error(StatusCode::TOO_MANY_REQUESTS, code::BUSY, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Refusal with a code for programs and a sentence for people.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(ErrorBody::new(code, message))).into_response()
}

//! Where a request comes from, for handlers that tell an operator from a stranger.

use axum::{
    Extension,
    extract::{FromRequestParts, rejection::ExtensionRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use framehouse_shared::{api::code, ids::RoomCode};

use super::{caller::Caller, connection::Peer, errors::error};
use crate::{address::AddressKey, ops::admin::AdminRefusal};

/// Where a request comes from, and its headers.
pub(super) struct Asking {
    /// The other end of the connection.
    pub peer: Peer,
    /// Address of the caller.
    pub caller: AddressKey,
    /// All headers.
    pub headers: HeaderMap,
}

impl Asking {
    /// Whether the request comes from this machine. One that a proxy on it passes on does not, also if no setting names the
    /// proxy.
    pub fn is_local(&self) -> bool {
        let is_passed_on = self.headers.contains_key(header::FORWARDED) || self.headers.contains_key("x-forwarded-for");
        self.caller.is_loopback() && !is_passed_on
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = ExtensionRejection;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ExtensionRejection> {
        let Extension(peer) = Extension::<Peer>::from_request_parts(parts, state).await?;
        let Extension(Caller(caller)) = Extension::<Caller>::from_request_parts(parts, state).await?;
        Ok(Self { peer, caller, headers: parts.headers.clone() })
    }
}

/// A response that refuses a request. In a box, because it is the rare end of a result.
#[derive(Debug)]
pub(super) struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(refusal: Response) -> Self {
        Self(Box::new(refusal))
    }
}

impl From<AdminRefusal> for Refused {
    fn from(refusal: AdminRefusal) -> Self {
        refusal.into_response().into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// The code of a room in a path.
///
/// # Errors
/// When it is no code: there is no such room.
pub(super) fn room_of(name: &str) -> Result<RoomCode, Refused> {
    name.parse().map_err(|_| error(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is no such room").into())
}

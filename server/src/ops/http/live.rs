//! What the live page asks for besides what everybody can read: a room, the private rooms, and the nodes of a fleet.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{ErrorBody, FleetNodes, RoomDetails, RoomList, code},
    ids::RoomCode,
};

use super::{
    admin::Scheme,
    caller::Caller,
    connection::Peer,
    documented::Refusals,
    errors::error,
    router::{Gateway, answer},
};
use crate::{
    address::AddressKey,
    ops::{admin::Desk, backend::Backend},
};

/// Who looks at the live page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    /// Somebody on this machine, without a token.
    Local,
    /// A holder of the admin token.
    Operator,
}

/// Whether a request comes from this machine. One that a proxy on it passes on does not, also if no setting names the proxy.
pub(super) fn is_local(caller: AddressKey, headers: &HeaderMap) -> bool {
    caller.is_loopback() && !headers.contains_key(header::FORWARDED) && !headers.contains_key("x-forwarded-for")
}

impl<B: Backend> Gateway<B> {
    /// Who asks for the live page, or for a part of it: on this machine everybody may, elsewhere whoever knows the token.
    pub(super) fn viewer(&self, peer: Peer, caller: AddressKey, headers: &HeaderMap) -> Result<Viewer, Box<Response>> {
        if is_local(caller, headers) && !headers.contains_key(header::AUTHORIZATION) {
            return Ok(Viewer::Local);
        }
        self.admit(peer, caller, headers, Scheme::Basic).map(|_| Viewer::Operator)
    }

    fn desk(&self) -> Result<&Desk, Box<Response>> {
        let missing = || error(StatusCode::NOT_FOUND, code::NOT_FOUND, "a gateway knows no rooms: ask their server");
        self.desk.as_ref().ok_or_else(|| missing().into())
    }
}

/// A room, for the live page: its members with points, distances and, for an operator, cheat signals.
///
/// A private room is shown to an operator only.
#[utoipa::path(
    get, path = "/v1/live/rooms/{code}", tag = "operations",
    params(("code" = RoomCode, Path, description = "Code of the room")),
    responses(
        (status = 200, description = "The room", body = RoomDetails),
        Refusals,
        (status = 401, description = "`unauthorized`: the token is missing or wrong", body = ErrorBody),
        (status = 403, description = "`foreign_origin`; `unauthorized`: the token would be readable on the way", body = ErrorBody),
        (status = 404, description = "`not_found`: there is no such room for this viewer, or this is a gateway", body = ErrorBody)
    )
)]
pub(super) async fn show_live_room<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    Extension(peer): Extension<Peer>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let viewer = gateway.viewer(peer, caller, &headers);
    let (viewer, desk) = match viewer.and_then(|viewer| Ok((viewer, gateway.desk()?))) {
        Ok(both) => both,
        Err(refusal) => return *refusal,
    };
    let Ok(room) = name.parse::<RoomCode>() else {
        return error(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is no such room");
    };
    match desk.look_at_room(room, viewer == Viewer::Operator).await {
        Ok(details) => answer(Ok(details)),
        Err(refusal) => refusal.into_response(),
    }
}

/// The private rooms, for an operator at the live page.
///
/// A browser asks its user for a password, which is the admin token.
#[utoipa::path(
    get, path = "/v1/live/rooms", tag = "operations",
    responses(
        (status = 200, description = "All private rooms, oldest first", body = RoomList),
        Refusals,
        (status = 401, description = "`unauthorized`: the token is missing or wrong", body = ErrorBody),
        (status = 403, description = "`foreign_origin`; `unauthorized`: the token would be readable on the way", body = ErrorBody),
        (status = 404, description = "`not_found`: this server has no admin API", body = ErrorBody)
    )
)]
pub(super) async fn list_private_rooms<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    Extension(peer): Extension<Peer>,
    Extension(Caller(caller)): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let desk = match gateway.admit(peer, caller, &headers, Scheme::Basic) {
        Ok(desk) => desk,
        Err(refusal) => return *refusal,
    };
    match desk.private_rooms().await {
        Ok(rooms) => answer(Ok(RoomList { rooms })),
        Err(refusal) => refusal.into_response(),
    }
}

/// The nodes of a fleet, for the live page of a gateway. A server has none.
#[utoipa::path(
    get, path = "/v1/live/nodes", tag = "operations",
    responses(
        (status = 200, description = "The nodes, by name", body = FleetNodes),
        Refusals,
        (status = 401, description = "`unauthorized`: the token is missing or wrong", body = ErrorBody),
        (status = 403, description = "`foreign_origin`; `unauthorized`: the token would be readable on the way", body = ErrorBody),
        (status = 404, description = "`not_found`: this gateway shows them on its own machine only", body = ErrorBody)
    )
)]
pub(super) async fn list_nodes<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    Extension(peer): Extension<Peer>,
    Extension(Caller(caller)): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    match gateway.viewer(peer, caller, &headers) {
        Ok(_) => answer(Ok(FleetNodes { nodes: gateway.backend.nodes() })),
        Err(refusal) => *refusal,
    }
}

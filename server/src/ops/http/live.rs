//! What the live page asks for besides what everybody can read: a room, the private rooms, and the nodes of a fleet.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::Response,
};
use framehouse_shared::{
    api::{ErrorBody, FleetNodes, RoomDetails, RoomList, code},
    ids::RoomCode,
};

use super::{
    admin::Scheme,
    asking::{Asking, Refused, room_of},
    documented::Refusals,
    errors::error,
    router::{Gateway, json},
};
use crate::ops::{admin::Desk, backend::Backend};

/// Who looks at the live page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    /// Somebody on this machine, without a token.
    Local,
    /// A holder of the admin token.
    Operator,
}

impl<B: Backend> Gateway<B> {
    /// Who asks for the live page, or for a part of it: on this machine everybody may, elsewhere whoever knows the token.
    pub(super) fn viewer(&self, asking: &Asking) -> Result<Viewer, Refused> {
        if asking.is_local() && !asking.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Viewer::Local);
        }
        self.admit(asking, Scheme::Basic).map(|_| Viewer::Operator)
    }

    fn desk(&self) -> Result<&Desk, Refused> {
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
    asking: Asking,
    Path(name): Path<String>,
) -> Result<Response, Refused> {
    let viewer = gateway.viewer(&asking)?;
    Ok(json(gateway.desk()?.look_at_room(room_of(&name)?, viewer == Viewer::Operator).await?))
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
    asking: Asking,
) -> Result<Response, Refused> {
    Ok(json(RoomList { rooms: gateway.admit(&asking, Scheme::Basic)?.private_rooms().await? }))
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
    asking: Asking,
) -> Result<Response, Refused> {
    gateway.viewer(&asking)?;
    Ok(json(FleetNodes { nodes: gateway.backend.nodes() }))
}

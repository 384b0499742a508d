//! The paths of a node that only gateways of its fleet may use: seats, WebSockets, rooms, replays, reports.

mod answers;

use std::{sync::Arc, time::Instant};

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{ReportRequest, RoomFilter},
    ids::MatchId,
};
use futures_util::future::join_all;

use answers::Answers;

use super::{
    key::{FleetKey, is_authorized},
    seats::{
        FIND, FindRequest, NodePage, PAGE, REPLAY, REPORTS, ReportAnswer, SEATS, SEATS_MAX, SeatAnswer, SeatRequest,
        parse_joins,
    },
};
use crate::{
    net::ws::relay,
    ops::{
        admin::Desk,
        backend::{Backend, ReplayFile},
        http::{Counted, Documented, RelayedSockets},
    },
    room::roster::RosterBoard,
};

/// Largest size of a request body, in bytes: of each seat, what a player may send (8192 bytes), and what the gateway adds.
const BODY_BYTES_MAX: usize = SEATS_MAX * 9216;

struct Door<B> {
    backend: B,
    sockets: RelayedSockets,
    roster: RosterBoard,
    desk: Desk,
    authorization: String,
    answers: Answers,
}

impl<B: Backend + Clone> Door<B> {
    fn new(backend: B, sockets: RelayedSockets, roster: RosterBoard, desk: Desk, key: &FleetKey) -> Self {
        Self { backend, sockets, roster, desk, authorization: key.authorization(), answers: Answers::default() }
    }
}

/// The routes of a node for the gateways of its fleet.
pub fn routes<B: Backend + Clone>(
    backend: B,
    sockets: RelayedSockets,
    roster: RosterBoard,
    desk: Desk,
    key: &FleetKey,
) -> Documented {
    let door = Arc::new(Door::new(backend, sockets, roster, desk, key));
    let routes = Documented::new()
        .add(__path_reserve, reserve::<B>)
        .add(__path_open_relayed, open_relayed::<B>)
        .add(__path_find, find::<B>)
        .add(__path_show_page, show_page::<B>)
        .add(__path_take_report, take_report::<B>)
        .add(__path_send_replay, send_replay::<B>);
    routes.equip(|router| {
        router
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(middleware::from_fn_with_state(Arc::clone(&door), check_secret::<B>))
            .with_state(door)
    })
}

/// Lets in only holders of the fleet's secret. Everybody else learns nothing. The members of a gateway must not count as the
/// gateway's address: their own addresses are in what it sends.
async fn check_secret<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, request: Request, next: Next) -> Response {
    if !is_authorized(request.headers(), &door.authorization) {
        return StatusCode::NOT_FOUND.into_response();
    }
    request.extensions().get::<Counted>().into_iter().for_each(Counted::forgive);
    next.run(request).await
}

/// What nodes answer to everybody who does not know the fleet's secret.
const HIDDEN: &str = "The caller does not know the secret of the fleet";
/// What nodes answer to a body beyond [`BODY_BYTES_MAX`].
const TOO_LARGE: &str = "The body has more than 288 KiB";

/// Reserves seats, for a gateway of the fleet.
///
/// The body has 1 to 32 requests, and the answers come in the same order. The same request again gets the same answer for two
/// seconds, unless that was `busy`.
#[utoipa::path(
    post, path = SEATS, tag = "fleet", request_body = Vec<SeatRequest>,
    responses(
        (status = 200, description = "The seats, or why there are none", body = Vec<SeatAnswer>),
        (status = 400, description = "The body is no list of 1 to 32 requests"),
        (status = 404, description = HIDDEN),
        (status = 413, description = TOO_LARGE)
    )
)]
async fn reserve<B: Backend + Clone>(
    State(door): State<Arc<Door<B>>>,
    body: Bytes,
) -> Result<Json<Vec<SeatAnswer>>, StatusCode> {
    let joins = parse_joins(&body).ok_or(StatusCode::BAD_REQUEST)?;
    let now = Instant::now();
    let coming = joins.into_iter().map(|(id, join)| door.answers.once(&door.backend, id, join, now));
    Ok(Json(join_all(coming).await))
}

/// Opens a WebSocket that carries the session of one member, for a gateway of the fleet.
///
/// The first frame says whose session it is, and every other one is a message of the member or for it.
#[utoipa::path(
    get, path = relay::PATH, tag = "fleet",
    responses(
        (status = 101, description = "The WebSocket"),
        (status = 400, description = "The request opens no WebSocket"),
        (status = 404, description = HIDDEN),
        (status = 426, description = "The connection cannot become a WebSocket"),
        (status = 503, description = "This node has too many WebSockets")
    )
)]
async fn open_relayed<B: Backend + Clone>(
    State(door): State<Arc<Door<B>>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) => door.sockets.open(upgrade),
        Err(rejection) => rejection.into_response(),
    }
}

/// Whether this node has a room or a seat, for a gateway of the fleet.
#[utoipa::path(
    post, path = FIND, tag = "fleet", request_body = FindRequest,
    responses(
        (status = 200, description = "Whether it has, as of the last quarter of a second", body = bool),
        (status = 400, description = "The body is no JSON"),
        (status = 404, description = HIDDEN),
        (status = 413, description = TOO_LARGE),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The body is no request")
    )
)]
async fn find<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, Json(wanted): Json<FindRequest>) -> Response {
    let roster = door.roster.newest();
    let is_here = match wanted {
        FindRequest::Code(code) => roster.rooms.iter().any(|room| room.code == code),
        FindRequest::Name(name) => roster.rooms.iter().any(|room| room.name.as_deref() == Some(&name)),
        FindRequest::Resume(secret) => {
            let secret = secret.parse().ok();
            roster.seats.iter().any(|seat| Some(seat.secret) == secret)
        }
    };
    Json(is_here).into_response()
}

/// Rooms and maps of this node, for a gateway of the fleet.
#[utoipa::path(
    get, path = PAGE, tag = "fleet",
    responses(
        (status = 200, description = "Rooms and maps", body = NodePage),
        (status = 404, description = HIDDEN)
    )
)]
async fn show_page<B: Backend + Clone>(State(door): State<Arc<Door<B>>>) -> Response {
    let (rooms, maps) = (door.backend.list_rooms(&RoomFilter::default()).await, door.backend.list_maps().await);
    match (rooms, maps) {
        (Ok(rooms), Ok(maps)) => Json(NodePage { rooms, maps }).into_response(),
        (Err(refusal), _) | (_, Err(refusal)) => refusal.into_response(),
    }
}

/// Takes the report of a player with a seat on this node, for a gateway of the fleet.
#[utoipa::path(
    post, path = REPORTS, tag = "fleet", request_body = ReportRequest,
    responses(
        (status = 200, description = "The number of the report, or why it is not taken", body = ReportAnswer),
        (status = 400, description = "The body is no JSON"),
        (status = 404, description = HIDDEN),
        (status = 413, description = TOO_LARGE),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The body is no request")
    )
)]
async fn take_report<B: Backend + Clone>(
    State(door): State<Arc<Door<B>>>,
    Json(report): Json<ReportRequest>,
) -> Response {
    Json(ReportAnswer::from(door.desk.take_report(report).await)).into_response()
}

/// The replay of a match, for a gateway of the fleet.
#[utoipa::path(
    get, path = REPLAY, tag = "fleet",
    params(("match" = MatchId, Path, description = "Id of the match")),
    responses(
        (status = 200, description = "The replay file", content_type = "application/octet-stream", body = [u8]),
        (status = 404, description = "This node has no such replay, or the caller does not know the secret of the fleet")
    )
)]
async fn send_replay<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, Path(name): Path<String>) -> Response {
    let Ok(match_id) = name.parse::<MatchId>() else { return StatusCode::NOT_FOUND.into_response() };
    match door.backend.open_replay(match_id).await {
        Ok(ReplayFile { bytes, body }) => ([(header::CONTENT_LENGTH, bytes.to_string())], body).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

//! Paths of the HTTP API and their handlers.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{ErrorBody, KeyInfo, MapList, RoomFilter, RoomList, Status, code},
    ids::MatchId,
};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    admin::{
        __path_call_admin, __path_send_room_replay, __path_take_report, call_admin, send_room_replay, take_report,
    },
    browser::Names,
    caller::{Caller, TrustedProxies},
    counts::Counts,
    documented::{Documented, Refusals},
    errors::error,
    gate::check_request,
    health::{__path_show_health, __path_show_readiness, show_health, show_readiness},
    limits::{AddressLimits, Held, Place},
    live::{
        __path_list_nodes, __path_list_private_rooms, __path_show_live_room, list_nodes, list_private_rooms,
        show_live_room,
    },
    queue::Queue,
    records::{
        __path_list_boards, __path_list_matches, __path_show_board, __path_show_match, __path_show_player, list_boards,
        list_matches, show_board, show_match, show_player,
    },
    requests::{Requests, measure_request},
    sessions::{__path_open_session, open_session},
    web::{
        __path_send_file, __path_send_view_module, __path_show_live, __path_show_page, send_file, send_view_module,
        show_live, show_page,
    },
    ws::{__path_open_socket, Sockets, open_socket},
};
use crate::{
    identity::Identity,
    ops::{
        admin::Desk,
        backend::{Backend, Refusal, ReplayFile},
        metrics,
    },
};

/// Path of the requests for sessions.
pub(super) const SESSIONS: &str = "/v1/sessions";
/// Path of the metrics for Prometheus.
pub(super) const METRICS: &str = "/metrics";
/// Pause that callers with too many downloads are told.
const DOWNLOAD_PAUSE: Duration = Duration::from_secs(5);

/// Shared state of the handlers.
pub(super) struct Gateway<B> {
    /// What answers the requests.
    pub backend: B,
    /// Time zero of the limits.
    pub start: Instant,
    /// Limits by address.
    pub limits: Arc<AddressLimits>,
    /// Who waits while the server is full.
    pub queue: Arc<Queue>,
    /// Proxies in front of this server.
    pub proxies: Arc<TrustedProxies>,
    /// Names of this server.
    pub names: Names,
    /// Counters of the status page.
    pub counts: Arc<Counts>,
    /// Answered requests by route.
    pub requests: Arc<Requests>,
    /// Whether the log has the warning about tokens that others can read.
    pub readable_token: Once,
    /// Places of WebSockets.
    pub sockets: Sockets,
    /// The game's module for browsers.
    pub view_module: Option<&'static str>,
    /// Where admin calls are carried out, if the server has an admin API.
    pub desk: Option<Desk>,
    /// Says who players are.
    pub identity: Arc<dyn Identity>,
}

type Shared<B> = State<Arc<Gateway<B>>>;

/// The HTTP API, and further routes, which check their callers themselves. Requests need the extension
/// [`Peer`](super::connection::Peer).
pub(super) fn router<B: Backend>(gateway: Gateway<B>, more: Documented) -> Router {
    let gateway = Arc::new(gateway);
    let requests = Arc::clone(&gateway.requests);
    let mut routes = Documented::new()
        .add(__path_open_session, open_session::<B>)
        .add(__path_list_rooms, list_rooms::<B>)
        .add(__path_list_maps, list_maps::<B>)
        .add(__path_show_status, show_status::<B>)
        .add(__path_show_key, show_key::<B>)
        .add(__path_send_replay, send_replay::<B>)
        .add(__path_list_boards, list_boards::<B>)
        .add(__path_show_board, show_board::<B>)
        .add(__path_show_player, show_player::<B>)
        .add(__path_list_matches, list_matches::<B>)
        .add(__path_show_match, show_match::<B>)
        .add(__path_take_report, take_report::<B>)
        .add(__path_call_admin, call_admin::<B>)
        .add(__path_send_room_replay, send_room_replay::<B>)
        .add(__path_open_socket, open_socket::<B>)
        .add(__path_show_live, show_live::<B>)
        .add(__path_show_live_room, show_live_room::<B>)
        .add(__path_list_private_rooms, list_private_rooms::<B>)
        .add(__path_list_nodes, list_nodes::<B>)
        .add(__path_show_page, show_page::<B>)
        .add(__path_send_file, send_file)
        .add(__path_send_view_module, send_view_module::<B>)
        .add(__path_show_health, show_health::<B>)
        .add(__path_show_readiness, show_readiness::<B>)
        .add(__path_show_metrics, show_metrics::<B>);
    let more = routes.describe_all(more);
    routes
        .finish(__path_show_document)
        .fallback(|| async { error(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            error(StatusCode::METHOD_NOT_ALLOWED, code::METHOD_NOT_ALLOWED, "this address takes another method")
        })
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), check_request::<B>))
        .layer(middleware::from_fn_with_state(requests, measure_request))
        .with_state(gateway)
        .merge(more)
}

/// Public rooms: the fullest joinable first.
#[utoipa::path(
    get, path = "/v1/rooms", tag = "rooms", params(RoomFilter),
    responses((status = 200, description = "Rooms that match the filter", body = RoomList), Refusals)
)]
async fn list_rooms<B: Backend>(
    State(gateway): Shared<B>,
    filter: Result<Query<RoomFilter>, QueryRejection>,
) -> Response {
    match filter {
        Ok(Query(filter)) => answer(gateway.backend.list_rooms(&filter).await.map(|rooms| RoomList { rooms })),
        Err(rejection) => {
            let message =
                format!("rooms can be filtered by phase, joinable, map and limit ({})", rejection.body_text());
            error(StatusCode::BAD_REQUEST, code::BAD_REQUEST, &message)
        }
    }
}

/// Maps that a host can choose.
#[utoipa::path(
    get, path = "/v1/maps", tag = "rooms",
    responses((status = 200, description = "Names of the maps", body = MapList), Refusals)
)]
async fn list_maps<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.backend.list_maps().await.map(|maps| MapList { maps }))
}

/// Numbers about the server: ticks, rooms, traffic, errors, results, database, alerts.
#[utoipa::path(
    get, path = "/v1/status", tag = "operations",
    responses((status = 200, description = "The status page, at most 0.5 s old", body = Status), Refusals)
)]
async fn show_status<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.status().await)
}

/// The status page and the numbers of HTTP, for Prometheus.
#[utoipa::path(
    get, path = METRICS, tag = "operations",
    responses((status = 200, description = "Metrics in the text format of Prometheus", body = String), Refusals)
)]
async fn show_metrics<B: Backend>(State(gateway): Shared<B>) -> Response {
    match gateway.status().await {
        Ok(status) => {
            let text = metrics::render(status, gateway.requests.by_route());
            ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

impl<B: Backend> Gateway<B> {
    /// The newest status page, with the gateway's own counters.
    async fn status(&self) -> Result<Status, Refusal> {
        let status = self.backend.status().await?;
        Ok(Status { http: self.counts.status(), queue: self.queue.status(self.start.elapsed()), ..status })
    }
}

/// The public key with which the server signs replays.
#[utoipa::path(
    get, path = "/v1/key", tag = "matches",
    responses(
        (status = 200, description = "The key", body = KeyInfo),
        (status = 404, description = "`not_found`: this server signs nothing", body = ErrorBody),
        Refusals
    )
)]
async fn show_key<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.backend.key().await.map(|key| KeyInfo::ed25519(&key)))
}

/// The replay of a match.
#[utoipa::path(
    get, path = "/v1/replays/{match}", tag = "matches",
    params(("match" = MatchId, Path, description = "Id of the match, as in its result")),
    responses(
        (status = 200, description = "The replay file", content_type = "application/octet-stream", body = [u8]),
        (
            status = 404, body = ErrorBody,
            description = "`no_such_replay`: the match still runs, was not recorded, or its replay was removed"
        ),
        Refusals
    )
)]
async fn send_replay<B: Backend>(
    State(gateway): Shared<B>,
    Extension(Caller(address)): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    // A match id is 32 hexadecimal digits, so no name leads out of the folder.
    let Ok(match_id) = name.parse::<MatchId>() else {
        let message = "the name of a replay is its match id: 32 hexadecimal digits";
        return error(StatusCode::NOT_FOUND, code::NO_SUCH_REPLAY, message);
    };
    let Some(held) = gateway.limits.hold(address, Place::Download, gateway.start.elapsed()) else {
        let message = "your address downloads too many replays at once: try again in a moment";
        return gateway.too_many(message, DOWNLOAD_PAUSE);
    };
    match gateway.backend.open_replay(match_id).await {
        Ok(ReplayFile { bytes, body }) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_LENGTH, bytes.to_string()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{match_id}.fhr\"")),
            ];
            (headers, until_sent(body, held)).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// This document.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "operations",
    responses((status = 200, description = "All paths of this server, as OpenAPI 3.1", body = serde_json::Value), Refusals)
)]
#[expect(dead_code, reason = "the router makes the answer, when it has all routes")]
fn show_document() {}

/// The body, which holds the place of its download until it is sent or given up.
fn until_sent(body: Body, held: Held) -> Body {
    Body::from_stream(body.into_data_stream().inspect(move |_| {
        let _ = &held;
    }))
}

/// The body as JSON, or the refusal.
pub(super) fn answer(body: Result<impl Serialize, Refusal>) -> Response {
    body.map_or_else(IntoResponse::into_response, json)
}

/// The body as JSON with keys in alphabetical order, because the order of a struct's fields is not part of the API.
pub(super) fn json(body: impl Serialize) -> Response {
    Json(serde_json::json!(body)).into_response()
}

#[cfg(test)]
mod tests;

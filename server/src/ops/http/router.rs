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
    routing::{get, post},
};
use framehouse_shared::{
    api::{KeyInfo, MapList, RoomFilter, RoomList, Status, code, ws},
    ids::MatchId,
};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    browser::Names,
    caller::{Caller, TrustedProxies},
    counts::Counts,
    errors::error,
    gate::check_request,
    health::{HEALTH, READINESS, show_health, show_readiness},
    limits::{AddressLimits, Held, Place},
    records,
    requests::{Requests, measure_request},
    sessions::open_session,
    web,
    ws::{Sockets, open_socket},
};
use crate::ops::{
    backend::{Backend, Refusal, ReplayFile},
    metrics,
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
    /// WebSockets, if the server has them.
    pub sockets: Option<Sockets>,
    /// The game's module for browsers.
    pub view_module: Option<&'static str>,
}

type Shared<B> = State<Arc<Gateway<B>>>;

/// The HTTP API. Requests need the extension [`Peer`](super::connection::Peer).
pub(super) fn router<B: Backend>(gateway: Gateway<B>) -> Router {
    let gateway = Arc::new(gateway);
    let requests = Arc::clone(&gateway.requests);
    Router::new()
        .route(SESSIONS, post(open_session::<B>))
        .route("/v1/rooms", get(list_rooms::<B>))
        .route("/v1/maps", get(list_maps::<B>))
        .route("/v1/status", get(show_status::<B>))
        .route("/v1/key", get(show_key::<B>))
        .route("/v1/replays/{match}", get(send_replay::<B>))
        .route("/v1/leaderboards", get(records::list_boards::<B>))
        .route("/v1/leaderboards/{board}", get(records::show_board::<B>))
        .route("/v1/players/{id}", get(records::show_player::<B>))
        .route("/v1/players/{id}/matches", get(records::list_matches::<B>))
        .route("/v1/matches/{id}", get(records::show_match::<B>))
        .route(ws::PATH, get(open_socket::<B>))
        .route("/r/{code}", get(web::show_page::<B>))
        .route("/web/{file}", get(web::send_file))
        .route(ws::VIEW_MODULE_PATH, get(web::send_view_module::<B>))
        .route(HEALTH, get(show_health::<B>))
        .route(READINESS, get(show_readiness::<B>))
        .route(METRICS, get(show_metrics::<B>))
        .fallback(|| async { error(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            error(StatusCode::METHOD_NOT_ALLOWED, code::METHOD_NOT_ALLOWED, "this address takes another method")
        })
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), check_request::<B>))
        .layer(middleware::from_fn_with_state(requests, measure_request))
        .with_state(gateway)
}

/// `GET /v1/rooms`: public rooms, filtered by `phase`, `joinable`, `map` and `limit`.
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

/// `GET /v1/maps`: maps that a host can choose.
async fn list_maps<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.backend.list_maps().await.map(|maps| MapList { maps }))
}

/// `GET /v1/status`: the status page.
async fn show_status<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.status().await)
}

/// `GET /metrics`: the status page and the gateway's own numbers, in the text format of Prometheus.
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
        Ok(Status { http: self.counts.status(), ..self.backend.status().await? })
    }
}

/// `GET /v1/key`: the public key of the server.
async fn show_key<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.backend.key().await.map(|key| KeyInfo::ed25519(&key)))
}

/// `GET /v1/replays/{match}`: a whole replay file.
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

/// The body, which holds the place of its download until it is sent or given up.
fn until_sent(body: Body, held: Held) -> Body {
    Body::from_stream(body.into_data_stream().inspect(move |_| {
        let _ = &held;
    }))
}

/// The body as JSON with keys in alphabetical order, because the order of a struct's fields is not part of the API.
pub(super) fn answer(body: Result<impl Serialize, Refusal>) -> Response {
    match body {
        Ok(body) => Json(serde_json::json!(body)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests;

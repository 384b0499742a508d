//! Paths of the HTTP API and their handlers.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use framehouse_shared::{
    api::{KeyInfo, MapList, RoomFilter, RoomList, code},
    ids::MatchId,
};
use serde::Serialize;

use super::{errors::error, rate_limit::RateLimit, sessions::open_session};
use crate::ops::backend::{Backend, Refusal, ReplayFile};

/// Shared state of the handlers.
pub(super) struct Gateway<B> {
    pub backend: B,
    pub limit: Mutex<RateLimit>,
    pub start: Instant,
}

type Shared<B> = State<Arc<Gateway<B>>>;

/// The HTTP API with this backend.
pub(super) fn router<B: Backend>(backend: B, joins_per_s: f32) -> Router {
    let gateway = Gateway { backend, limit: Mutex::new(RateLimit::new(joins_per_s)), start: Instant::now() };
    Router::new()
        .route("/v1/sessions", post(open_session::<B>))
        .route("/v1/rooms", get(list_rooms::<B>))
        .route("/v1/maps", get(list_maps::<B>))
        .route("/v1/status", get(show_status::<B>))
        .route("/v1/key", get(show_key::<B>))
        .route("/v1/replays/{match}", get(send_replay::<B>))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { error(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            error(StatusCode::METHOD_NOT_ALLOWED, code::METHOD_NOT_ALLOWED, "this address takes another method")
        })
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::new(gateway))
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
    answer(gateway.backend.status().await)
}

/// `GET /v1/key`: the public key of the server.
async fn show_key<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.backend.key().await.map(|key| KeyInfo::ed25519(&key)))
}

/// `GET /v1/replays/{match}`: a whole replay file.
async fn send_replay<B: Backend>(State(gateway): Shared<B>, Path(name): Path<String>) -> Response {
    // A match id is 32 hexadecimal digits, so no name leads out of the folder.
    let Ok(match_id) = name.parse::<MatchId>() else {
        let message = "the name of a replay is its match id: 32 hexadecimal digits";
        return error(StatusCode::NOT_FOUND, code::NO_SUCH_REPLAY, message);
    };
    match gateway.backend.open_replay(match_id).await {
        Ok(ReplayFile { bytes, body }) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_LENGTH, bytes.to_string()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{match_id}.fhr\"")),
            ];
            (headers, body).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
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

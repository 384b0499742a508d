//! `GET /healthz` and `GET /readyz`: `ok`, or 503 with a sentence. Load balancers and supervisors ask every second.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use framehouse_shared::api::ErrorBody;

use super::router::Gateway;
use crate::ops::backend::Backend;

/// Path that tells whether the server works.
pub(super) const HEALTH: &str = "/healthz";
/// Path that tells whether the server takes new players.
pub(super) const READINESS: &str = "/readyz";

/// Whether the path is one of these two.
pub(super) fn is_check(path: &str) -> bool {
    [HEALTH, READINESS].contains(&path)
}

/// Whether the server works.
#[utoipa::path(
    get, path = HEALTH, tag = "operations",
    responses(
        (status = 200, description = "`ok`", body = String),
        (status = 400, description = "`bad_request`: the headers name different callers", body = ErrorBody),
        (status = 429, description = "`busy`: too many checks", body = ErrorBody),
        (status = 503, description = "A sentence: no tick has ended for two seconds", body = String)
    )
)]
pub(super) async fn show_health<B: Backend>(State(gateway): State<Arc<Gateway<B>>>) -> Response {
    answer(gateway.backend.health().await)
}

/// Whether the server takes new players.
#[utoipa::path(
    get, path = READINESS, tag = "operations",
    responses(
        (status = 200, description = "`ok`", body = String),
        (status = 400, description = "`bad_request`: the headers name different callers", body = ErrorBody),
        (status = 429, description = "`busy`: too many checks", body = ErrorBody),
        (status = 503, description = "A sentence: why not now", body = String)
    )
)]
pub(super) async fn show_readiness<B: Backend>(State(gateway): State<Arc<Gateway<B>>>) -> Response {
    answer(gateway.backend.readiness().await)
}

fn answer(found: Result<(), String>) -> Response {
    let (status, text) = match found {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(sentence) => (StatusCode::SERVICE_UNAVAILABLE, sentence + "\n"),
    };
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}

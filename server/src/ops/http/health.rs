//! `GET /healthz` and `GET /readyz`: `ok`, or 503 with a sentence. Load balancers and supervisors ask every second.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

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

/// `GET /healthz`: whether the server works.
pub(super) async fn show_health<B: Backend>(State(gateway): State<Arc<Gateway<B>>>) -> Response {
    answer(gateway.backend.health().await)
}

/// `GET /readyz`: whether the server takes new players.
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

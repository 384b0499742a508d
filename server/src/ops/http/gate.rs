//! Checks of every request before its handler: rate, names, and the reserved places.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Extension,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use framehouse_shared::api::{code, ws::PATH as WEBSOCKETS};

use super::{
    connection::Peer,
    errors::{busy, error, with_retry_after},
    health::is_check,
    limits::{Act, Place},
    router::{Gateway, METRICS, SESSIONS},
};
use crate::ops::backend::Backend;

/// Pause that callers are told while only reserved places are free.
const CROWDED_PAUSE: Duration = Duration::from_secs(5);

/// Refuses requests that come too often, to other names, from web pages of other sites, or without a place for them.
/// The handlers get the [`Caller`](super::caller::Caller).
pub(super) async fn check_request<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let Ok(caller) = gateway.proxies.caller(peer.address, request.headers()) else {
        let message =
            "Forwarded and X-Forwarded-For name different callers: let the proxy remove one of the two headers";
        return error(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message);
    };
    let is_check = is_check(request.uri().path());
    let act = if is_check { Act::Check } else { Act::Request };
    if let Err(wait) = gateway.limits.spend(caller.0, act, gateway.start.elapsed()) {
        return gateway.too_many("too many requests from your address: try again in a moment", wait);
    }
    // A check asks by any name, and also while only reserved places are free: a crowded server must not be taken for a
    // broken one. Its answer is short and says nothing secret.
    if is_check {
        return next.run(request).await;
    }
    if let Err(foreign) = gateway.names.check(request.method(), request.uri(), request.headers()) {
        gateway.counts.requests_foreign.fetch_add(1, Ordering::Relaxed);
        return foreign.into_response();
    }
    // Whether a request for a session resumes one is in its body, or in the first message of its WebSocket.
    let path = request.uri().path();
    let may_resume = path == SESSIONS || path == WEBSOCKETS;
    let is_monitoring = path == METRICS && gateway.proxies.is_own(caller.0);
    if peer.is_for_resume && !may_resume && !is_monitoring {
        return gateway.crowded();
    }
    // A connection of a proxy has no place among those of an address. Its requests have, one by one.
    let is_named = gateway.proxies.contains(peer.address) && !gateway.proxies.contains(caller.0);
    let hold = || gateway.limits.hold(caller.0, Place::Connection, gateway.start.elapsed());
    let place = if is_named { hold().ok_or(()).map(Some) } else { Ok(None) };
    let Ok(_place) = place else {
        let message = "your address has too many requests at the same time: try again in a moment";
        return gateway.too_many(message, Duration::ZERO);
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

impl<B> Gateway<B> {
    /// Refusal of a request that is over a limit of its address; counted.
    pub(super) fn too_many(&self, message: &str, wait: Duration) -> Response {
        self.counts.requests_refused.fetch_add(1, Ordering::Relaxed);
        busy(message, wait)
    }

    /// Refusal of a request in a reserved place that resumes no session.
    pub(super) fn crowded(&self) -> Response {
        self.counts.requests_refused.fetch_add(1, Ordering::Relaxed);
        let message = "this server has too many connections: try again in a moment";
        with_retry_after(error(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, message), CROWDED_PAUSE)
    }
}

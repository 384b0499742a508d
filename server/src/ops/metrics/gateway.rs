//! Metrics of the HTTP gateway and of the queue before it.

use std::fmt;

use framehouse_shared::api::{HttpStatus, QueueStatus};

use super::families::Families;
use crate::ops::http::requests::RouteRequests;

/// Bounds of the durations of requests. A join request waits until the tick thread looks at it, 4 ms at most if it is not busy.
const BOUNDS_S: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

pub(super) fn write(families: &mut Families<'_>, http: &HttpStatus, requests: &[RouteRequests]) -> fmt::Result {
    let answered = requests.iter().flat_map(|of| of.answered.iter().map(|(class, count)| ([of.route, *class], *count)));
    families.counters_by_two(
        "http_requests",
        "HTTP requests by route and class of status",
        ["route", "status"],
        answered,
    )?;
    families.histograms(
        "http_request_duration_seconds",
        "Time from the head of an HTTP request to the head of its answer, without the wait for its body",
        "route",
        &BOUNDS_S,
        requests.iter().map(|of| (of.route, &of.took)),
    )?;
    families.gauge("http_connections", "Open HTTP connections", http.connections as i64)?;
    families.gauge("websockets", "Open WebSockets, also those without a session", http.sockets as i64)?;
    families.counter("websockets_refused", "WebSockets refused by a limit", http.sockets_refused)?;
    let refused = [("connection_limit", http.connections_refused), ("handshake", http.handshakes_failed)];
    families.counters("http_connections_refused", "HTTP connections closed at once, by reason", "reason", refused)?;
    let refused = [("limit", http.requests_refused), ("foreign", http.requests_foreign)];
    families.counters(
        "http_requests_refused",
        "HTTP requests refused by a limit, or for their Host, Origin or Content-Type",
        "reason",
        refused,
    )
}

/// Players that wait while the server is full.
pub(super) fn write_queue(families: &mut Families<'_>, queue: &QueueStatus) -> fmt::Result {
    families.gauge("queue_waiting", "Players that wait because the server is full", i64::from(queue.waiting))?;
    families.gauge(
        "queue_longest_wait_seconds",
        "Time for which the first of them has waited",
        queue.longest_wait_s,
    )?;
    let left = [("admitted", queue.admitted), ("expired", queue.expired)];
    families.counters(
        "queue_left",
        "Players that wait no more: with a seat, or without having asked again in time",
        "outcome",
        left,
    )?;
    families.counter("queue_refused", "Players refused without a place in the queue", queue.refused)
}

//! Numbers and durations of requests, by route, for `GET /metrics`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use framehouse_shared::api::HistogramUs;
use tokio::time::Instant;

use super::{
    health::{HEALTH, READINESS},
    router::{METRICS, SESSIONS},
};
use crate::histogram::DurationHistogram;

/// Templates of the routes. What a caller writes into a path is in none of them, so their number is fixed. The last one
/// is everything else.
pub(super) const ROUTES: [&str; 10] = [
    SESSIONS,
    "/v1/rooms",
    "/v1/maps",
    "/v1/status",
    "/v1/key",
    "/v1/replays/{match}",
    HEALTH,
    READINESS,
    METRICS,
    "other",
];

/// Classes of HTTP statuses, by their first digit.
const CLASSES: [(u16, &str); 5] = [(1, "1xx"), (2, "2xx"), (3, "3xx"), (4, "4xx"), (5, "5xx")];

/// Routes that say nothing about how long players wait.
const CHECKS: [&str; 3] = [HEALTH, READINESS, METRICS];

/// Answered requests since the gateway's start.
#[derive(Default)]
pub(crate) struct Requests(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    by_route: [OfRoute; ROUTES.len()],
    /// Durations of the requests of players that were not refused for their number or their slowness.
    of_players: DurationHistogram,
}

#[derive(Default)]
struct OfRoute {
    answered: [u64; CLASSES.len()],
    took: DurationHistogram,
}

/// Answered requests of one route.
#[derive(Clone, Debug)]
pub(crate) struct RouteRequests {
    /// Template of the route.
    pub route: &'static str,
    /// Number of answers of each class of statuses.
    pub answered: [(&'static str, u64); CLASSES.len()],
    /// Time from the head of a request to the head of its answer, without the wait for its body.
    pub took: HistogramUs,
}

impl Requests {
    /// The numbers so far.
    pub fn by_route(&self) -> Vec<RouteRequests> {
        let noted = self.0.lock().expect("nothing panics while holding this lock");
        let one = |(route, of): (&'static str, &OfRoute)| RouteRequests {
            route,
            answered: std::array::from_fn(|class| (CLASSES[class].1, of.answered[class])),
            took: of.took.page(),
        };
        ROUTES.into_iter().zip(&noted.by_route).map(one).collect()
    }

    /// Durations of the requests of players, without those refused for their number or their slowness: upper bounds of
    /// buckets in microseconds with the number of requests in each, in ascending order.
    pub fn durations(&self) -> Vec<(u64, u64)> {
        self.0.lock().expect("nothing panics while holding this lock").of_players.page().buckets
    }

    fn note(&self, route: usize, status: StatusCode, took: Duration) {
        let mut noted = self.0.lock().expect("nothing panics while holding this lock");
        let of = &mut noted.by_route[route];
        if let Some(class) = CLASSES.iter().position(|(digit, _)| *digit == status.as_u16() / 100) {
            of.answered[class] += 1;
        }
        of.took.note(took);
        let is_refused = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        if !is_refused && !CHECKS.contains(&ROUTES[route]) {
            noted.of_players.note(took);
        }
    }
}

/// Time that a handler has waited for the body of its request: an extension of its response.
#[derive(Clone, Copy)]
pub(super) struct BodyWait(pub Duration);

/// Counts and measures a request. What its checks refuse counts, too. A slow body is the client's, not the server's.
pub(super) async fn measure_request(State(requests): State<Arc<Requests>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let route = ROUTES.iter().position(|route| Some(*route) == path).unwrap_or(ROUTES.len() - 1);
    let response = next.run(request).await;
    let waited = response.extensions().get().map_or(Duration::ZERO, |BodyWait(waited)| *waited);
    requests.note(route, response.status(), start.elapsed().saturating_sub(waited));
    response
}

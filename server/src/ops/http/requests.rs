//! Numbers and durations of requests, by route, for `GET /metrics`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
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
const CLASSES: [(u16, &str); 4] = [(2, "2xx"), (3, "3xx"), (4, "4xx"), (5, "5xx")];

/// Answered requests since the gateway's start, by route.
#[derive(Default)]
pub(crate) struct Requests(Mutex<[OfRoute; ROUTES.len()]>);

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
    /// Time from the head of a request to the head of its answer.
    pub took: HistogramUs,
}

impl Requests {
    /// The numbers so far.
    pub fn by_route(&self) -> Vec<RouteRequests> {
        let routes = self.0.lock().expect("nothing panics while holding this lock");
        let one = |(route, of): (&'static str, &OfRoute)| RouteRequests {
            route,
            answered: std::array::from_fn(|class| (CLASSES[class].1, of.answered[class])),
            took: of.took.page(),
        };
        ROUTES.into_iter().zip(&*routes).map(one).collect()
    }

    /// Durations of the requests of all routes together: upper bounds of buckets in microseconds with the number of
    /// requests in each, in ascending order.
    pub fn durations(&self) -> Vec<(u64, u64)> {
        let routes = self.0.lock().expect("nothing panics while holding this lock");
        let mut sums = BTreeMap::new();
        for (upper, count) in routes.iter().flat_map(|of| of.took.page().buckets) {
            *sums.entry(upper).or_insert(0) += count;
        }
        sums.into_iter().collect()
    }

    fn note(&self, route: usize, status: u16, took: Duration) {
        let mut routes = self.0.lock().expect("nothing panics while holding this lock");
        let of = &mut routes[route];
        if let Some(class) = CLASSES.iter().position(|(digit, _)| *digit == status / 100) {
            of.answered[class] += 1;
        }
        of.took.note(took);
    }
}

/// Counts and measures a request. What its checks refuse counts, too.
pub(super) async fn measure_request(State(requests): State<Arc<Requests>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let route = ROUTES.iter().position(|route| Some(*route) == path).unwrap_or(ROUTES.len() - 1);
    let response = next.run(request).await;
    requests.note(route, response.status().as_u16(), start.elapsed());
    response
}

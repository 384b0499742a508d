//! Questions of a gateway to nodes, over HTTP.

use std::{
    error::Error,
    io, iter,
    pin::pin,
    sync::{Arc, Once},
    time::Duration,
};

use axum::body::{Body, to_bytes};
use framehouse_shared::{api::ReportRequest, ids::MatchId};
use futures_util::{
    StreamExt, future,
    stream::{self, FuturesUnordered},
};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use moka::future::Cache;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    batches::Batches,
    choice::PATIENCE,
    relay::{self, CONNECT_TIME_MAX},
    view::View,
};
use crate::{
    fleet::{
        key::FleetKey,
        registry::NodeLease,
        seats::{FIND, FindRequest, NodePage, PAGE, REPLAY, REPORTS, ReportAnswer, SEATS, SeatAnswer, SeatRequest},
    },
    net::ws::{Opened, ThinSession},
    ops::backend::{Refusal, ReplayFile},
};

/// Largest size of an answer in bytes: 500 rooms with long names.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Time for which an unused connection is kept. A node closes one after five seconds.
const IDLE_TIME_MAX: Duration = Duration::from_secs(2);
/// Time for which the rooms of a node are remembered, and the largest number of nodes.
const PAGES_KEPT: (Duration, u64) = (Duration::from_millis(500), 1024);
/// Time for which a node that is asked nothing is remembered.
const TRAFFIC_KEPT: Duration = Duration::from_secs(60);
/// Longest wait for a page or a report, or until all nodes have said whether they have a replay.
const PAGE_TIME_MAX: Duration = Duration::from_secs(2);
/// Largest number of questions for rooms at a time that are asked of all nodes, and of those for seats: made-up secrets of
/// seats must not keep those out who have a code, and the other way round.
const FINDS_MAX: usize = 32;
/// Largest number of questions at a time to one node: fewer than the connections that a node takes from one address.
const AT_ONCE_MAX: usize = 24;
/// Number of nodes that are asked for a replay at the same time.
const REPLAY_NODES_AT_ONCE: usize = 32;
/// Largest number of replays that are passed on at a time.
const REPLAYS_MAX: usize = 8;

/// Where a room or a seat is.
#[derive(Debug)]
pub(super) enum Found {
    /// At the node with this lease.
    At(Box<NodeLease>),
    /// On no node.
    Nowhere,
    /// Not all nodes could be asked.
    Unknown,
}

/// Why a node has not answered.
enum Silence {
    /// Nobody listens at its address: its process has ended.
    Ended,
    /// Something else, as a lost packet or an answer that is none.
    Other,
}

/// What a node is asked.
struct Traffic {
    /// Places of questions at a time.
    places: Semaphore,
    seats: Arc<Batches<Arc<SeatRequest>, SeatAnswer>>,
}

/// Asks nodes. Connections are kept for the next question.
pub(super) struct Nodes {
    client: Client<HttpConnector, Body>,
    authorization: String,
    pages: Cache<String, Arc<NodePage>>,
    /// By host and port.
    traffic: Cache<String, Arc<Traffic>>,
    code_finds: Semaphore,
    seat_finds: Semaphore,
    replays: Arc<Semaphore>,
    /// Whether the log has that a node does not know the secret.
    stranger: Once,
}

impl Nodes {
    /// For the fleet with this key.
    pub fn new(key: &FleetKey) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(PATIENCE));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME_MAX)
            .build(connector);
        let pages = Cache::builder().max_capacity(PAGES_KEPT.1).time_to_live(PAGES_KEPT.0).build();
        let traffic = Cache::builder().max_capacity(PAGES_KEPT.1).time_to_idle(TRAFFIC_KEPT).build();
        Self {
            client,
            authorization: key.authorization(),
            pages,
            traffic,
            code_finds: Semaphore::new(FINDS_MAX),
            seat_finds: Semaphore::new(FINDS_MAX),
            replays: Arc::new(Semaphore::new(REPLAYS_MAX)),
            stranger: Once::new(),
        }
    }

    /// Asks a node for a seat. `None` if it does not answer in time. What comes for the same node meanwhile goes together.
    pub async fn reserve(self: &Arc<Self>, http: &str, seat: &Arc<SeatRequest>) -> Option<SeatAnswer> {
        let asked = async {
            let (traffic, nodes, http) = (self.traffic_to(http).await, Arc::clone(self), http.to_owned());
            let send = move |seats: Vec<Arc<SeatRequest>>| {
                let (nodes, http) = (Arc::clone(&nodes), http.clone());
                async move {
                    let seats: Vec<&SeatRequest> = seats.iter().map(|seat| &**seat).collect();
                    let answers = timeout(PATIENCE, nodes.reserve_all(&http, &seats)).await;
                    answers.ok().and_then(Result::ok).unwrap_or_default()
                }
            };
            traffic.seats.ask(Arc::clone(seat), send).await
        };
        timeout(PATIENCE, asked).await.ok()?
    }

    /// Asks a node for seats. A connection that the node has just closed is no reason to give up: requests have numbers, so
    /// they may be sent twice.
    async fn reserve_all(&self, http: &str, seats: &[&SeatRequest]) -> Result<Vec<SeatAnswer>, Silence> {
        match self.ask(Method::POST, http, SEATS, Some(&seats)).await {
            Err(_) => self.ask(Method::POST, http, SEATS, Some(&seats)).await,
            answers => answers,
        }
    }

    /// Asks a node to take a report. `None` if it does not answer.
    pub async fn report(&self, http: &str, report: &ReportRequest) -> Option<ReportAnswer> {
        timeout(PAGE_TIME_MAX, self.ask(Method::POST, http, REPORTS, Some(report))).await.ok()?.ok()
    }

    /// The first node that has this room or seat. It is nowhere if every node that may have it says so in time.
    pub async fn find(&self, view: &View, wanted: &FindRequest) -> Found {
        let places = match wanted {
            FindRequest::Code(_) | FindRequest::Name(_) => &self.code_finds,
            FindRequest::Resume(_) => &self.seat_finds,
        };
        let Ok(_place) = places.try_acquire() else { return Found::Unknown };
        let nodes: Vec<(usize, String)> = (0..).zip(view.known().map(|entry| entry.lease.http.clone())).collect();
        let mut is_certain = !nodes.is_empty() || view.is_settled();
        let ask = nodes.into_iter().map(|(index, http)| async move { (index, self.has(&http, wanted).await) });
        let mut answers: FuturesUnordered<_> = ask.collect();
        while let Some((index, is_there)) = answers.next().await {
            if let (Some(true), Some(entry)) = (is_there, view.known().nth(index)) {
                return Found::At(Box::new(entry.lease.clone()));
            }
            is_certain &= is_there.is_some();
        }
        if is_certain { Found::Nowhere } else { Found::Unknown }
    }

    /// Whether a node has this room or seat. `None` if that is not known.
    async fn has(&self, http: &str, wanted: &FindRequest) -> Option<bool> {
        match timeout(PATIENCE, self.ask(Method::POST, http, FIND, Some(wanted))).await {
            Ok(Ok(is_there)) => Some(is_there),
            Ok(Err(Silence::Ended)) => Some(false),
            Ok(Err(Silence::Other)) | Err(_) => None,
        }
    }

    /// Rooms and maps of a node, at most half a second old. `None` if it does not answer.
    pub async fn page(&self, http: &str) -> Option<Arc<NodePage>> {
        let read = async {
            let asked = self.ask(Method::GET, http, PAGE, None::<&()>);
            timeout(PAGE_TIME_MAX, asked).await.ok().and_then(Result::ok).map(Arc::new).ok_or(())
        };
        self.pages.try_get_with(http.to_owned(), read).await.ok()
    }

    /// The replay of a match, from the node that has it.
    ///
    /// # Errors
    /// When too many are on their way, or a node does not answer.
    pub async fn replay(&self, view: &View, match_id: MatchId) -> Result<Option<ReplayFile>, Refusal> {
        let Ok(place) = Arc::clone(&self.replays).try_acquire_owned() else {
            return Err(Refusal::Busy("too many replays are being downloaded: try again in a moment"));
        };
        let path = REPLAY.replace("{match}", &match_id.to_string());
        let nodes: Vec<String> = view.known().map(|entry| entry.lease.http.clone()).collect();
        let ask = stream::iter(nodes).map(|http| self.open_replay(http, &path)).buffer_unordered(REPLAY_NODES_AT_ONCE);
        let first = async { pin!(ask.filter_map(future::ready)).next().await };
        let Ok(found) = timeout(PAGE_TIME_MAX, first).await else {
            return Err(Refusal::Busy("not all servers answer right now: try again in a moment"));
        };
        Ok(found.map(|ReplayFile { bytes, body }| {
            let sent = body.into_data_stream().inspect(move |_| {
                let _ = &place;
            });
            ReplayFile { bytes, body: Body::from_stream(sent) }
        }))
    }

    /// The replay at this path of a node, if it is there.
    async fn open_replay(&self, http: String, path: &str) -> Option<ReplayFile> {
        let request = self.request(Method::GET, &http, path, Body::empty())?;
        let answer = self.client.request(request).await.ok()?;
        let length = answer.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
        (answer.status() == StatusCode::OK).then(|| ReplayFile { bytes: length, body: Body::new(answer.into_body()) })
    }

    /// Joins the WebSocket of a member to the session that the node has granted it. `None` if the node does not answer.
    pub async fn open_socket(&self, http: &str, opened: Opened) -> Option<ThinSession> {
        let connecting = async {
            let traffic = self.traffic_to(http).await;
            let _place = traffic.places.acquire().await.ok()?;
            relay::connect(http, &self.authorization, &opened).await.ok()
        };
        let node = timeout(CONNECT_TIME_MAX, connecting).await.ok()??;
        Some(relay::join(node, opened))
    }

    async fn traffic_to(&self, http: &str) -> Arc<Traffic> {
        let new = async { Arc::new(Traffic { places: Semaphore::new(AT_ONCE_MAX), seats: Arc::default() }) };
        self.traffic.get_with_by_ref(http, new).await
    }

    fn request(&self, method: Method, http: &str, path: &str, body: Body) -> Option<Request<Body>> {
        let uri = format!("http://{http}{path}");
        let request = Request::builder().method(method).uri(uri).header(header::AUTHORIZATION, &self.authorization);
        request.header(header::CONTENT_TYPE, "application/json").body(body).ok()
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: Method,
        http: &str,
        path: &str,
        question: Option<&Q>,
    ) -> Result<A, Silence> {
        let body = question.map(|question| serde_json::to_vec(question).expect("a question serialises"));
        let request = self.request(method, http, path, body.map(Body::from).unwrap_or_else(Body::empty));
        let request = request.ok_or(Silence::Other)?;
        let traffic = self.traffic_to(http).await;
        let _place = traffic.places.acquire().await.expect("the semaphore is never closed");
        let answer = self.client.request(request).await.map_err(|error| Silence::of(&error))?;
        if answer.status() == StatusCode::NOT_FOUND {
            self.stranger.call_once(|| {
                tracing::warn!(
                    "the node at {http} does not know this gateway: nodes and gateways need the same `fleet.secret`, and \
                     versions of the program that have the same paths"
                );
            });
        }
        if answer.status() != StatusCode::OK {
            return Err(Silence::Other);
        }
        let body = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES_MAX).await.map_err(|_| Silence::Other)?;
        serde_json::from_slice(&body).map_err(|_| Silence::Other)
    }
}

impl Silence {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let is_refusal = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        if iter::successors(Some(error), |&error| error.source()).any(is_refusal) { Self::Ended } else { Self::Other }
    }
}

#[cfg(test)]
pub(super) mod tests;

//! Questions of a gateway to nodes, over HTTP.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use axum::body::{Body, to_bytes};
use framehouse_shared::ids::MatchId;
use futures_util::{StreamExt, stream::FuturesUnordered};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use moka::future::Cache;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    choice::PATIENCE,
    relay::{self, CONNECT_TIME_MAX},
    view::View,
};
use crate::{
    fleet::{
        key::FleetKey,
        registry::NodeEntry,
        seats::{FIND, FindRequest, NodePage, PAGE, REPLAY, SEATS, SeatAnswer, SeatRequest},
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
const PLACES_KEPT: Duration = Duration::from_secs(60);
/// Longest wait for a page or the beginning of a replay.
const PAGE_TIME_MAX: Duration = Duration::from_secs(2);
/// Largest number of questions at a time that are asked of all nodes.
const BROAD_MAX: usize = 64;
/// Largest number of questions at a time to one node: fewer than the connections that a node takes from one address.
const AT_ONCE_MAX: usize = 24;
/// Largest number of replays that are passed on at a time.
const REPLAYS_MAX: usize = 8;

/// Asks nodes. Connections are kept for the next question.
pub(super) struct Nodes {
    client: Client<HttpConnector, Body>,
    authorization: String,
    pages: Cache<String, Arc<NodePage>>,
    /// By host and port.
    places: Cache<String, Arc<Semaphore>>,
    broad: Semaphore,
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
        let places = Cache::builder().max_capacity(PAGES_KEPT.1).time_to_idle(PLACES_KEPT).build();
        let (broad, replays) = (Semaphore::new(BROAD_MAX), Arc::new(Semaphore::new(REPLAYS_MAX)));
        Self { client, authorization: key.authorization(), pages, places, broad, replays, stranger: Once::new() }
    }

    /// Asks a node for a seat. `None` if it does not answer in time. A connection that the node has just closed is no
    /// reason to give up: the request has a number, so it may be sent twice.
    pub async fn reserve(&self, http: &str, seat: &SeatRequest) -> Option<SeatAnswer> {
        let asked = async {
            match self.ask(Method::POST, http, SEATS, Some(seat)).await {
                None => self.ask(Method::POST, http, SEATS, Some(seat)).await,
                answer => answer,
            }
        };
        timeout(PATIENCE, asked).await.ok()?
    }

    /// The first node that has this room or seat. `None` if none says so in time, or too many such questions are on their
    /// way.
    pub async fn find<'v>(&self, view: &'v View, wanted: &FindRequest) -> Option<&'v NodeEntry> {
        let _place = self.broad.try_acquire().ok()?;
        let nodes: Vec<(usize, String)> = (0..).zip(view.nodes.iter().map(|entry| entry.lease.http.clone())).collect();
        let ask = nodes.into_iter().map(|(index, http)| async move {
            let asked = self.ask::<_, bool>(Method::POST, &http, FIND, Some(wanted));
            (timeout(PATIENCE, asked).await.ok().flatten() == Some(true)).then_some(index)
        });
        let mut answers: FuturesUnordered<_> = ask.collect();
        while let Some(answer) = answers.next().await {
            if let Some(index) = answer {
                return view.nodes.get(index);
            }
        }
        None
    }

    /// Rooms and maps of a node, at most half a second old. `None` if it does not answer.
    pub async fn page(&self, http: &str) -> Option<Arc<NodePage>> {
        let read = async {
            let asked = self.ask(Method::GET, http, PAGE, None::<&()>);
            timeout(PAGE_TIME_MAX, asked).await.ok().flatten().map(Arc::new).ok_or(())
        };
        self.pages.try_get_with(http.to_owned(), read).await.ok()
    }

    /// The replay of a match, from the node that has it.
    ///
    /// # Errors
    /// When too many are on their way.
    pub async fn replay(&self, view: &View, match_id: MatchId) -> Result<Option<ReplayFile>, Refusal> {
        let Ok(place) = Arc::clone(&self.replays).try_acquire_owned() else {
            return Err(Refusal::Busy("too many replays are being downloaded: try again in a moment"));
        };
        for entry in &view.nodes {
            let path = REPLAY.replace("{match}", &match_id.to_string());
            let Some(request) = self.request(Method::GET, &entry.lease.http, &path, Body::empty()) else { continue };
            let Ok(Ok(answer)) = timeout(PAGE_TIME_MAX, self.client.request(request)).await else { continue };
            let length = answer.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
            let bytes = length.and_then(|length| length.parse().ok());
            if let Some(bytes) = bytes.filter(|_| answer.status() == StatusCode::OK) {
                let sent = Body::new(answer.into_body()).into_data_stream().inspect(move |_| {
                    let _ = &place;
                });
                return Ok(Some(ReplayFile { bytes, body: Body::from_stream(sent) }));
            }
        }
        Ok(None)
    }

    /// Joins the WebSocket of a member to the session that the node has granted it. `None` if the node does not answer.
    pub async fn open_socket(&self, http: &str, opened: Opened) -> Option<ThinSession> {
        let connecting = async {
            let places = self.places_of(http).await;
            let _place = places.acquire().await.ok()?;
            relay::connect(http, &self.authorization, &opened).await.ok()
        };
        let node = timeout(CONNECT_TIME_MAX, connecting).await.ok()??;
        Some(relay::join(node, opened))
    }

    /// The places of questions to a node.
    async fn places_of(&self, http: &str) -> Arc<Semaphore> {
        self.places.get_with_by_ref(http, async { Arc::new(Semaphore::new(AT_ONCE_MAX)) }).await
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
    ) -> Option<A> {
        let body = question.map(|question| serde_json::to_vec(question).expect("a question serialises"));
        let request = self.request(method, http, path, body.map(Body::from).unwrap_or_else(Body::empty))?;
        let places = self.places_of(http).await;
        let _place = places.acquire().await.ok()?;
        let answer = self.client.request(request).await.ok()?;
        if answer.status() == StatusCode::NOT_FOUND {
            self.stranger.call_once(|| {
                tracing::warn!(
                    "the node at {http} does not let this gateway in: nodes and gateways need the same `fleet.secret`"
                );
            });
        }
        if answer.status() != StatusCode::OK {
            return None;
        }
        let body = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES_MAX).await.ok()?;
        serde_json::from_slice(&body).ok()
    }
}

//! The paths of a node that only gateways of its fleet may use: seats, WebSockets, rooms, replays, reports.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{ReportRequest, RoomFilter},
    ids::MatchId,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use moka::future::Cache;

use super::{
    key::{FleetKey, is_authorized},
    seats::{FIND, FindRequest, NodePage, PAGE, REPLAY, REPORTS, ReportAnswer, SEATS, SeatAnswer, SeatRequest},
};
use crate::{
    net::ws::relay,
    ops::{
        admin::Desk,
        backend::{Backend, ReplayFile},
        http::{Counted, Documented, RelayedSockets},
    },
    room::{directory::JoinRequest, roster::RosterBoard},
};

/// Largest size of a request body, in bytes.
const BODY_BYTES_MAX: usize = 8192;
/// Time for which the answer to a request is kept, for the same request again, and the largest number of them: 8192 joins a
/// second. A gateway asks again within 0.6 s. An answer is about 2.3 KB.
const ANSWERS_KEPT: (Duration, u64) = (Duration::from_secs(2), 16_384);

/// An answer that may still be on its way. It comes whether anybody waits for it or not.
type Coming = Shared<BoxFuture<'static, SeatAnswer>>;

struct Door<B> {
    backend: B,
    sockets: RelayedSockets,
    roster: RosterBoard,
    desk: Desk,
    authorization: String,
    answers: Cache<String, Coming>,
}

impl<B: Backend + Clone> Door<B> {
    fn new(backend: B, sockets: RelayedSockets, roster: RosterBoard, desk: Desk, key: &FleetKey) -> Self {
        Self { backend, sockets, roster, desk, authorization: key.authorization(), answers: answers() }
    }
}

fn answers() -> Cache<String, Coming> {
    Cache::builder().max_capacity(ANSWERS_KEPT.1).time_to_live(ANSWERS_KEPT.0).build()
}

/// The answer to the request with this id. A server that was busy is asked anew the next time.
#[expect(clippy::async_yields_async, reason = "the answer that is kept is a future, which all askers await")]
async fn answer_once<B: Backend + Clone>(
    answers: &Cache<String, Coming>,
    backend: B,
    id: String,
    join: JoinRequest,
) -> SeatAnswer {
    let coming = answers.get_with(id.clone(), async { answer(backend, join) }).await;
    let answer = coming.await;
    if answer == SeatAnswer::Busy {
        answers.invalidate(&id).await;
    }
    answer
}

/// The routes of a node for the gateways of its fleet.
pub fn routes<B: Backend + Clone>(
    backend: B,
    sockets: RelayedSockets,
    roster: RosterBoard,
    desk: Desk,
    key: &FleetKey,
) -> Documented {
    let door = Arc::new(Door::new(backend, sockets, roster, desk, key));
    let routes = Documented::new()
        .add(__path_reserve, reserve::<B>)
        .add(__path_open_relayed, open_relayed::<B>)
        .add(__path_find, find::<B>)
        .add(__path_show_page, show_page::<B>)
        .add(__path_take_report, take_report::<B>)
        .add(__path_send_replay, send_replay::<B>);
    routes.equip(|router| {
        router
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(middleware::from_fn_with_state(Arc::clone(&door), check_secret::<B>))
            .with_state(door)
    })
}

/// Lets in only holders of the fleet's secret. Everybody else learns nothing. The members of a gateway must not count as the
/// gateway's address: their own addresses are in what it sends.
async fn check_secret<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, request: Request, next: Next) -> Response {
    if !is_authorized(request.headers(), &door.authorization) {
        return StatusCode::NOT_FOUND.into_response();
    }
    request.extensions().get::<Counted>().into_iter().for_each(Counted::forgive);
    next.run(request).await
}

/// What nodes answer to everybody who does not know the fleet's secret.
const HIDDEN: &str = "The caller does not know the secret of the fleet";

/// Reserves a seat, for a gateway of the fleet.
///
/// The same request again gets the same answer for two seconds, unless that was `busy`.
#[utoipa::path(
    post, path = SEATS, tag = "fleet", request_body = SeatRequest,
    responses(
        (status = 200, description = "The seat, or why there is none", body = SeatAnswer),
        (status = 400, description = "The body is no request"),
        (status = 404, description = HIDDEN),
        (status = 413, description = "The body has more than 8192 bytes")
    )
)]
async fn reserve<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<SeatRequest>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let id = request.id.clone();
    let Some(join) = request.into_join() else { return StatusCode::BAD_REQUEST.into_response() };
    Json(answer_once(&door.answers, door.backend.clone(), id, join).await).into_response()
}

/// Asks on a task of its own, so that the answer is the same one if the gateway hangs up and asks again.
fn answer<B: Backend + Clone>(backend: B, join: JoinRequest) -> Coming {
    let asked = tokio::spawn(async move { backend.open_session(join).await.into() });
    async move { asked.await.unwrap_or(SeatAnswer::Busy) }.boxed().shared()
}

/// Opens a WebSocket that carries the session of one member, for a gateway of the fleet.
///
/// The first frame says whose session it is, and every other one is a message of the member or for it.
#[utoipa::path(
    get, path = relay::PATH, tag = "fleet",
    responses(
        (status = 101, description = "The WebSocket"),
        (status = 400, description = "The request opens no WebSocket"),
        (status = 404, description = HIDDEN),
        (status = 426, description = "The connection cannot become a WebSocket"),
        (status = 503, description = "This node has too many WebSockets")
    )
)]
async fn open_relayed<B: Backend + Clone>(
    State(door): State<Arc<Door<B>>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) => door.sockets.open(upgrade),
        Err(rejection) => rejection.into_response(),
    }
}

/// Whether this node has a room or a seat, for a gateway of the fleet.
#[utoipa::path(
    post, path = FIND, tag = "fleet", request_body = FindRequest,
    responses(
        (status = 200, description = "Whether it has, as of the last quarter of a second", body = bool),
        (status = 400, description = "The body is no JSON"),
        (status = 404, description = HIDDEN),
        (status = 413, description = "The body has more than 8192 bytes"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The body is no request")
    )
)]
async fn find<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, Json(wanted): Json<FindRequest>) -> Response {
    let roster = door.roster.newest();
    let is_here = match wanted {
        FindRequest::Code(code) => roster.rooms.iter().any(|room| room.code == code),
        FindRequest::Name(name) => roster.rooms.iter().any(|room| room.name.as_deref() == Some(&name)),
        FindRequest::Resume(secret) => {
            let secret = secret.parse().ok();
            roster.seats.iter().any(|seat| Some(seat.secret) == secret)
        }
    };
    Json(is_here).into_response()
}

/// Rooms and maps of this node, for a gateway of the fleet.
#[utoipa::path(
    get, path = PAGE, tag = "fleet",
    responses(
        (status = 200, description = "Rooms and maps", body = NodePage),
        (status = 404, description = HIDDEN)
    )
)]
async fn show_page<B: Backend + Clone>(State(door): State<Arc<Door<B>>>) -> Response {
    let (rooms, maps) = (door.backend.list_rooms(&RoomFilter::default()).await, door.backend.list_maps().await);
    match (rooms, maps) {
        (Ok(rooms), Ok(maps)) => Json(NodePage { rooms, maps }).into_response(),
        (Err(refusal), _) | (_, Err(refusal)) => refusal.into_response(),
    }
}

/// Takes the report of a player with a seat on this node, for a gateway of the fleet.
#[utoipa::path(
    post, path = REPORTS, tag = "fleet", request_body = ReportRequest,
    responses(
        (status = 200, description = "The number of the report, or why it is not taken", body = ReportAnswer),
        (status = 400, description = "The body is no JSON"),
        (status = 404, description = HIDDEN),
        (status = 413, description = "The body has more than 8192 bytes"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The body is no request")
    )
)]
async fn take_report<B: Backend + Clone>(
    State(door): State<Arc<Door<B>>>,
    Json(report): Json<ReportRequest>,
) -> Response {
    Json(ReportAnswer::from(door.desk.take_report(report).await)).into_response()
}

/// The replay of a match, for a gateway of the fleet.
#[utoipa::path(
    get, path = REPLAY, tag = "fleet",
    params(("match" = MatchId, Path, description = "Id of the match")),
    responses(
        (status = 200, description = "The replay file", content_type = "application/octet-stream", body = [u8]),
        (status = 404, description = "This node has no such replay, or the caller does not know the secret of the fleet")
    )
)]
async fn send_replay<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, Path(name): Path<String>) -> Response {
    let Ok(match_id) = name.parse::<MatchId>() else { return StatusCode::NOT_FOUND.into_response() };
    match door.backend.open_replay(match_id).await {
        Ok(ReplayFile { bytes, body }) => ([(header::CONTENT_LENGTH, bytes.to_string())], body).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, path::PathBuf, thread};

    use futures_util::poll;

    use super::*;
    use crate::{
        config::{NetSettings, WsSettings},
        net::{endpoint::ClientKind, ws::WsEndpoint},
        ops::{backend::LocalBackend, status::StatusBoard},
        room::directory::{JoinError, JoinQueue, JoinTarget},
        schedule::TickRate,
    };

    fn request() -> JoinRequest {
        JoinRequest {
            name: "ada".to_owned(),
            target: JoinTarget::Quick,
            secret: None,
            rating: None,
            hello: None,
            caller: Ipv4Addr::LOCALHOST.into(),
            kind: ClientKind::Simulating,
        }
    }

    #[tokio::test]
    async fn the_same_request_has_one_answer_unless_the_server_was_busy() {
        let (_, link) = WsEndpoint::new(TickRate(30), &NetSettings::default(), &WsSettings::default());
        let (backend, JoinQueue(queue)) = LocalBackend::new(StatusBoard::default(), PathBuf::new(), link);
        let queue = queue.into_inner().expect("nobody panicked");
        let answers = answers();
        let ask = || answer_once(&answers, backend.clone(), "7".to_owned(), request());
        // More than the queue to the tick thread holds.
        let mut waiting: Vec<_> = (0..2000).map(|_| Box::pin(backend.open_session(request()))).collect();
        for join in &mut waiting {
            let _ = poll!(join);
        }
        assert_eq!(ask().await, SeatAnswer::Busy);
        queue.try_iter().for_each(drop);
        let tick_thread = thread::spawn(move || {
            let pending = queue.recv().expect("the request comes again");
            pending.reply.send(Err(JoinError::ServerFull)).expect("somebody waits");
        });
        assert_eq!(ask().await, SeatAnswer::Refused(JoinError::ServerFull));
        tick_thread.join().expect("no panic");
        assert_eq!(ask().await, SeatAnswer::Refused(JoinError::ServerFull), "nobody is asked any more");
    }
}

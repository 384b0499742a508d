//! The paths of a node that only gateways of its fleet may use: seats, rooms, replays.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use framehouse_shared::{api::RoomFilter, ids::MatchId};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use moka::future::Cache;

use super::{
    key::{FleetKey, is_authorized},
    seats::{FIND, FindRequest, NodePage, PAGE, REPLAYS, SEATS, SeatAnswer, SeatRequest},
};
use crate::{
    ops::backend::{Backend, ReplayFile},
    room::{directory::JoinRequest, roster::RosterBoard},
};

/// Largest size of a request body, in bytes.
const BODY_BYTES_MAX: usize = 8192;
/// Time for which the answer to a request is kept, for the same request again, and the largest number of them. An answer is
/// about 2.3 KB.
const ANSWERS_KEPT: (Duration, u64) = (Duration::from_secs(10), 16_384);

/// An answer that may still be on its way. It comes whether anybody waits for it or not.
type Coming = Shared<BoxFuture<'static, SeatAnswer>>;

struct Door<B> {
    backend: B,
    roster: RosterBoard,
    authorization: String,
    answers: Cache<String, Coming>,
}

/// The routes of a node for the gateways of its fleet.
pub fn routes<B: Backend + Clone>(backend: B, roster: RosterBoard, key: &FleetKey) -> Router {
    let answers = Cache::builder().max_capacity(ANSWERS_KEPT.1).time_to_live(ANSWERS_KEPT.0).build();
    let door = Arc::new(Door { backend, roster, authorization: key.authorization(), answers });
    Router::new()
        .route(SEATS, post(reserve::<B>))
        .route(FIND, post(find::<B>))
        .route(PAGE, get(show_page::<B>))
        .route(&format!("{REPLAYS}/{{match}}"), get(send_replay::<B>))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&door), check_secret::<B>))
        .with_state(door)
}

/// Lets in only holders of the fleet's secret. Everybody else learns nothing.
async fn check_secret<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, request: Request, next: Next) -> Response {
    if is_authorized(request.headers(), &door.authorization) {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// Reserves a seat. The same request again gets the same answer.
#[expect(clippy::async_yields_async, reason = "the answer that is kept is a future, which all askers await")]
async fn reserve<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<SeatRequest>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let id = request.id.clone();
    let Some(join) = request.into_join() else { return StatusCode::BAD_REQUEST.into_response() };
    let backend = door.backend.clone();
    let coming = door.answers.get_with(id, async { answer(backend, join) }).await;
    Json(coming.await).into_response()
}

/// Asks on a task of its own, so that the answer is the same one if the gateway hangs up and asks again.
fn answer<B: Backend + Clone>(backend: B, join: JoinRequest) -> Coming {
    let asked = tokio::spawn(async move { backend.open_session(join).await.into() });
    async move { asked.await.unwrap_or(SeatAnswer::Busy) }.boxed().shared()
}

/// Whether there is a room or a seat, as of the newest roster.
async fn find<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, Json(wanted): Json<FindRequest>) -> Response {
    let roster = door.roster.newest();
    let is_here = match wanted {
        FindRequest::Code(code) => roster.rooms.iter().any(|room| room.code == code),
        FindRequest::Resume(secret) => {
            let secret = secret.parse().ok();
            roster.seats.iter().any(|seat| Some(seat.secret) == secret)
        }
    };
    Json(is_here).into_response()
}

async fn show_page<B: Backend + Clone>(State(door): State<Arc<Door<B>>>) -> Response {
    let (rooms, maps) = (door.backend.list_rooms(&RoomFilter::default()).await, door.backend.list_maps().await);
    match (rooms, maps) {
        (Ok(rooms), Ok(maps)) => Json(NodePage { rooms, maps }).into_response(),
        (Err(refusal), _) | (_, Err(refusal)) => refusal.into_response(),
    }
}

async fn send_replay<B: Backend + Clone>(State(door): State<Arc<Door<B>>>, Path(name): Path<String>) -> Response {
    let Ok(match_id) = name.parse::<MatchId>() else { return StatusCode::NOT_FOUND.into_response() };
    match door.backend.open_replay(match_id).await {
        Ok(ReplayFile { bytes, body }) => ([(header::CONTENT_LENGTH, bytes.to_string())], body).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

//! The HTTP gateway: sessions, the lists of rooms and maps, status and health, on a thread of its own.
//!
//! It never touches the world: join requests go to the tick thread through a bounded queue, pages come from the
//! [`StatusBoard`].

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use framehouse_shared::{
    ids::RoomCode,
    protocol::control::{Hello, NAME_BYTES_MAX, NAME_CHARS_MAX},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::{limit::JoinLimit, replays::ReplayFiles, rooms::RoomFilter, status::StatusBoard};
use crate::room::directory::{Grant, JoinError, JoinRequest, PendingJoin, RoomWish};

/// Bytes of a request body, at most.
const BODY_BYTES_MAX: usize = 4096;
/// Join requests waiting for the tick thread, at most.
const JOINS_WAITING_MAX: usize = 1024;
/// Connections at a time; more wait until one ends.
const CONNECTIONS_MAX: usize = 1024;
/// How long a client may take to send a request's head, or to begin the next request on a connection.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a client may take to send a body.
const BODY_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a connection may last, whatever it does.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);
/// How long the tick thread may take for an answer: some ticks, unless it hangs.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Gateway {
    joins: SyncSender<PendingJoin>,
    status: StatusBoard,
    limit: Arc<Mutex<JoinLimit>>,
    replays: ReplayFiles,
    start: Instant,
}

/// Who is at the other end of the connection.
#[derive(Clone, Copy)]
struct Peer(IpAddr);

/// Binds the gateway's address, so that a taken port is known before anything else starts.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the gateway on its own thread, until the process ends; gives the queue of join requests.
///
/// # Errors
/// When the thread or its runtime cannot be started.
pub fn serve(
    listener: TcpListener,
    status: StatusBoard,
    replays: ReplayFiles,
    joins_per_s: f32,
) -> io::Result<Receiver<PendingJoin>> {
    let (joins, queue) = sync_channel(JOINS_WAITING_MAX);
    let limit = Arc::new(Mutex::new(JoinLimit::new(joins_per_s)));
    let router = router(Gateway { joins, status, limit, replays, start: Instant::now() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("gateway".to_owned()).spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is bound and non-blocking");
            accept_connections(listener, router).await;
        });
    })?;
    Ok(queue)
}

/// `axum::serve` has no time-outs, and this address is open to everybody: nobody may hold a connection for nothing.
async fn accept_connections(listener: tokio::net::TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, address)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone().layer(Extension(Peer(address.ip()))));
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_MAX)
                .serve_connection(TokioIo::new(stream), service);
            // However it ended, there is nobody left to tell.
            let _ = timeout(CONNECTION_TIME_MAX, connection).await;
            drop(place);
        });
    }
}

fn router(gateway: Gateway) -> Router {
    Router::new()
        .route("/v1/sessions", post(open_session))
        .route("/v1/rooms", get(list_rooms))
        .route(
            "/v1/maps",
            get(|State(gateway): State<Gateway>| async move { Json(json!({ "maps": gateway.status.page().maps })) }),
        )
        .route(
            "/v1/status",
            get(|State(gateway): State<Gateway>| async move { Json(json!(gateway.status.page().status)) }),
        )
        .route(
            "/v1/replays/{match}",
            get(|State(gateway): State<Gateway>, Path(name): Path<String>| async move {
                gateway.replays.answer(&name).await
            }),
        )
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address takes another method")
        })
        .layer(DefaultBodyLimit::disable())
        .with_state(gateway)
}

/// `GET /v1/rooms`: public rooms, filtered by `phase`, `joinable`, `map` and `limit`.
async fn list_rooms(State(gateway): State<Gateway>, filter: Result<Query<RoomFilter>, QueryRejection>) -> Response {
    match filter {
        Ok(Query(filter)) => {
            let page = gateway.status.page();
            Json(json!({ "rooms": filter.apply(&page.rooms) })).into_response()
        }
        Err(rejection) => {
            let message = format!("rooms are found by phase, joinable, map and limit ({})", rejection.body_text());
            error(StatusCode::BAD_REQUEST, "bad_request", &message)
        }
    }
}

/// `POST /v1/sessions`: a seat and a token for it. The body is parsed whatever its Content-Type says.
async fn open_session(State(gateway): State<Gateway>, Extension(peer): Extension<Peer>, body: Body) -> Response {
    let now = gateway.start.elapsed();
    if !gateway.limit.lock().expect("nothing panics while holding this lock").allows(peer.0, now) {
        return busy("you ask for seats too often: try again in a moment");
    }
    let body = match timeout(BODY_TIME_MAX, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Err(_) => return error(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not come within five seconds"),
        Ok(Err(_)) => {
            let message = format!("the body is larger than {BODY_BYTES_MAX} bytes");
            return error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &message);
        }
    };
    match parse_join(&body) {
        Ok(request) => answer_join(&gateway, request).await,
        Err(BadBody::NoSuchRoom(code)) => error(
            StatusCode::NOT_FOUND,
            "no_such_room",
            &format!("there is no room {code}: check the code, or use quick match"),
        ),
        // A secret that no player can have is the secret of no player.
        Err(BadBody::NoSuchSeat) => refuse(&JoinError::NoSuchSeat),
        Err(BadBody::Malformed(message)) => error(StatusCode::BAD_REQUEST, "bad_request", &message),
    }
}

async fn answer_join(gateway: &Gateway, request: JoinRequest) -> Response {
    let (reply, answer) = oneshot::channel();
    match gateway.joins.try_send(PendingJoin { request, reply }) {
        Ok(()) => {}
        Err(TrySendError::Full(_)) => return busy("too many players join at once: try again in a moment"),
        Err(TrySendError::Disconnected(_)) => return refuse(&JoinError::Stopping),
    }
    match timeout(ANSWER_TIME_MAX, answer).await {
        Ok(Ok(Ok(grant))) => Json(grant_body(&grant)).into_response(),
        Ok(Ok(Err(join_error))) => refuse(&join_error),
        Ok(Err(_)) => refuse(&JoinError::Stopping),
        Err(_) => busy("the server is too busy to answer: try again in a moment"),
    }
}

fn grant_body(grant: &Grant) -> serde_json::Value {
    json!({
        "token": BASE64_STANDARD.encode(&grant.token),
        "session": grant.session.to_string(),
        "server": grant.server.to_string(),
        "tick_rate": grant.tick_rate,
        "protocol": format!("{:016x}", grant.protocol),
        "code": grant.code,
        "resume": grant.resume.reveal(),
        "grace_s": grant.grace_s,
    })
}

fn refuse(reason: &JoinError) -> Response {
    let status = match reason {
        JoinError::NoSuchRoom(_) | JoinError::NoSuchSeat => StatusCode::NOT_FOUND,
        JoinError::RoomFull(_) | JoinError::SpectatorsFull(_) => StatusCode::CONFLICT,
        JoinError::BadSize { .. } => StatusCode::BAD_REQUEST,
        JoinError::Mismatch(_) => StatusCode::UPGRADE_REQUIRED,
        JoinError::ServerFull | JoinError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    error(status, reason.code(), &reason.to_string())
}

pub(super) fn busy(message: &str) -> Response {
    let mut response = error(StatusCode::TOO_MANY_REQUESTS, "busy", message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

#[derive(Deserialize)]
struct JoinBody {
    name: String,
    /// Left out by a player that comes back with its secret.
    room: Option<RoomBody>,
    resume: Option<String>,
    hello: Option<HelloBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoomBody {
    Quick {},
    Create {
        size: u8,
        #[serde(default)]
        private: bool,
        #[serde(default)]
        practice: bool,
    },
    Code(String),
    Watch(String),
}

#[derive(Deserialize)]
struct HelloBody {
    protocol: String,
    game: String,
    /// Absent from a client of an older protocol, which is told that.
    #[serde(default)]
    rules_version: u32,
    #[serde(default)]
    components: Vec<String>,
    fingerprint: String,
}

#[derive(Debug, PartialEq, Eq)]
enum BadBody {
    Malformed(String),
    NoSuchRoom(String),
    NoSuchSeat,
}

fn parse_join(body: &Bytes) -> Result<JoinRequest, BadBody> {
    let body: JoinBody = serde_json::from_slice(body).map_err(|error| {
        BadBody::Malformed(format!(
            "the body is not what this address takes ({error}); an example: {{\"name\":\"Ada\",\"room\":{{\"quick\":{{}}}}}}"
        ))
    })?;
    let wish = match (body.resume, body.room) {
        (Some(secret), _) => RoomWish::Resume(secret.parse().map_err(|()| BadBody::NoSuchSeat)?),
        (None, Some(room)) => parse_wish(room)?,
        (None, None) => return Err(BadBody::Malformed("the body names no room".to_owned())),
    };
    let hello = body.hello.map(parse_hello).transpose()?;
    Ok(JoinRequest { name: parse_name(&body.name)?, wish, hello })
}

fn parse_wish(room: RoomBody) -> Result<RoomWish, BadBody> {
    // A code that no room can have is the code of no room.
    let parse_code = |code: String| code.parse::<RoomCode>().map_err(|_| BadBody::NoSuchRoom(printable(&code)));
    Ok(match room {
        RoomBody::Quick {} => RoomWish::Quick,
        RoomBody::Create { size, private, practice } => RoomWish::Create { size, private, practice },
        RoomBody::Code(code) => RoomWish::Code(parse_code(code)?),
        RoomBody::Watch(code) => RoomWish::Watch(parse_code(code)?),
    })
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(16).collect()
}

fn parse_name(name: &str) -> Result<String, BadBody> {
    let name = name.trim();
    let length = name.chars().count();
    let is_short = (1..=NAME_CHARS_MAX).contains(&length) && name.len() <= NAME_BYTES_MAX;
    if is_short && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(BadBody::Malformed(format!(
            "a name has 1 to {NAME_CHARS_MAX} characters, at most {NAME_BYTES_MAX} bytes, and no control characters"
        )))
    }
}

fn parse_hello(hello: HelloBody) -> Result<Hello, BadBody> {
    let number = |text: &str, field: &str| {
        u64::from_str_radix(text, 16).map_err(|_| BadBody::Malformed(format!("`{field}` is not a hexadecimal number")))
    };
    let hello = Hello {
        protocol: number(&hello.protocol, "protocol")?,
        fingerprint: number(&hello.fingerprint, "fingerprint")?,
        game: hello.game,
        rules_version: hello.rules_version,
        components: hello.components,
    };
    if hello.is_sane() {
        Ok(hello)
    } else {
        Err(BadBody::Malformed("`hello` has more components or longer names than any game".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &'static str) -> Result<JoinRequest, BadBody> {
        parse_join(&Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn every_wish_is_understood() {
        let wish = |room| parse(room).expect("a good body").wish;
        assert_eq!(wish(r#"{"name":"Ada","room":{"quick":{}}}"#), RoomWish::Quick);
        assert_eq!(
            wish(r#"{"name":"Ada","room":{"create":{"size":4,"private":true}}}"#),
            RoomWish::Create { size: 4, private: true, practice: false }
        );
        let code = "K7QX".parse().expect("a code");
        assert_eq!(wish(r#"{"name":"Ada","room":{"code":"k7qx"}}"#), RoomWish::Code(code));
        assert_eq!(wish(r#"{"name":"Ada","room":{"watch":"k7qx"}}"#), RoomWish::Watch(code));
        let secret = "0123456789abcdef0123456789abcdef";
        let body = r#"{"name":"Ada","resume":"0123456789abcdef0123456789abcdef"}"#;
        assert_eq!(wish(body), RoomWish::Resume(secret.parse().expect("a secret")));
    }

    #[test]
    fn a_bad_body_is_answered_with_a_sentence() {
        for body in ["", "{", "[]", r#"{"name":"Ada"}"#, r#"{"name":"Ada","room":{"create":{"size":-1}}}"#] {
            assert!(matches!(parse(body), Err(BadBody::Malformed(_))), "{body}");
        }
        assert!(matches!(parse(r#"{"name":" ","room":{"quick":{}}}"#), Err(BadBody::Malformed(_))));
        assert!(matches!(parse(r#"{"name":"a\nb","room":{"quick":{}}}"#), Err(BadBody::Malformed(_))));
        assert_eq!(parse(r#"{"name":"Ada","room":{"code":"nope!"}}"#), Err(BadBody::NoSuchRoom("nope!".into())));
        assert_eq!(parse(r#"{"name":"Ada","resume":"nope"}"#), Err(BadBody::NoSuchSeat));
    }
}

//! Responses of the API, byte by byte, as clients in any language read them.

use axum::{
    Extension,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use framehouse_shared::{
    api::{ListedRoom, SessionGrant, Status},
    replay::PublicKey,
};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::*;
use crate::{
    ops::http::listener::Peer,
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

/// A backend with one room, one map and one replay.
struct Fixed;

fn code() -> framehouse_shared::ids::RoomCode {
    "K7QX".parse().expect("a code")
}

impl Backend for Fixed {
    async fn open_session(&self, request: JoinRequest) -> Result<SessionGrant, Refusal> {
        if request.target != JoinTarget::Quick {
            return Err(JoinError::RoomFull(code()).into());
        }
        Ok(SessionGrant {
            token: vec![0, 1, 2],
            session: "2a".to_owned(),
            server: "127.0.0.1:7800".to_owned(),
            tick_rate: 30,
            protocol: "00000000000000ab".to_owned(),
            code: code(),
            resume: "c0ffee".to_owned(),
            grace_s: 12.5,
        })
    }

    async fn list_rooms(&self, filter: &RoomFilter) -> Result<Vec<ListedRoom>, Refusal> {
        Ok(filter.select(&[ListedRoom {
            code: code(),
            phase: "playing".to_owned(),
            host: "Ada".to_owned(),
            map: "a&b=ü".to_owned(),
            players: 1,
            seats: 4,
            free: 3,
            spectators: 2,
            joinable: true,
        }]))
    }

    async fn list_maps(&self) -> Result<Vec<String>, Refusal> {
        Ok(vec!["basin".to_owned()])
    }

    async fn status(&self) -> Result<Status, Refusal> {
        Ok(Status { version: "0.1.0".to_owned(), ..Status::default() })
    }

    async fn key(&self) -> Result<PublicKey, Refusal> {
        Ok(PublicKey([0xab; 32]))
    }

    async fn open_replay(&self, match_id: MatchId) -> Result<ReplayFile, Refusal> {
        match match_id.0 {
            1 => Ok(ReplayFile { bytes: 3, body: Body::from("fhr") }),
            2 => Err(Refusal::Busy("too many at once")),
            _ => Err(Refusal::NoSuchReplay),
        }
    }
}

async fn ask(method: Method, path: &str, body: &'static str) -> (u16, String) {
    let router = router(Fixed, 5.0).layer(Extension(Peer([127, 0, 0, 1].into())));
    let request = Request::builder().method(method).uri(path).body(Body::from(body)).expect("a request");
    let response = TowerToHyperService::new(router).call(request).await.expect("a router never fails");
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("it is in memory");
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

async fn get(path: &str) -> (u16, String) {
    ask(Method::GET, path, "").await
}

#[tokio::test]
async fn a_session_is_granted_or_refused_in_the_documented_form() {
    let granted = ask(Method::POST, "/v1/sessions", r#"{"name":"Ada","room":{"quick":{}}}"#).await;
    let grant = r#"{"code":"K7QX","grace_s":12.5,"protocol":"00000000000000ab","resume":"c0ffee","server":"127.0.0.1:7800","session":"2a","tick_rate":30,"token":"AAEC"}"#;
    assert_eq!(granted, (200, grant.to_owned()));
    let refused = ask(Method::POST, "/v1/sessions", r#"{"name":"Ada","room":{"code":"K7QX"}}"#).await;
    let full = r#"{"error":{"code":"room_full","message":"room K7QX is full: try again later, or use quick match"}}"#;
    assert_eq!(refused, (409, full.to_owned()));
}

#[tokio::test]
async fn rooms_and_maps_have_the_documented_form() {
    let room = r#"{"code":"K7QX","free":3,"host":"Ada","joinable":true,"map":"a&b=ü","phase":"playing","players":1,"seats":4,"spectators":2}"#;
    assert_eq!(get("/v1/rooms").await, (200, format!(r#"{{"rooms":[{room}]}}"#)));
    assert_eq!(get("/v1/rooms?joinable=false").await, (200, r#"{"rooms":[]}"#.to_owned()));
    assert_eq!(get("/v1/rooms?colour=red").await.0, 400);
    assert_eq!(get("/v1/maps").await, (200, r#"{"maps":["basin"]}"#.to_owned()));
}

#[tokio::test]
async fn a_clients_query_is_the_filter_that_it_was_made_of() {
    let filter = RoomFilter {
        map: Some("a&b=ü".to_owned()),
        phase: Some("playing".to_owned()),
        limit: Some(1),
        joinable: Some(true),
    };
    let uri = format!("/v1/rooms?{}", filter.to_query()).parse().expect("a URI");
    assert_eq!(Query::<RoomFilter>::try_from_uri(&uri).expect("a filter").0, filter);
}

#[tokio::test]
async fn the_status_page_has_every_documented_field() {
    let (status, page) = get("/v1/status").await;
    assert_eq!((status, page.as_str()), (200, include_str!("golden/status.json").trim_end()));
}

#[tokio::test]
async fn the_key_has_the_documented_form() {
    let key = format!(r#"{{"algorithm":"ed25519","key":"{}"}}"#, "ab".repeat(32));
    assert_eq!(get("/v1/key").await, (200, key));
}

#[tokio::test]
async fn a_replay_is_sent_as_a_file_and_what_is_none_is_refused() {
    let path = |id: &str| format!("/v1/replays/{id}");
    assert_eq!(get(&path(&MatchId(1).to_string())).await, (200, "fhr".to_owned()));
    for (id, status, code) in [
        (MatchId(2).to_string(), 429, "busy"),
        (MatchId(3).to_string(), 404, "no_such_replay"),
        ("x".to_owned(), 404, "no_such_replay"),
    ] {
        let (answered, body) = get(&path(&id)).await;
        assert!(answered == status && body.contains(&format!(r#""code":"{code}""#)), "{answered} {body}");
    }
}

#[tokio::test]
async fn what_is_not_served_is_refused_with_a_sentence() {
    let missing = r#"{"error":{"code":"not_found","message":"there is nothing at this address"}}"#;
    assert_eq!(get("/v2").await, (404, missing.to_owned()));
    let wrong = r#"{"error":{"code":"method_not_allowed","message":"this address takes another method"}}"#;
    assert_eq!(get("/v1/sessions").await, (405, wrong.to_owned()));
    assert_eq!(get("/healthz").await, (200, "ok\n".to_owned()));
}

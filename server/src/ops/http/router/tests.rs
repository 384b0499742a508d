//! Responses of the API, byte by byte, as clients in any language read them.

use std::convert::Infallible;

use axum::{
    body::to_bytes,
    http::{Method, Request, request::Builder},
};
use futures_util::{poll, stream};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::*;
use crate::{
    config::HttpSettings,
    ops::http::{
        HttpOptions, HttpTimes,
        connection::Peer,
        fixed_backend::Fixed,
        gateway,
        health::{HEALTH, READINESS},
    },
};

const QUICK: &str = r#"{"name":"Ada","room":{"quick":{}}}"#;

/// A gateway with these proxies in front of it.
fn gateway_behind(proxies: &[&str]) -> Router {
    let trusted_proxies = proxies.iter().map(|network| network.parse().expect("a network")).collect();
    let http = HttpSettings { trusted_proxies, ..Default::default() };
    gateway(Fixed::default(), HttpOptions { http, ..Default::default() }).1
}

/// Sends a request to a gateway over a connection from this address.
async fn send(router: &Router, from: &str, request: Builder, body: impl Into<Body>) -> Response {
    let address = from.parse::<std::net::IpAddr>().expect("an address").into();
    let peer = Peer { address, is_for_resume: false, is_readable: true };
    let request = request.body(body.into()).expect("a request");
    let service = TowerToHyperService::new(router.clone().layer(Extension(peer)));
    service.call(request).await.expect("a router never fails")
}

fn request(method: Method, path: &str) -> Builder {
    Request::builder().method(method).uri(path).header("content-type", "application/json")
}

async fn ask(method: Method, path: &str, body: &'static str) -> (u16, String) {
    let response = send(&gateway_behind(&[]), "127.0.0.1", request(method, path), body).await;
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
    let grant = r#"{"code":"K7QX","grace_s":12.5,"player":"000000000000000000000000000000ad","protocol":"00000000000000ab","resume":"c0ffee","server":"127.0.0.1:7800","session":"2a","tick_rate":30,"token":"AAEC"}"#;
    assert_eq!(granted, (200, grant.to_owned()));
    let refused = ask(Method::POST, "/v1/sessions", r#"{"name":"Ada","room":{"code":"K7QX"}}"#).await;
    let full = r#"{"error":{"code":"room_full","message":"room K7QX is full: try again later, or use quick match"}}"#;
    assert_eq!(refused, (409, full.to_owned()));
}

#[tokio::test]
async fn rooms_and_maps_have_the_documented_form() {
    let room = r#"{"code":"K7QX","economy":false,"free":3,"host":"Ada","joinable":true,"map":"a&b=ü","phase":"playing","players":1,"seats":4,"spectators":2}"#;
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
async fn players_matches_and_leaderboards_have_the_documented_form() {
    let (ada, first) = ("000000000000000000000000000000ad", "00000000000000000000000000000001");
    let boards = r#"{"boards":[{"board":"day","period":"2026-11-29"}]}"#;
    assert_eq!(get("/v1/leaderboards").await, (200, boards.to_owned()));
    let entry = |rank| {
        format!(
            r#"{{"ended_unix":1800000000,"match_id":"{first}","name":"Ada","player":"{ada}","points":-3,"rank":{rank}}}"#
        )
    };
    let board = |rank, period| format!(r#"{{"board":"day","entries":[{}],"period":"{period}"}}"#, entry(rank));
    assert_eq!(get("/v1/leaderboards/day").await, (200, board(20, "2026-11-29")));
    let path = format!("/v1/leaderboards/day?limit=1000&period=2026-01-02&around={ada}");
    assert_eq!(get(&path).await, (200, board(100, "2026-01-02")));
    let player = r#""best":4,"first_seen_unix":1,"last_seen_unix":2,"matches":3,"name":"Ada""#;
    let rating = r#""rating":{"mu":25.5,"sigma":8.0}"#;
    let player = format!(r#"{{{player},"player":"{ada}",{rating}}}"#);
    assert_eq!(get(&format!("/v1/players/{ada}")).await, (200, player));
    let played = r#""ended_unix":1800000000,"game":"arena","has_replay":true,"map":"basin""#;
    let rest = r#""outcome":"finished","players":4,"points":7"#;
    let matches = |rank| format!(r#"{{"matches":[{{{played},"match_id":"{first}",{rest},"rank":{rank}}}]}}"#);
    assert_eq!(get(&format!("/v1/players/{ada}/matches")).await, (200, matches(20)));
    let path = format!("/v1/players/{ada}/matches?before={first}&limit=0");
    assert_eq!(get(&path).await, (200, matches(1)));
    let (status, body) = get(&format!("/v1/matches/{first}")).await;
    assert_eq!((status, body.as_str()), (200, include_str!("golden/match.json").trim_end()));
}

#[tokio::test]
async fn a_question_without_an_answer_says_why() {
    for (path, status, code) in [
        ("/v1/leaderboards/year", 404, "no_such_board"),
        ("/v1/leaderboards/day?limit=x", 400, "bad_request"),
        ("/v1/leaderboards/day?limit=-1", 400, "bad_request"),
        ("/v1/leaderboards/day?around=ada", 400, "bad_request"),
        ("/v1/leaderboards/day?colour=red", 400, "bad_request"),
        ("/v1/players/ada", 404, "no_such_player"),
        ("/v1/players/000000000000000000000000000000bb", 503, "busy"),
        ("/v1/players/ada/matches", 404, "no_such_player"),
        ("/v1/players/000000000000000000000000000000ad/matches?before=x", 400, "bad_request"),
        ("/v1/matches/1", 404, "no_such_match"),
    ] {
        let (answered, body) = get(path).await;
        assert!(answered == status && body.contains(&format!(r#""code":"{code}""#)), "{path}: {answered} {body}");
    }
}

#[tokio::test]
async fn what_is_not_served_is_refused_with_a_sentence() {
    let missing = r#"{"error":{"code":"not_found","message":"there is nothing at this address"}}"#;
    assert_eq!(get("/v2").await, (404, missing.to_owned()));
    let wrong = r#"{"error":{"code":"method_not_allowed","message":"this address takes another method"}}"#;
    assert_eq!(get("/v1/sessions").await, (405, wrong.to_owned()));
}

#[tokio::test]
async fn a_check_is_answered_with_ok_or_a_sentence_also_without_its_body() {
    assert_eq!(get(HEALTH).await, (200, "ok\n".to_owned()));
    assert_eq!(get(READINESS).await, (503, "the server drains\n".to_owned()));
    assert_eq!(ask(Method::HEAD, HEALTH, "").await, (200, String::new()));
    assert_eq!(ask(Method::HEAD, READINESS, "").await, (503, String::new()));
}

/// The number of answers with each status, in ascending order.
async fn statuses(
    router: &Router,
    count: usize,
    sent: impl Fn(usize) -> (String, Builder, &'static str),
) -> Vec<(u16, usize)> {
    let mut statuses = std::collections::BTreeMap::new();
    for index in 0..count {
        let (from, request, body) = sent(index);
        let response = send(router, &from, request, body).await;
        let is_to_wait = response.headers().contains_key(header::RETRY_AFTER);
        assert_eq!(response.status() == StatusCode::TOO_MANY_REQUESTS, is_to_wait);
        *statuses.entry(response.status().as_u16()).or_insert(0) += 1;
    }
    statuses.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn an_address_has_a_rate_of_requests_and_of_join_requests() {
    let router = gateway_behind(&[]);
    let rooms = |from: &'static str| move |_| (from.to_owned(), request(Method::GET, "/v1/rooms"), "");
    let joins = |from: &'static str| move |_| (from.to_owned(), request(Method::POST, SESSIONS), QUICK);
    assert_eq!(statuses(&router, 100, joins("192.0.2.1")).await, [(200, 20), (429, 80)]);
    assert_eq!(statuses(&router, 100, rooms("198.51.100.1")).await, [(200, 80), (429, 20)]);
    assert_eq!(statuses(&router, 10, joins("203.0.113.1")).await, [(200, 10)], "others notice nothing");
    assert_eq!(statuses(&router, 200, joins("127.0.0.1")).await, [(200, 200)], "this machine is free");
}

#[tokio::test(start_paused = true)]
async fn nothing_else_that_an_address_does_makes_its_checks_fail_and_checks_have_a_limit_too() {
    let router = gateway_behind(&[]);
    let ask =
        |path: &'static str| move |_| ("192.0.2.1".to_owned(), Request::builder().uri(path).header("host", "lb"), "");
    assert_eq!(statuses(&router, 100, ask("/v1/rooms")).await, [(421, 80), (429, 20)]);
    for _ in 0..60 {
        assert_eq!(statuses(&router, 1, ask(HEALTH)).await, [(200, 1)]);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(statuses(&router, 100, ask(HEALTH)).await, [(200, 80), (429, 20)]);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_a_stranger_writes() {
    let router = gateway_behind(&[]);
    let metrics = async || {
        let response = send(&router, "127.0.0.1", request(Method::GET, METRICS), "").await;
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("it is in memory");
        String::from_utf8(bytes.to_vec()).expect("text")
    };
    let lines = metrics().await.lines().count();
    for path in ["/v1/rooms", "/v1/rooms?colour=red", "/v1/replays/stranger", "/stranger", "/metrics/stranger"] {
        send(&router, "127.0.0.1", request(Method::GET, path), "").await;
    }
    send(&router, "127.0.0.1", request(Method::DELETE, "/v1/rooms"), "").await;
    let text = metrics().await;
    for counted in [
        r#"{route="/v1/rooms",status="2xx"} 1"#,
        r#"{route="/v1/rooms",status="4xx"} 2"#,
        r#"{route="/v1/replays/{match}",status="4xx"} 1"#,
        r#"{route="other",status="4xx"} 2"#,
        r#"{route="/metrics",status="2xx"} 1"#,
    ] {
        assert!(text.contains(&format!("framehouse_http_requests_total{counted}\n")), "{counted} in {text}");
    }
    assert!(!text.contains("stranger"), "{text}");
    assert_eq!(text.lines().count(), lines, "{text}");
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_refusals_and_checks_say_nothing_about_how_long_players_wait() {
    let times = HttpTimes::default();
    let router = gateway(Fixed::default(), HttpOptions { times: times.clone(), ..Default::default() }).1;
    let post = |body: Body| send(&router, "192.0.2.1", request(Method::POST, SESSIONS), body);
    let slow = stream::once(async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok::<_, Infallible>(QUICK)
    });
    assert_eq!(post(Body::from_stream(slow)).await.status(), StatusCode::OK);
    let endless = stream::pending::<Result<&str, Infallible>>();
    assert_eq!(post(Body::from_stream(endless)).await.status(), StatusCode::REQUEST_TIMEOUT);
    for path in [HEALTH, READINESS, METRICS] {
        send(&router, "127.0.0.1", request(Method::GET, path), "").await;
    }
    let joins = |_| ("198.51.100.1".to_owned(), request(Method::POST, SESSIONS), QUICK);
    assert_eq!(statuses(&router, 100, joins).await, [(200, 20), (429, 80)]);
    let buckets = times.buckets();
    assert_eq!(buckets.iter().map(|(_, count)| count).sum::<u64>(), 21);
    assert!(buckets.iter().all(|(upper_us, _)| *upper_us < 1_000_000), "{buckets:?}");
}

#[tokio::test(start_paused = true)]
async fn behind_a_proxy_each_caller_has_limits_of_its_own() {
    let router = gateway_behind(&["10.0.0.0/8"]);
    let through = |proxy: &'static str| {
        move |index: usize| {
            let caller = format!("198.51.{}.7", index % 4);
            let request = request(Method::POST, SESSIONS).header("x-forwarded-for", format!("127.0.0.1, {caller}"));
            (proxy.to_owned(), request, QUICK)
        }
    };
    assert_eq!(statuses(&router, 100, through("10.0.0.1")).await, [(200, 80), (429, 20)]);
    assert_eq!(
        statuses(&router, 100, through("192.0.2.1")).await,
        [(200, 20), (429, 80)],
        "a stranger is believed nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn behind_a_proxy_slow_bodies_of_one_caller_leave_the_others_served() {
    let router = gateway_behind(&["10.0.0.0/8"]);
    let post = |caller: &str, body: Body| {
        let request = request(Method::POST, SESSIONS).header("x-forwarded-for", caller);
        send(&router, "10.0.0.1", request, body)
    };
    let never = || Body::from_stream(stream::pending::<Result<Vec<u8>, Infallible>>());
    let mut slow: Vec<_> = (0..32).map(|_| Box::pin(post("198.51.100.7", never()))).collect();
    for request in &mut slow {
        assert!(poll!(request).is_pending());
    }
    let status = async |caller| post(caller, Body::from(QUICK)).await.status().as_u16();
    assert_eq!((status("198.51.100.7").await, status("203.0.113.9").await), (429, 200));
    slow.pop();
    assert_eq!(status("198.51.100.7").await, 200);
}

#[tokio::test(start_paused = true)]
async fn an_address_downloads_eight_replays_at_a_time() {
    let router = gateway_behind(&[]);
    let path = format!("/v1/replays/{}", MatchId(1));
    let mut running = Vec::new();
    for _ in 0..8 {
        let response = send(&router, "192.0.2.1", request(Method::GET, &path), "").await;
        assert_eq!(response.status(), StatusCode::OK);
        running.push(response);
    }
    let get = async |from| send(&router, from, request(Method::GET, &path), "").await.status().as_u16();
    assert_eq!((get("192.0.2.1").await, get("198.51.100.1").await), (429, 200));
    let sent = to_bytes(running.remove(0).into_body(), usize::MAX).await.expect("it is in memory");
    assert_eq!((sent.as_ref(), get("192.0.2.1").await), (b"fhr".as_slice(), 200), "a sent one makes room");
    drop(running.remove(0));
    assert_eq!(get("192.0.2.1").await, 200, "and so does one that was given up");
}

#[tokio::test]
async fn a_web_page_of_another_site_gets_no_seat() {
    let router = gateway_behind(&[]);
    let post = async |lines: &[(&str, &str)]| {
        let plain = Request::builder().method(Method::POST).uri(SESSIONS);
        let request = lines.iter().fold(plain, |request, (name, value)| request.header(*name, *value));
        send(&router, "127.0.0.1", request, QUICK).await.status().as_u16()
    };
    let json = ("content-type", "application/json");
    assert_eq!(post(&[json, ("host", "127.0.0.1:7777")]).await, 200);
    assert_eq!(post(&[json, ("host", "evil.example:7777")]).await, 421);
    assert_eq!(post(&[json, ("host", "127.0.0.1:7777"), ("origin", "http://evil.example")]).await, 403);
    assert_eq!(post(&[("content-type", "text/plain"), ("host", "127.0.0.1:7777")]).await, 415);
    let status = send(&router, "127.0.0.1", request(Method::GET, "/v1/status"), "").await;
    let page = to_bytes(status.into_body(), usize::MAX).await.expect("it is in memory");
    let page: Status = serde_json::from_slice(&page).expect("the status page");
    assert_eq!(page.http.requests_foreign, 3);
}

#[tokio::test]
async fn a_reserved_place_serves_only_those_who_come_back() {
    let router = gateway_behind(&[]);
    let ask = async |request: Builder, body| {
        let peer =
            Peer { address: std::net::IpAddr::from([192, 0, 2, 1]).into(), is_for_resume: true, is_readable: true };
        let service = TowerToHyperService::new(router.clone().layer(Extension(peer)));
        let response = service.call(request.body(Body::from(body)).expect("a request")).await.expect("it never fails");
        (response.status().as_u16(), response.headers().contains_key(header::RETRY_AFTER))
    };
    let resume = r#"{"name":"Ada","resume":"0123456789abcdef0123456789abcdef"}"#;
    assert_eq!(ask(request(Method::POST, SESSIONS), resume).await, (200, false));
    assert_eq!(ask(request(Method::POST, SESSIONS), QUICK).await, (503, true));
    assert_eq!(ask(request(Method::GET, "/v1/rooms"), "").await, (503, true));
    assert_eq!(
        ask(request(Method::GET, HEALTH), "").await,
        (200, false),
        "a crowded server is not taken for a broken one"
    );
}

#[tokio::test]
async fn the_live_page_is_for_this_machine_and_for_holders_of_the_token() {
    let (status, page) = get("/").await;
    assert!(status == 200 && page.contains("web/live.js"), "{status}");
    let of_stranger = send(&gateway_behind(&[]), "192.0.2.1", request(Method::GET, "/"), "").await;
    assert_eq!(of_stranger.status(), StatusCode::NOT_FOUND, "there is no token");
}

use super::*;

#[test]
fn a_server_that_is_not_there_is_named() {
    let request = SessionRequest {
        name: "ada".to_owned(),
        room: RoomRequest::Quick {},
        resume: None,
        player_secret: None,
        hello: None,
    };
    // Port 1 is reserved and closed everywhere.
    let error = request_session("127.0.0.1:1/", &request).expect_err("nobody is there");
    assert!(error.to_string().contains("http://127.0.0.1:1/v1/sessions"), "{error}");
}

#[test]
fn a_link_to_a_room_is_a_whole_address() {
    let code = "K7QX".parse().expect("a code");
    assert_eq!(room_link(" localhost:7777/ ", code), "http://localhost:7777/r/K7QX");
    assert_eq!(room_link("https://play.example.org", code), "https://play.example.org/r/K7QX");
}

#[test]
fn the_servers_own_sentence_is_passed_on() {
    let body = br#"{"error":{"code":"room_full","message":"The room is full."}}"#;
    let error = refusal("u", 409, body, Hint::None).error;
    assert_eq!((error.to_string().as_str(), error.code()), ("The room is full.", Some("room_full")));
}

#[test]
fn what_may_pass_is_told_from_what_will_not() {
    let gone = br#"{"error":{"code":"no_such_seat","message":"Your seat is gone."}}"#;
    for (status, body, is_passing) in
        [(404, &gone[..], false), (409, gone, false), (429, gone, true), (503, gone, true), (502, b"<html>", true)]
    {
        assert_eq!(refusal("u", status, body, Hint::None).error.is_passing(), is_passing, "{status}");
    }
    assert!(!read_json::<SessionGrant>("u", b"<html>").expect_err("not ours").is_passing());
    let playing = br#"{"error":{"code":"already_playing","message":"You are already playing."}}"#;
    assert!(refusal("u", 409, playing, Hint::None).error.is_passing(), "the last room may be left at this moment");
}

#[test]
fn the_servers_time_to_try_again_is_read() {
    let wait = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().expect("a value"));
        retry_after(&headers)
    };
    assert_eq!(["7", " 7 "].map(wait), [Hint::After(Duration::from_secs(7)); 2]);
    assert_eq!(["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e3"].map(wait), [Hint::None; 3]);
}

#[test]
fn an_answer_that_nobody_wants_is_not_waited_for() {
    let busy = || refusal("u", 429, b"", Hint::After(Duration::from_secs(50)));
    let mut attempts = 0;
    let outcome = with_retries::<()>(
        super::attempts(NEW_PATIENCE),
        || false,
        || {
            attempts += 1;
            Err(busy())
        },
    );
    assert_eq!((outcome, attempts), (Err(busy().error), 1));
}

#[test]
fn a_server_that_hangs_up_is_told_from_one_that_is_not_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let crowded = thread::spawn(move || drop(listener.accept()));
    let hint = |url: &str| get(&agent(url, TRY_TIME_MAX), url, 1000).expect_err("no answer").hint;
    assert_eq!(hint(&url), Hint::Cut);
    crowded.join().expect("no panic");
    assert_eq!(hint(&url), Hint::None, "nobody listens any more");
}

/// Answers requests over HTTP, one after the other, with these bodies: 200 for the last one, 503 for the others. Returns the
/// bodies of the requests.
fn serve_answers(listener: std::net::TcpListener, answers: Vec<String>) -> Vec<serde_json::Value> {
    use std::io::{BufRead, BufReader, Read, Write};
    let last = answers.len() - 1;
    let answer = |(number, answer): (usize, String)| {
        let (mut stream, _) = listener.accept().expect("a client comes");
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a head");
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let status = if number == last { "200 OK" } else { "503 Service Unavailable" };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
        stream.write_all((head + &answer).as_bytes()).expect("an answer");
        serde_json::from_slice(&body).expect("JSON")
    };
    answers.into_iter().enumerate().map(answer).collect()
}

#[test]
fn a_client_in_the_queue_asks_with_its_ticket_and_tells_its_places() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let at = |place: u32| {
        format!(
            r#"{{"error":{{"code":"server_full","message":"full"}},"queue":{{"ticket":"t{place}","place":{place},"wait_s":9,"ask_again_s":0.0}}}}"#
        )
    };
    let no_grant = "{}".to_owned();
    let server = thread::spawn(move || serve_answers(listener, vec![at(3), at(1), no_grant]));
    let request = SessionRequest {
        name: "ada".to_owned(),
        room: RoomRequest::Quick {},
        resume: None,
        player_secret: None,
        hello: None,
    };
    let mut places = Vec::new();
    let answer = request_session_in_queue(&url, &request, || true, |place| places.push(place.place));
    assert!(matches!(answer, Err(ConnectError::NotUnderstood { .. })), "the last answer is no grant: {answer:?}");
    assert_eq!(places, [3, 1]);
    let bodies = server.join().expect("no panic");
    let tickets: Vec<_> = bodies.iter().map(|body| body["ticket"].as_str()).collect();
    assert_eq!(tickets, [None, Some("t3"), Some("t1")]);
    assert!(bodies.iter().all(|body| body["name"] == "ada"));
}

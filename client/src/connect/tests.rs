use super::*;

fn request(room: RoomRequest, hello: Option<Hello>) -> String {
    let request = SessionRequest { name: "ada".to_owned(), room, resume: None, hello };
    serde_json::to_string(&request).expect("a request serialises")
}

#[test]
fn a_request_has_the_documented_form() {
    assert_eq!(request(RoomRequest::Quick {}, None), r#"{"name":"ada","room":{"quick":{}}}"#);
    let create = |practice| request(RoomRequest::Create { size: 4, private: false, practice }, None);
    assert_eq!(create(false), r#"{"name":"ada","room":{"create":{"size":4,"private":false}}}"#);
    assert_eq!(create(true), r#"{"name":"ada","room":{"create":{"size":4,"private":false,"practice":true}}}"#);
    let code: RoomCode = "k7qx".parse().expect("a code");
    assert_eq!(request(RoomRequest::Watch(code), None), r#"{"name":"ada","room":{"watch":"K7QX"}}"#);
    let code = RoomRequest::Code(code);
    let hello = Hello {
        protocol: 0xab,
        game: "arena".to_owned(),
        rules_version: 2,
        components: vec!["tick".to_owned()],
        fingerprint: 1,
    };
    assert_eq!(
        request(code, Some(hello)),
        r#"{"name":"ada","room":{"code":"K7QX"},"hello":{"protocol":"00000000000000ab","game":"arena","rules_version":2,"components":["tick"],"fingerprint":"0000000000000001"}}"#
    );
}

#[test]
fn a_lost_session_is_asked_for_with_its_secret() {
    let room = RoomRequest::Code("K7QX".parse().expect("a code"));
    let request = SessionRequest { name: "ada".to_owned(), room, resume: Some("c0ffee".to_owned()), hello: None };
    let json = serde_json::to_string(&request).expect("a request serialises");
    assert_eq!(json, r#"{"name":"ada","room":{"code":"K7QX"},"resume":"c0ffee"}"#);
    let gone = br#"{"error":{"code":"no_such_seat","message":"Your seat is gone."}}"#;
    let error = read_answer("u", 404, gone).expect_err("refused");
    assert_eq!((error.to_string().as_str(), error.is_passing()), ("Your seat is gone.", false));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let request = SessionRequest { name: "ada".to_owned(), room: RoomRequest::Quick {}, resume: None, hello: None };
    // Port 1 is reserved and closed everywhere.
    let error = request_session("127.0.0.1:1/", &request).expect_err("nobody is there");
    assert!(error.to_string().contains("http://127.0.0.1:1/v1/sessions"), "{error}");
}

#[test]
fn the_servers_own_sentence_is_passed_on() {
    let body = br#"{"error":{"code":"room_full","message":"The room is full."}}"#;
    let error = read_answer("u", 409, body).expect_err("refused");
    assert_eq!(error.to_string(), "The room is full.");
    assert!(!error.is_passing());
    assert!(read_answer("u", 503, body).expect_err("refused").is_passing());
    assert!(read_answer("u", 502, b"<html>").expect_err("a proxy").is_passing());
    assert!(!read_answer("u", 200, b"<html>").expect_err("not ours").is_passing());
}

#[test]
fn a_grant_is_read() {
    let body =
        br#"{"token":"AAEC","session":"1","resume":"r","server":"h:1","tick_rate":30,"protocol":"0","code":"K7QX"}"#;
    let grant = read_answer("u", 200, body).expect("a grant");
    assert_eq!((grant.token, grant.code.as_str(), grant.resume.as_str()), (vec![0, 1, 2], "K7QX", "r"));
    assert_eq!(grant.seat_kept, SEAT_KEPT);
    let kept = |seconds: &str| {
        let body = String::from_utf8_lossy(body).replace("\"code\"", &format!("\"grace_s\":{seconds},\"code\""));
        read_answer("u", 200, body.as_bytes()).expect("a grant").seat_kept.as_secs()
    };
    assert_eq!([kept("12.5"), kept("-3"), kept("1e300")], [12, 1, 3600]);
}

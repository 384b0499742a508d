use super::*;

#[test]
fn a_server_that_is_not_there_is_named() {
    let request = SessionRequest { name: "ada".to_owned(), room: RoomRequest::Quick {}, resume: None, hello: None };
    // Port 1 is reserved and closed everywhere.
    let error = request_session("127.0.0.1:1/", &request).expect_err("nobody is there");
    assert!(error.to_string().contains("http://127.0.0.1:1/v1/sessions"), "{error}");
}

#[test]
fn the_servers_own_sentence_is_passed_on() {
    let error = refusal("u", 409, br#"{"error":{"code":"room_full","message":"The room is full."}}"#);
    assert_eq!((error.to_string().as_str(), error.code()), ("The room is full.", Some("room_full")));
}

#[test]
fn what_may_pass_is_told_from_what_will_not() {
    let gone = br#"{"error":{"code":"no_such_seat","message":"Your seat is gone."}}"#;
    for (status, body, is_passing) in
        [(404, &gone[..], false), (409, gone, false), (429, gone, true), (503, gone, true), (502, b"<html>", true)]
    {
        assert_eq!(refusal("u", status, body).is_passing(), is_passing, "{status}");
    }
    assert!(!read_json::<SessionGrant>("u", b"<html>").expect_err("not ours").is_passing());
}

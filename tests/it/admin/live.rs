//! What the live page shows of rooms, and to whom.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::*;

/// Status and body of what a browser asks for, with this password if there is one.
fn ask(server: &Operated, password: Option<&str>, path: &str) -> (u16, Value) {
    let mut request = agent().get(format!("{}/v1/live/{path}", server.running().url()));
    if let Some(password) = password {
        let pair = BASE64_STANDARD.encode(format!("operator:{password}"));
        request = request.header("Authorization", format!("Basic {pair}"));
    }
    let mut answer = request.call().expect("an answer");
    (answer.status().as_u16(), answer.body_mut().read_json().expect("JSON"))
}

#[test]
fn everybody_on_the_machine_sees_public_rooms_and_an_operator_also_private_ones_and_cheat_signals() {
    let server = Operated::start("admin-live", QUICK);
    let (mut clients, [joined, _]) = server.pair();
    let mut host = server.client("Host", None);
    let size = Create { size: 2, private: true, practice: false };
    let private = host.join(&Up::JoinRoom(JoinRoom { create: Some(size), ..Default::default() })).code;
    start_match(&mut clients);
    let (public, hidden) = (format!("rooms/{}", joined.code), format!("rooms/{private}"));
    let token = server.token();

    let (status, room) = ask(&server, None, &public);
    assert_eq!((status, &room["private"], &room["match"].is_string()), (200, &json!(false), &true));
    for (member, name) in room["members"].as_array().expect("members").iter().zip(["Ada", "Eve"]) {
        assert_eq!((&member["name"], &member["signals"]), (&json!(name), &Value::Null));
        assert!(member["points"].is_i64(), "{member}");
    }
    assert_eq!([ask(&server, None, &hidden).0, ask(&server, None, "rooms").0], [404, 401]);
    assert_eq!(ask(&server, None, "nodes"), (200, json!({ "nodes": [] })), "it is no gateway");

    let audited = server.audit_lines();
    assert_eq!(ask(&server, Some(&token), &public).1["members"][0]["signals"]["too_fast"], json!(0));
    assert_eq!(ask(&server, Some(&token), &hidden).1["members"][0]["name"], json!("Host"));
    assert_eq!(ask(&server, Some(&token), "rooms").1["rooms"][0]["code"], json!(private));
    assert_eq!(server.audit_lines(), audited, "looking changes nothing and leaves no line");
    assert_eq!(ask(&server, Some("wrong"), &public).0, 401);
}

//! Players that an operator finds, mutes, sends away and bans; and those that report others.

use super::*;

fn say(client: &mut ThinClient, text: &str) {
    client.send(&Up::Chat { text: text.to_owned() }).expect("it is open");
}

/// The next line of chat: name and text.
fn heard(client: &mut ThinClient) -> (String, String) {
    client.wait_for("a line", |down| match down {
        Down::Chat { name, text, .. } => Some((name.clone(), text.clone())),
        _ => None,
    })
}

#[test]
fn an_operator_finds_mutes_kicks_and_bans_players_and_closes_rooms() {
    let server = Operated::start("admin-moderation", "");
    let ([mut ada, mut eve], [joined, _]) = server.pair();
    let id = server.player("eve");
    let room = server.call("room", &json!({ "room": joined.code }))["room"].clone();
    assert_eq!((&room["page"], &room["phase"]), (&json!(format!("/r/{}", joined.code)), &json!("lobby")));
    assert_eq!(room["members"].as_array().expect("members").len(), 2);
    assert_eq!(room["members"][1]["player"], json!(id));

    server.call("announce", &json!({ "text": "be nice" }));
    assert_eq!(heard(&mut eve), ("Operator".to_owned(), "be nice".to_owned()));
    let mut forger = server.client("0perator", None);
    forger.join(&by_code(&joined.code));
    assert_ne!(server.player("0perator 2"), "", "nobody looks like the operator");

    server.call("mute", &json!({ "player": id, "seconds": 60 }));
    eve.send(&Up::Message { data: vec![1].into() }).expect("it is open");
    say(&mut eve, "spam");
    assert!(refusal(&mut eve).1.contains("does not let you send messages"));
    server.call("unmute", &json!({ "player": id }));
    say(&mut eve, "sorry");
    let mut heard = Vec::new();
    ada.wait_for("the line after the announcement", |down| {
        match down {
            Down::Chat { text, .. } => heard.push(text.clone()),
            Down::Message { .. } => heard.push("a message".to_owned()),
            _ => {}
        }
        heard.iter().any(|text| text == "sorry").then_some(())
    });
    assert_eq!(heard, ["be nice", "sorry"]);

    server.call("kick", &json!({ "player": id }));
    assert_eq!(left(&mut eve).0, "removed_by_operator");
    eve.join(&by_code(&joined.code));
    server.call("ban", &json!({ "player": id, "seconds": 3600, "reason": "spam" }));
    let (code, reason) = left(&mut eve);
    assert!(code == "banned" && reason.contains("spam"), "{code} {reason}");
    // Also after a restart, by the same secret, and not only in that room.
    drop((ada, forger));
    let server = server.restarted();
    let mut eve = server.client("Somebody else", Some(SECRET));
    let quick = Up::JoinRoom(JoinRoom { quick: true, ..Default::default() });
    eve.send(&quick).expect("it is open");
    let (code, reason) = refusal(&mut eve);
    assert!(code.as_deref() == Some("banned") && reason.contains("UTC: spam"), "{reason}");
    let listed = server.call("sanctions", &json!({}))["sanctions"].clone();
    assert_eq!((&listed[0]["player"], &listed[0]["state"]), (&json!(id), &json!("active")), "{listed}");
    server.call("unban", &json!({ "player": id }));
    let joined = eve.join(&quick);
    server.call("close_room", &json!({ "room": joined.code }));
    assert_eq!(left(&mut eve).0, "closed_by_operator");

    let calls = server.audit();
    let calls: Vec<&str> = calls.iter().filter_map(|line| line["call"]["call"].as_str()).collect();
    let expected = "players room announce players mute unmute kick ban sanctions unban close_room";
    assert_eq!(calls.join(" "), expected);
}

#[test]
fn bans_of_a_script_reach_a_limit_and_one_alert_tells() {
    let server = Operated::start("admin-storm", "[admin]\nbans_per_hour_max = 3\n");
    let ([_ada, mut eve], [joined, _]) = server.pair();
    let id = server.player("eve");
    let ban = |player: &str| server.call("ban", &json!({ "player": player }))["banned"].clone();
    let states: Vec<Value> = (1..=60).map(|number: u128| ban(&format!("{number:032x}"))).collect();
    assert!(states[..3].iter().all(|state| state == "active") && states[3..].iter().all(|state| state == "review"));
    assert_eq!(ban(&id), "review");
    say(&mut eve, "I am still here");
    heard(&mut eve);
    let listed = server.call("sanctions", &json!({}))["sanctions"].clone();
    assert_eq!(listed.as_array().expect("a list").len(), 61);
    let alerts = || server.running().status().alerts;
    wait_until("it is an alert", || alerts().firing.iter().any(|alert| alert.kind == "bans_over_limit"));
    let begun = |kind: &str| {
        let alerts = alerts();
        alerts.firing.iter().chain(&alerts.recent).filter(|alert| alert.kind == kind).count()
    };
    assert_eq!(begun("bans_over_limit"), 1);
    // With a higher limit the operator confirms one of them.
    server.set("[admin]\nbans_per_hour_max = 4\n");
    server.call("reload", &json!({}));
    assert_eq!(ban(&id), "active");
    assert_eq!(left(&mut eve).0, "banned");
    drop(joined);
}

#[test]
fn a_player_reports_another_one_with_the_place_in_the_replay() {
    let server = Operated::start("admin-reports", QUICK);
    let (mut clients, [ada, eve]) = server.pair();
    let report = |secret: &str, slot: u8, text: &str| {
        let url = format!("{}/v1/reports", server.running().url());
        let body = json!({ "resume": secret, "slot": slot, "text": text });
        let mut answer = agent().post(&url).send_json(&body).expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_json::<Value>().expect("JSON"))
    };
    let (secret, slot) = (ada.resume.expect("a secret"), u8::from(eve.slot.expect("a seat")));
    assert_eq!(report(&secret, slot, "rude in the lobby").1, json!({ "report": 1 }));
    start_match(&mut clients);
    assert_eq!(report(&secret, slot, " aims\u{202e} too well ").1, json!({ "report": 2 }));
    for (secret, slot, text, status) in [
        (SECRET, slot, "a secret of nobody", 404),
        (&secret, 15, "an empty seat", 404),
        (&secret, u8::from(ada.slot.expect("a seat")), "itself", 404),
        (&secret, slot, "", 400),
    ] {
        assert_eq!(report(secret, slot, text).0, status, "{text}");
    }
    let statuses: Vec<u16> = (0..4).map(|_| report(&secret, slot, "again").0).collect();
    assert_eq!(statuses, [200, 200, 200, 409], "five in an hour");
    let reports = server.call("reports", &json!({}))["reports"].clone();
    let (first, second) = (&reports[4], &reports[3]);
    assert_eq!((&first["text"], first.get("match")), (&json!("rude in the lobby"), None));
    assert_eq!((&second["text"], &second["about"]["name"]), (&json!("aims too well"), &json!("Eve")));
    let playing = server.call("room", &json!({ "room": ada.code }))["room"]["match"].clone();
    assert_eq!(second["match"], playing);
    assert_eq!(second["replay"], json!(format!("{}.fhr", playing.as_str().expect("an id"))));
}

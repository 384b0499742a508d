use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
};

use framehouse_shared::api::AlertLevel;

use super::*;

fn notice(state: AlertState) -> Notice {
    let alert = Alert {
        kind: "tick_max".to_owned(),
        level: AlertLevel::Critical,
        state,
        message: "a tick took 80 ms & more <than> \"50\" ms".to_owned(),
        count: 7,
        since_unix_s: 1_800_000_000,
        seen_unix_s: 1_800_000_006,
    };
    Notice { number: 3, alert }
}

fn body_text(format: WebhookFormat, state: AlertState) -> String {
    let sender = Sender { server: "host-1".to_owned(), started_unix_ms: 0xabc };
    body(format, &sender, &notice(state)).to_string()
}

#[test]
fn json_has_all_fields() {
    let expected = concat!(
        r#"{"count":7,"id":"abc-3","kind":"tick_max","level":"critical","#,
        r#""message":"a tick took 80 ms & more <than> \"50\" ms","seen_unix_s":1800000006,"server":"host-1","#,
        r#""since_unix_s":1800000000,"state":"firing","version":"0.1.0"}"#,
    );
    assert_eq!(body_text(WebhookFormat::Json, AlertState::Firing), expected);
}

#[test]
fn slack_and_dingtalk_get_their_own_forms() {
    let slack = concat!(
        r#"{"text":"Framehouse on host-1: critical tick_max: "#,
        r#"a tick took 80 ms &amp; more &lt;than&gt; \"50\" ms"}"#,
    );
    assert_eq!(body_text(WebhookFormat::Slack, AlertState::Firing), slack);
    let dingtalk = concat!(
        r#"{"msgtype":"text","text":{"content":"Framehouse on host-1: resolved tick_max, seen 7 times: "#,
        r#"a tick took 80 ms & more <than> \"50\" ms"}}"#,
    );
    assert_eq!(body_text(WebhookFormat::Dingtalk, AlertState::Resolved), dingtalk);
}

#[test]
fn an_error_in_a_good_answer_of_dingtalk_is_an_error() {
    assert!(matches!(dingtalk_verdict(br#"{"errcode":0,"errmsg":"ok"}"#), Sent::Taken));
    assert!(matches!(dingtalk_verdict(br#"{"errcode":130101,"errmsg":"too fast"}"#), Sent::NotTaken(_)));
    assert!(matches!(dingtalk_verdict(b"ok"), Sent::NotTaken(_)));
}

#[test]
fn no_error_names_the_secret_of_the_url() {
    let url = WebhookUrl::from("http://127.0.0.1:1/secret");
    let sender = Sender { server: "host-1".to_owned(), started_unix_ms: 1 };
    let receiver = Receiver { agent: agent(&url), url, format: WebhookFormat::Json, sender };
    let Sent::NotTaken(why) = receiver.send(&notice(AlertState::Firing)) else { panic!("nobody is there") };
    assert!(!why.contains("secret") && !receiver.name().contains("secret"), "{why}");
    assert!(!cause(&ureq::Error::BadUri("http://x/secret".to_owned()), Duration::ZERO).contains("secret"));
}

/// Answers every request with 400.
fn refuse_all(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        let mut reader = BufReader::new(&stream);
        let head: Vec<_> = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let length =
            head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        reader.read_exact(&mut vec![0; length.unwrap_or(0)]).expect("the body follows");
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        (&stream).write_all(answer).expect("the sender waits for it");
    }
}

#[test]
fn a_receiver_that_refuses_every_notice_is_an_error_in_a_row() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/secret", listener.local_addr().expect("it is bound"));
    thread::spawn(move || refuse_all(&listener));
    let sender = Sender { server: "host-1".to_owned(), started_unix_ms: 1 };
    let streak = ErrorStreak::default();
    let url = WebhookUrl::from(url.as_str());
    let webhook = Webhook::start(url, WebhookFormat::Json, sender, streak.clone()).expect("a thread");
    for number in 1..=3 {
        webhook.push(notice(AlertState::Firing).alert);
        assert!(webhook.flush(Duration::from_secs(60)));
        assert_eq!(streak.count(), number);
    }
}
